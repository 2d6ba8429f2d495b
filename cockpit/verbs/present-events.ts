/*
 * Events of the journal as people read them: who did what, to which job, and who waited on whom.
 *
 * The words are made here for every surface. What was waited for is read from the job's own receipts and
 * from the decision, so it is as true as they are; a job that was forgotten has neither title nor waits.
 */
import type { JobId, ReceiptTimes } from '../../protocol/model.ts';
import type { JournalEvent } from '../../store/journal.ts';
import { decisionKey } from '../../store/keys.ts';
import { findRow } from '../../store/row-codec.ts';
import type { Hub } from '../hub/hub.ts';
import { decisionRowSchema } from '../manager/decision.ts';
import { findAttempt, type JobRecord, splitAttemptId } from '../manager/job.ts';
import { formatInstant } from './present.ts';
import type { EventRow } from './shapes.ts';

/** Events as they are shown, in their order. */
export async function presentEvents(
  hub: Hub,
  events: readonly JournalEvent[],
): Promise<readonly EventRow[]> {
  const jobs = new Map<JobId, Promise<JobRecord | undefined>>();
  const find = (id: JobId) => {
    const known = jobs.get(id) ?? hub.desk.find(id);
    jobs.set(id, known);
    return known;
  };
  return Promise.all(events.map((event) => presentEvent(hub, event, find)));
}

/** The job that an event is about, by itself or by its attempt. */
export function findEventJob({ job, attempt }: JournalEvent): JobId | undefined {
  return job ?? (attempt === undefined ? undefined : splitAttemptId(attempt).job);
}

async function presentEvent(
  hub: Hub,
  event: JournalEvent,
  find: (id: JobId) => Promise<JobRecord | undefined>,
): Promise<EventRow> {
  const { seq, kind, at, attempt, note } = event;
  const id = findEventJob(event);
  const job = id === undefined ? undefined : await find(id);
  const record = event.worker === undefined ? undefined : hub.workers.find(event.worker);
  const worker = record?.name ?? event.worker?.slice(0, 8);
  const wait = await findWait(hub, event, { job, worker });
  return {
    seq,
    at: formatInstant(at),
    kind,
    text: describe(kind, {
      work: attempt ?? id ?? '',
      who: worker ?? 'its worker',
      note: note ?? '',
    }),
    job: id ?? null,
    title: job?.title ?? null,
    attempt: attempt ?? null,
    worker: worker ?? null,
    note: note ?? null,
    waited: wait ?? null,
  };
}

interface Words {
  readonly work: string;
  readonly who: string;
  readonly note: string;
}

