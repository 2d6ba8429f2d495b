/*
 * The verbs about the hub itself: status, watch, and its end.
 *
 * `watch` sends the latest state of what changed, not every step to it, so a slow follower gets
 * fewer items and never an old one.
 */
import { z } from 'zod';
import { formatFingerprint } from '../../protocol/fingerprint.ts';
import { formatAddress } from '../../protocol/transports/address.ts';
import { type DiskHealth, formatMib, isUnsound } from '../../store/disk-guard.ts';
import type { Hub } from '../hub/hub.ts';
import { makeFittingRows } from './fitting-rows.ts';
import { formatInstant, presentJob, presentTeam } from './present.ts';
import { presentInbox } from './present-inbox.ts';
import type { DiskShape, JobRow, StatusOfMany, StatusShape, WatchItem } from './shapes.ts';
import { TeamTeller } from './team-teller.ts';
import { describeJob, showTeam } from './text.ts';
import { defineVerb, type Style, type VerbContext } from './verb.ts';

/** Ended jobs that the status shows. */
const recentJobsShown = 10;

/** Jobs that run or wait which the status shows. */
const activeJobsShown = 20;

/** Jobs that a screen is given when it begins to watch. */
const watchedJobsMax = 500;

/** Changed jobs that wait for a follower who does not read; then all is told anew. A screen holds as many. */
export const waitingJobsMax = 2000;

/**
 * Decisions that a screen is told of, the most urgent ones: all of them go out at each change, in one
 * item. A worker says its reasons, and of this many the longest (24 KiB each as JSON) fit it.
 */
const watchedDecisionsMax = 250;

const noArgs = z.object({});

/** Of more jobs than one answer holds the newest are in `jobs`. */
export interface JobCount {
  /** All that have not ended; a hub of before does not say it. */
  readonly jobCount?: number;
}

/** What runs, what waits, who is there. */
export const statusVerb = defineVerb({
  name: 'status',
  summary: 'what runs, what waits, who is there',
  operands: [],
  flags: {},
  danger: 'looks',
  args: noArgs,
  async run(context): Promise<StatusShape & JobCount> {
    const { hub } = context;
    const active = hub.desk.listActive();
    const jobs = await makeFittingRows(active.toReversed(), (job) => presentJob(hub, job));
    const recent = (await hub.desk.listRecent(recentJobsShown * 2)).slice(0, recentJobsShown);
    return {
      hub: describeHub(context),
      disk: presentDisk(hub.disk.health),
      team: presentTeam(hub),
      jobs,
      jobCount: active.length,
      recent: (await presentAll(hub, recent)).filter((job) => job.outcome !== null),
    };
  },
  show: (status: (StatusShape | StatusOfMany) & JobCount, style) => showStatus(status, style),
});

/** First everything, then every change. */
export const watchVerb = defineVerb({
  name: 'watch',
  summary: 'stream the team and the jobs as they change',
  operands: [],
  flags: { changes: { help: 'of a team whose workers are the same only the rows that changed' } },
  danger: 'looks',
  args: z.object({ changes: z.boolean().default(false) }),
  async run(context, { changes }) {
    await new Watcher(context, changes ? 'changes' : 'all').run();
    return null;
  },
  show: () => '',
});

/** The end of the hub process; workers work on. */
export const stopVerb = defineVerb({
  name: 'stop',
  summary: 'stop the hub process (used by `down`)',
  operands: [],
  flags: {},
  danger: 'destroys',
  args: noArgs,
  async run({ stopHub, pid }) {
    stopHub();
    return { pid };
  },
  show: () => 'The hub is stopping.',
});

function describeHub({ hub, pid, home }: VerbContext): StatusShape['hub'] {
  const { addresses, rendezvous } = hub.door;
  const first = (list: typeof addresses) => (list[0] === undefined ? '' : formatAddress(list[0]));
  return {
    version: hub.version,
    pid,
    home,
    key: hub.key,
    startedAt: formatInstant(hub.startedAt),
    address: first(addresses),
    rendezvous: first(rendezvous),
  };
}

function presentDisk({ store, room }: DiskHealth): DiskShape {
  const fault = store.is === 'reopening' ? store : undefined;
  return {
    store: store.is,
    since: fault === undefined ? null : formatInstant(fault.since),
    code: fault?.code ?? null,
    message: fault?.message ?? null,
    freeBytes: room?.freeBytes ?? null,
    watermarkBytes: room?.watermarkBytes ?? null,
    ballast: room?.ballast ?? null,
  };
}

function presentAll(hub: Hub, jobs: Parameters<typeof presentJob>[1][]): Promise<JobRow[]> {
  return Promise.all(jobs.map((job) => presentJob(hub, job)));
}

function showStatus(status: (StatusShape | StatusOfMany) & JobCount, style: Style): string {
  const { team, jobs, recent, jobCount = jobs.length } = status;
  const line = (job: JobRow) =>
    `  ${job.id.padEnd(6)} ${describeJob(job, style)}  ${style.dim(job.title)}`;
  const hubs = 'hubs' in status ? status.hubs : [{ ...status, name: 'Wally' }];
  const lines = [
    ...hubs.flatMap(({ name, hub, disk }) => [
      `${style.strong(name)} ${hub.version}  hub ${hub.pid} on ${hub.address}  ${style.dim(hub.home)}`,
      style.dim(`its key: ${formatFingerprint(hub.key)}`),
      ...showTrouble(disk, style),
    ]),
    '',
    showTeam(team, style),
    '',
    jobCount === 0 ? 'Nothing runs and nothing waits.' : `${jobCount} jobs run or wait:`,
    ...jobs.slice(0, activeJobsShown).map(line),
  ];
  if (jobCount > activeJobsShown) lines.push(style.dim('  and older ones: wally jobs --active'));
  if (recent.length > 0) lines.push('', 'Ended lately:', ...recent.map(line));
  return lines.join('\n');
}

