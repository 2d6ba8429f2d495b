/*
 * What several hubs say of themselves, as one: a watch of each, merged into the items of a single one.
 *
 * It keeps the newest rows of each hub, qualified. Those of a hub that is gone stay, its workers
 * without a link and ageing, for silence is no news of them. A hub that is slow is late with its own
 * rows and with nobody else's. Invariant: every item says all there is to say of its kind, but `job`.
 */
import type { Ports } from '../../protocol/ports.ts';
import type { HubNews, InboxRow, JobRow, TeamRow, WatchItem } from '../verbs/shapes.ts';
import type { HubStream } from './client.ts';
import type { HubMember } from './hub-member.ts';
import { memberJobsMax } from './limits.ts';
import { qualify } from './qualify.ts';

type HubItem = Extract<WatchItem, { type: 'hub' }>['hub'];

/** What one hub has said. */
interface Said {
  /** Undefined until this connection has brought its first word. */
  hub: HubItem | undefined;
  team: readonly TeamRow[];
  teamAt: number;
  /** The newest last. */
  readonly jobs: Map<string, JobRow>;
  inbox: readonly InboxRow[];
  stream: HubStream | undefined;
}

/** Takes what the one watch says. */
export type TakeWatch = (item: WatchItem) => void | Promise<void>;

/** Life cycle: `start`, `memberChanged` whenever a hub came or went, `stop`; safe to repeat. */
export class AllWatch {
  readonly #members: readonly HubMember[];
  readonly #clock: Ports['clock'];
  readonly #take: TakeWatch;
  readonly #said = new Map<HubMember, Said>();
  #isStopped = false;

  constructor(members: readonly HubMember[], clock: Ports['clock'], take: TakeWatch) {
    this.#members = members;
    this.#clock = clock;
    this.#take = take;
    for (const member of members) {
      const rows = { team: [], teamAt: 0, jobs: new Map(), inbox: [] };
      this.#said.set(member, { hub: undefined, ...rows, stream: undefined });
    }
  }

  start(): void {
    for (const member of this.#members) this.#follow(member);
    void this.#sayHubs();
  }

  memberChanged(member: HubMember): void {
    if (this.#isStopped) return;
    this.#follow(member);
    void this.#sayHubs();
    if (member.state.is === 'gone') void this.#sayTeam();
  }

  stop(): void {
    this.#isStopped = true;
    for (const { stream } of this.#said.values()) stream?.cancel();
  }

  #follow(member: HubMember): void {
    const said = this.#get(member);
    const { state } = member;
    said.hub = undefined;
    if (state.is !== 'live') {
      said.stream = undefined;
      return;
    }
    const stream = state.client.stream('watch', {}, (item) => {
      if (said.stream === stream) return this.#hear(member, item as WatchItem);
    });
    said.stream = stream;
    // A watch that ended while its connection lives would be missed for ever: it is made anew.
    const end = () => {
      if (said.stream === stream) state.client.close();
    };
    stream.done.then(end, end);
  }

  async #hear(member: HubMember, raw: WatchItem): Promise<void> {
    const said = this.#get(member);
    if (raw.type === 'hub') {
      said.hub = raw.hub;
      await this.#sayHubs();
      return this.#sayHub();
    }
    const item = qualify(raw, member.name);
    switch (item.type) {
      case 'team':
        said.team = item.team;
        said.teamAt = this.#clock.monotonicMs();
        return this.#sayTeam();
      case 'jobs':
        said.jobs.clear();
        for (const job of item.jobs.toReversed()) keepJob(said.jobs, job);
        return this.#say({ type: 'jobs', jobs: this.#all(listNewest) });
      case 'job':
        keepJob(said.jobs, item.job);
        return this.#say(item);
      case 'inbox':
        said.inbox = item.rows.map(nameQuestion);
        return this.#say({ type: 'inbox', rows: interleave(this.#lists(({ inbox }) => inbox)) });
      default:
        return undefined;
    }
  }

  /** The hub that speaks for all: the first that spoke, at all their homes. */
  #sayHub(): void | Promise<void> {
    const hubs = this.#all(({ hub }) => (hub === undefined ? [] : [hub]));
    const [first] = hubs;
    if (first === undefined) return undefined;
    return this.#say({ type: 'hub', hub: { ...first, home: `${this.#members.length} hubs` } });
  }

  #sayTeam(): void | Promise<void> {
    const now = this.#clock.monotonicMs();
    const team = this.#members.flatMap((member) => {
      const { team: rows, teamAt } = this.#get(member);
      const isLive = member.state.is === 'live';
      return rows.map((row) => ageRow(row, isLive, now - teamAt));
    });
    return this.#say({ type: 'team', team });
  }

  #sayHubs(): void | Promise<void> {
    const hubs = this.#members.map((member): HubNews => {
      const { name, state } = member;
      if (state.is === 'gone') return { name, is: 'gone', reason: state.reason };
      // A connection that says nothing may be to a hub that hangs.
      const hasSpoken = this.#get(member).hub !== undefined;
      return { name, is: hasSpoken ? 'live' : 'coming', reason: null };
    });
    return this.#say({ type: 'hubs', hubs });
  }

  #say(item: WatchItem): void | Promise<void> {
    return this.#isStopped ? undefined : this.#take(item);
  }

  #lists<T>(pick: (said: Said) => readonly T[]): readonly (readonly T[])[] {
    return this.#members.map((member) => pick(this.#get(member)));
  }

  #all<T>(pick: (said: Said) => readonly T[]): readonly T[] {
    return this.#lists(pick).flat();
  }

  #get(member: HubMember): Said {
    const said = this.#said.get(member);
    if (said === undefined) throw new Error('invariant broken: a member is one of those at start');
    return said;
  }
}

function listNewest({ jobs }: Said): readonly JobRow[] {
  return [...jobs.values()].toReversed();
}

/** The newest stay: a job that changes is put last. */
function keepJob(jobs: Map<string, JobRow>, job: JobRow): void {
  jobs.delete(job.id);
  jobs.set(job.id, job);
  const [oldest] = jobs.keys();
  if (jobs.size > memberJobsMax && oldest !== undefined) jobs.delete(oldest);
}

/** A row as old as it is; what is known through a hub that is gone is only what was known. */
function ageRow(row: TeamRow, isLive: boolean, agoMs: number): TeamRow {
  const lastSeenMs = row.lastSeenMs === null ? null : row.lastSeenMs + agoMs;
  if (isLive || row.state === 'revoked') return { ...row, lastSeenMs };
  return { ...row, lastSeenMs, link: 'none', state: row.state === 'new' ? 'new' : 'stale' };
}

/** The question names the job as the row does. */
function nameQuestion(row: InboxRow): InboxRow {
  const bare = row.job?.slice(row.job.indexOf(':') + 1);
  if (bare === undefined || row.job === null) return row;
  return { ...row, question: row.question.replaceAll(new RegExp(`\\b${bare}\\b`, 'g'), row.job) };
}

/** The first of each, then the second of each: what each hub holds for most urgent comes first. */
function interleave<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, at) =>
    lists.flatMap((list) => list.slice(at, at + 1)),
  ).flat();
}