/** What each kind of event says. A kind of a newer hub is shown by its name. */
const sentences: Readonly<Record<string, (words: Words) => string>> = {
  'job-dispatched': ({ work, who }) => `${work} was dispatched to ${who}`,
  'group-dispatched': ({ work, note }) => `${work} was dispatched in ${note}`,
  'job-retried': ({ work, who }) => `${work} was tried again, on ${who}`,
  'group-retry-asked': ({ work }) => `a part of ${work} is tried again`,
  'group-finished': ({ work, note }) => `${work} is over: ${note}`,
  'cancel-asked': ({ work }) => `you asked ${work} to end`,
  'attempt-queued': ({ work, who }) => `${work} waits for ${who}`,
  'attempt-sent': ({ work, who }) => `${work} left for ${who}`,
  'attempt-accepted': ({ work, who }) => `${who} took ${work}`,
  'attempt-started': ({ work, who }) => `${who} began ${work}`,
  'attempt-finished': ({ work, who, note }) => `${work} on ${who} ended: ${note}`,
  'attempt-given-up': ({ work, who }) => `${work} on ${who} was given up`,
  'attempt-returned': ({ work, who }) => `${work} came back with ${who}`,
  'attempt-replaced': ({ work, who }) => `${work} on ${who} takes its place`,
  'report-late': ({ work, who, note }) => `${who} reported ${work} too late: ${note}`,
  'tree-cleared': ({ work, who }) => `what ${work} left on ${who} was removed`,
  'decision-opened': ({ work, note }) => `${note} asks you${work === '' ? '' : ` about ${work}`}`,
  'decision-closed': ({ note }) => describeAnswer(note),
  'inbox-full': ({ work }) => `the inbox is full; nobody is asked about ${work || 'it'}`,
  'worker-paired': ({ who }) => `${who} was paired`,
  'worker-installed': ({ who, note }) => `${who} was installed: ${note}`,
  'install-failed': ({ note }) => `an install failed: ${note}`,
  'worker-renamed': ({ note }) => `a worker is called ${note} now`,
  'worker-revoked': ({ who }) => `${who} is not trusted any more`,
  'worker-draining': ({ who, note }) => `${who} starts nothing new: ${note}`,
  'worker-serving': ({ who }) => `${who} takes work again`,
  'worker-upgraded': ({ who, note }) => `${who} went from ${note}`,
  'upgrade-rolled-back': ({ who, note }) => `${who} went back from ${note}`,
  'worker-left': ({ who, note }) => `${who} left: ${note}`,
  'worker-store-lost': ({ who }) => `${who} came with another store than this hub knew it by`,
  'box-placed': ({ who, note }) => `${who} is reached over ssh as ${note}`,
  'link-direct': ({ who, note }) => `${who} is linked directly: ${note}`,
  'link-relayed': ({ who, note }) => `${who} is linked through a relay: ${note}`,
  'link-ssh': ({ who, note }) => `${who} is linked over ssh: ${note}`,
  'link-blocked': ({ who, note }) => `${who} can't be reached: ${note}`,
  'box-asked': ({ note }) => aboutBox(note, (name, from) => `a box ${name} of ${from} is wanted`),
  'box-claimed': ({ note }) => aboutBox(note, (name) => `${name} was taken from the pool`),
  'box-made': ({ note }) => aboutBox(note, (name, from, id) => `${from} made ${name}: ${id}`),
  'box-ready': ({ note }) => aboutBox(note, (name) => `the box ${name} is ready`),
  'box-kept': ({ note }) =>
    aboutBox(note, (name, _, why) => `the box ${name} is past its time and stays: ${why}`),
  'box-stuck': ({ note }) => aboutBox(note, (name, _, why) => `the box ${name} is stuck: ${why}`),
  'box-leaving': ({ note }) => aboutBox(note, (name, _, why) => `the box ${name} goes: ${why}`),
  'box-released': ({ note }) => aboutBox(note, (name, _, why) => `the box ${name} is gone: ${why}`),
  'box-failed': ({ note }) => aboutBox(note, (name, _, why) => `no box ${name} came up: ${why}`),
  'box-vanished': ({ note }) =>
    aboutBox(note, (name, _, why) => `the box ${name} vanished: ${why}`),
  'cockpit-paired': ({ note }) => `the cockpit ${note} was paired`,
  'cockpit-revoked': ({ note }) => `the cockpit ${note} is not trusted any more`,
  'terminal-opened': ({ who }) => `you opened a terminal on ${who}`,
  'terminal-closed': ({ who, note }) => `your terminal on ${who} ended ${note}`,
  'message-quarantined': ({ who, note }) => `a message of ${who} was set aside: ${note}`,
  'inventory-quarantined': ({ who, note }) => `what ${who} says it holds was set aside: ${note}`,
  'reconcile-report-awaited': ({ work, who }) => `${who} has ended ${work}; its report is awaited`,
  'reconcile-worker-forgot': ({ work, who }) => `${who} does not know ${work} any more`,
  'reconcile-ended-cancelled': ({ work, who, note }) =>
    `${who} still ${describeHold(note)} ${work} and was told to end it`,
  'reconcile-lost-gone': ({ work, who }) => `${who} knows nothing of ${work}`,
  'reconcile-unknown-cancelled': ({ work, who, note }) =>
    `${who} ${describeHold(note)} ${work}, which this hub does not know, and was told to end it`,
  'reconcile-unknown-report': ({ work, who }) =>
    `${who} has ended ${work}, which this hub does not know`,
};