/** A disk that is well is not worth a line. */
function showTrouble(disk: DiskShape, style: Style): readonly string[] {
  const { store, code, message, freeBytes, watermarkBytes, since } = disk;
  if (store === 'reopening') {
    return [style.bad(`The store is opened again since ${since}: ${message} [${code}]`)];
  }
  if (freeBytes === null || watermarkBytes === null || freeBytes >= watermarkBytes) return [];
  const [free, mark] = [freeBytes, watermarkBytes].map((bytes) => formatMib(bytes));
  return [style.warn(`The disk has ${free} left; new work is refused below ${mark} [DISK_LOW]`)];
}

/** Streams to one follower: dirty marks in between, the latest state when there is room. */
class Watcher {
  readonly #context: VerbContext;
  readonly #dirtyJobs = new Map<string, Parameters<typeof presentJob>[1]>();
  #isTeamDirty = false;
  #isInboxDirty = false;
  #isWanted = true;
  /** What was sent was not all: the store could not be read then, or too much changed meanwhile. */
  #isPartial = false;
  #wake: () => void = () => undefined;
  readonly #team: TeamTeller;

  constructor(context: VerbContext, tells: 'all' | 'changes') {
    this.#context = context;
    this.#team = new TeamTeller(tells);
  }

  async run(): Promise<void> {
    const { hub, onDrop } = this.#context;
    onDrop(() => {
      this.#isWanted = false;
      this.#wake();
    });
    const unfollow = hub.feed.follow((event) => {
      if (event.type === 'job') this.#noteJob(event.job);
      else if (event.type === 'inbox') this.#isInboxDirty = true;
      else if (event.type === 'team') this.#isTeamDirty = true;
      else return;
      this.#wake();
    });
    const unfollowDisk = hub.disk.follow(() => this.#wake());
    try {
      await this.#sendAll();
      while (this.#isWanted) await this.#sendChanges();
    } finally {
      unfollow();
      unfollowDisk();
    }
  }

  /** A follower may read nothing for days; a job that has ended is nowhere else in memory. */
  #noteJob(job: Parameters<typeof presentJob>[1]): void {
    this.#dirtyJobs.set(job.id, job);
    if (this.#dirtyJobs.size <= waitingJobsMax) return;
    this.#dirtyJobs.clear();
    this.#isPartial = true;
  }

  get #isSound(): boolean {
    return this.#context.hub.disk.health.store.is === 'sound';
  }

  async #sendAll(): Promise<void> {
    const { hub } = this.#context;
    this.#isPartial = !this.#isSound;
    await this.#say({ type: 'hub', hub: describeHub(this.#context) });
    await this.#say(this.#team.tellAll(presentTeam(hub)));
    const jobs = await presentAll(hub, [...(await hub.desk.listRecent(watchedJobsMax))]);
    await this.#say({ type: 'jobs', jobs });
    await this.#sendInbox();
    this.#isPartial ||= !this.#isSound;
  }

  async #sendChanges(): Promise<void> {
    const { hub } = this.#context;
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#isPartial && this.#isSound) return this.#sendAll();
    const jobs = [...this.#dirtyJobs.values()];
    this.#dirtyJobs.clear();
    const isTeamDirty = this.#isTeamDirty;
    this.#isTeamDirty = false;
    const isInboxDirty = this.#isInboxDirty;
    this.#isInboxDirty = false;
    for (const job of jobs) await this.#sendJob(job);
    if (isTeamDirty) await this.#say(this.#team.tell(presentTeam(hub)));
    if (isInboxDirty) await this.#sendInbox();
    const isCalm = jobs.length === 0 && !isTeamDirty && !isInboxDirty;
    if (isCalm && this.#isWanted) await woken;
  }

  async #sendJob(job: Parameters<typeof presentJob>[1]): Promise<void> {
    const { hub } = this.#context;
    try {
      await this.#say({ type: 'job', job: await presentJob(hub, job) });
      // A part changes what its group shows.
      const parent =
        job.kind === 'command' && job.parent !== null ? await hub.desk.find(job.parent) : undefined;
      if (parent !== undefined)
        await this.#say({ type: 'job', job: await presentJob(hub, parent) });
    } catch (thrown) {
      if (!isUnsound(thrown)) throw thrown;
      this.#isPartial = true;
    }
  }

  async #sendInbox(): Promise<void> {
    try {
      const rows = await presentInbox(this.#context.hub, watchedDecisionsMax);
      await this.#say({ type: 'inbox', rows });
    } catch (thrown) {
      if (!isUnsound(thrown)) throw thrown;
      this.#isPartial = true;
    }
  }

  async #say(item: WatchItem): Promise<void> {
    if (!(await this.#context.item(item))) this.#isWanted = false;
  }
}
