/*
 * What changed, as sentences: for screen readers, pipes and anybody who listens instead of looking.
 * Pure.
 *
 * One sentence for each thing that changed and none for what only moved on a screen. A sentence
 * begins with what it is about, so that one who knows enough can stop listening.
 */
import type { HubNews, InboxRow, JobRow, TeamRow, WatchItem } from '../../verbs/shapes.ts';
import { describeJob, formatAge, plain } from '../../verbs/text.ts';

/** What was told so far. */
export interface Told {
  readonly team: ReadonlyMap<string, TeamRow>;
  readonly hasTeam: boolean;
  readonly jobs: ReadonlyMap<string, JobRow>;
  readonly hasJobs: boolean;
  readonly inbox: ReadonlyMap<string, InboxRow>;
  readonly hubs: ReadonlyMap<string, HubNews>;
}

/** What is new, and what has now been told. */
export interface Telling {
  readonly told: Told;
  readonly sentences: readonly string[];
}

/** Nothing told yet. */
export const nothingTold: Told = {
  team: new Map(),
  hasTeam: false,
  jobs: new Map(),
  hasJobs: false,
  inbox: new Map(),
  hubs: new Map(),
};

/** The sentences of one piece of news. */
export function tellItem(told: Told, item: WatchItem): Telling {
  switch (item.type) {
    case 'hub':
      return { told, sentences: [`Hub at ${item.hub.home}, version ${item.hub.version}.`] };
    case 'team':
      return tellTeam(told, item.team);
    case 'jobs':
      return tellJobs(told, item.jobs);
    case 'job':
      return tellJob(told, item.job);
    case 'inbox':
      return tellInbox(told, item.rows);
    case 'hubs':
      return tellHubs(told, item.hubs);
    case 'team-changed':
      // Only who asks for changes is told of them, and this asks for all.
      return { told, sentences: [] };
  }
}

/** Of several hubs each is told of when it comes and when it goes. */
function tellHubs(told: Told, rows: readonly HubNews[]): Telling {
  const hubs = new Map(rows.map((hub) => [hub.name, hub]));
  const changed = rows.filter(({ name, is }) => is !== 'coming' && told.hubs.get(name)?.is !== is);
  const sentences = changed.map(({ name, is, reason }) => {
    if (is === 'live') return `Hub ${name} is here.`;
    return `Hub ${name} is gone: ${reason} Work goes on. Trying again.`;
  });
  return { told: { ...told, hubs }, sentences };
}

function tellTeam(told: Told, rows: readonly TeamRow[]): Telling {
  const team = new Map(rows.map((worker) => [worker.name, worker]));
  const next = { ...told, team, hasTeam: true };
  if (!told.hasTeam) return { told: next, sentences: firstTeam(rows) };
  const changed = rows.flatMap((worker) => tellWorker(told.team.get(worker.name), worker));
  const gone = [...told.team.keys()].filter((name) => !team.has(name));
  return { told: next, sentences: [...changed, ...gone.map((name) => `${name} is gone.`)] };
}

function firstTeam(rows: readonly TeamRow[]): readonly string[] {
  if (rows.length === 0) return ['No worker is paired yet. Say invite to pair one.'];
  return rows.map((worker) => `${worker.name} on ${worker.host} is ${stateOf(worker)}.`);
}

function tellWorker(before: TeamRow | undefined, worker: TeamRow): readonly string[] {
  if (before === undefined) return [`${worker.name} on ${worker.host} has joined.`];
  if (before.state === worker.state) return [];
  const wasSilent = before.state === 'stale' || before.state === 'lost';
  const isSilent = worker.state === 'stale' || worker.state === 'lost';
  if (wasSilent && !isSilent) return [`${worker.name} is back, ${stateOf(worker)}.`];
  // That work begins and ends is told of the jobs.
  const isOrdinary = (row: TeamRow) => ['idle', 'working', 'new'].includes(row.state);
  if (isOrdinary(before) && isOrdinary(worker)) return [];
  return [`${worker.name} is ${stateOf(worker)}.`];
}

function stateOf({ state, lastSeenMs, jobs }: TeamRow): string {
  const heard = lastSeenMs === null ? 'never heard' : `heard ${formatAge(lastSeenMs)}`;
  if (state === 'stale' || state === 'lost') return `${state}, ${heard}`;
  return state === 'working' ? `working on ${jobs.join(' ')}` : state;
}

function tellJobs(told: Told, rows: readonly JobRow[]): Telling {
  if (told.hasJobs) return rows.reduce(tellNext, { told, sentences: [] });
  const open = rows.filter((job) => job.outcome === null);
  const jobs = new Map(rows.map((job) => [job.id, job]));
  const count = countText(open.length);
  const sentences = [count, ...open.map((job) => sentenceOf(job))];
  return { told: { ...told, jobs, hasJobs: true }, sentences };
}

function countText(count: number): string {
  if (count === 0) return 'Nothing runs and nothing waits.';
  return count === 1 ? '1 job is open.' : `${count} jobs are open.`;
}

function tellNext({ told, sentences }: Telling, job: JobRow): Telling {
  const next = tellJob(told, job);
  return { told: next.told, sentences: [...sentences, ...next.sentences] };
}

function tellJob(told: Told, job: JobRow): Telling {
  const before = told.jobs.get(job.id);
  const next = { ...told, jobs: new Map(told.jobs).set(job.id, job) };
  const isSame =
    before !== undefined &&
    before.state === job.state &&
    before.outcome === job.outcome &&
    before.attemptCount === job.attemptCount;
  return { told: next, sentences: isSame ? [] : [sentenceOf(job)] };
}

function sentenceOf(job: JobRow): string {
  return endSentence(`${job.id} ${job.title}: ${describeJob(job, plain)}`);
}

/** Words from elsewhere may be a sentence already; a reader would hear a second full stop. */
function endSentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function tellInbox(told: Told, rows: readonly InboxRow[]): Telling {
  const inbox = new Map(rows.map((row) => [row.id, row]));
  const fresh = rows.filter((row) => !told.inbox.has(row.id));
  const closed = [...told.inbox.keys()].filter((id) => !inbox.has(id));
  const sentences = [
    ...fresh.map((row) => {
      const reason = endSentence(row.reason);
      return `${row.id} needs you. ${row.question} ${reason} ${answersOf(row)}`;
    }),
    ...closed.map((id) => `${id} is decided.`),
  ];
  return { told: { ...told, inbox }, sentences };
}

function answersOf({ id, answers }: InboxRow): string {
  const ways = answers.map(({ how, does }) => `decide ${id} ${how} to ${does}`);
  return `Say ${ways.join(', or ')}.`;
}