/** The kinds of which people are told in words. */
export const eventKinds: readonly string[] = Object.keys(sentences);

function describe(kind: string, words: Words): string {
  const say = sentences[kind];
  if (say !== undefined) return say(words);
  return [kind, words.work, words.note].filter((word) => word !== '').join(' ');
}

/** The note of an event about a box: its name, its provider, and the rest. */
function aboutBox(
  note: string,
  say: (name: string, provider: string, rest: string) => string,
): string {
  const [name = '', provider = '', ...rest] = note.split(' ');
  return say(name, provider, rest.join(' '));
}

/** What its worker did with an attempt, by the state that it named: one that waits there has not run. */
function describeHold(state: string): string {
  return state === 'running' ? 'ran' : 'held';
}

function describeAnswer(note: string): string {
  const [id = '', as = ''] = note.split(' ');
  const done = { approve: 'approved', reject: 'rejected', answer: 'answered' }[as];
  return done === undefined ? `${id} needs no answer any more` : `you ${done} ${id}`;
}

/** Who waited on whom until this event, and how long. */
async function findWait(
  hub: Hub,
  event: JournalEvent,
  { job, worker }: { readonly job: JobRecord | undefined; readonly worker: string | undefined },
): Promise<EventRow['waited'] | undefined> {
  if (event.kind === 'decision-closed') return findAnswerWait(hub, event);
  if (job?.kind !== 'command' || event.attempt === undefined) return undefined;
  const attempt = findAttempt(job, splitAttemptId(event.attempt).n);
  if (attempt === undefined) return undefined;
  return findWorkerWait(event.kind, attempt.state.times, worker ?? 'its worker');
}

/** A worker may tell of several steps in one report, so each step has the longest wait of those up to it. */
function findWorkerWait(
  kind: string,
  { queuedAt, sentAt, acceptedAt, startedAt, finishedAt }: ReceiptTimes,
  on: string,
): EventRow['waited'] | undefined {
  const left = span({ from: queuedAt, to: sentAt, on, why: `a link to ${on}` });
  const taken = span({ from: queuedAt, to: acceptedAt, on, why: `${on} to take it` });
  const begun = span({ from: acceptedAt, to: startedAt, on, why: `a free place on ${on}` });
  const wasQuick = (finishedAt ?? 0) - (startedAt ?? 0) < toldAtOnceMs;
  switch (kind) {
    case 'attempt-sent':
      return left;
    case 'attempt-accepted':
      return taken;
    case 'attempt-started':
      return longest(taken, begun);
    case 'attempt-finished':
      return wasQuick ? longest(taken, begun) : undefined;
    default:
      return undefined;
  }
}

/** Work that ends within this time may be told of in one report; longer work has told of its start. */
const toldAtOnceMs = 5000;

function longest(
  ...waits: readonly (EventRow['waited'] | undefined)[]
): EventRow['waited'] | undefined {
  const known = waits.filter((wait) => wait !== undefined && wait !== null);
  return known.toSorted((a, b) => b.ms - a.ms)[0];
}

async function findAnswerWait(
  { kv }: Hub,
  { note = '', at }: JournalEvent,
): Promise<EventRow['waited'] | undefined> {
  const parts = /^D([1-9]\d*) (?!moot)/.exec(note);
  if (parts === null) return undefined;
  const decision = await findRow(kv, decisionKey(Number(parts[1])), decisionRowSchema);
  return span({ from: decision?.openedAt, to: at, on: 'you', why: 'your word' });
}

/** Clocks of two boxes may make a wait look negative: then there was hardly any. */
function span(wait: {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly on: string;
  readonly why: string;
}): EventRow['waited'] | undefined {
  const { from, to, on, why } = wait;
  return from === undefined || to === undefined
    ? undefined
    : { on, why, ms: Math.max(0, to - from) };
}
