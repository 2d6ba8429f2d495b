/*
 * The hub's box: its disk, and the hub process that is started, paused, killed and started again.
 *
 * It runs the product's own `Hub`. What the feed and the desk show goes into the history. A hub
 * that ends by itself is started again, as a supervisor would; that is a violation, whatever its
 * disk does, unless it was asked to stop or could not begin on a full disk.
 */
import type { FeedEvent } from '../../cockpit/hub/feed.ts';
import { Hub } from '../../cockpit/hub/hub.ts';
import { type CommandJob, getLastAttempt, type JobRecord } from '../../cockpit/manager/job.ts';
import { AppError } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import { SimDisk } from './disk.ts';
import type { Ground } from './ground.ts';
import { restartMs } from './ground.ts';
import { Incarnation } from './incarnation.ts';

/** Codes with which a verb may well be refused. */
const refusals = new Set<string>([
  'JOB_FINISHED',
  'JOB_UNFINISHED',
  'JOB_GROUP',
  'JOB_UNKNOWN',
  'QUEUE_FULL',
  'WORKER_REVOKED',
  'WORKER_NONE',
  'WORKER_NO_MATCH',
  'STORE_FULL',
  'STORE_REOPENING',
  'DISK_LOW',
  'DISK_FULL',
]);

/** A hub need not notice a pause shorter than this; what it heard before counts on. */
const shortPauseMs = 6500;

/** Life cycle: `start`; `crash` or `stop`; again. */
export class HubBox {
  readonly key: PeerKey;
  readonly disk: SimDisk;
  readonly #ground: Ground;
  #owner: Incarnation | undefined;
  #hub: Hub | undefined;
  #life = 0;
  #isHeld = false;
  #isStopping = false;
  #awakeSince = 0;
  #pausedAt = 0;

  constructor(ground: Ground) {
    this.#ground = ground;
    const { clock, chance, syncMs, plants } = ground;
    this.key = Buffer.from(chance.bytes(32)).toString('hex');
    const wrapKv = plants.wrapKv ?? ((kv) => kv);
    this.disk = new SimDisk({ clock, chance: chance.fork(), syncMs, wrapKv });
  }

  /** The hub that serves, if one does. */
  get hub(): Hub | undefined {
    return this.#hub;
  }

  get isUp(): boolean {
    return this.#owner !== undefined;
  }

  /** Since when the present hub has been running without a long pause. */
  get awakeSince(): number {
    return this.#awakeSince;
  }

  /** Starts a hub where none runs; one that is stopping will be followed by another. */
  start(): void {
    this.#isHeld = false;
    if (this.#owner !== undefined) return;
    const { clock, chance, trace } = this.#ground;
    this.#life += 1;
    this.#isStopping = false;
    this.#awakeSince = clock.nowMs;
    const skew = { rate: 1, wallAheadMs: 0 };
    const name = `hub#${this.#life}`;
    const owner = new Incarnation({ name, clock, chance: chance.fork(), skew });
    this.#owner = owner;
    trace.note(`${name} starts`);
    this.#boot(owner).catch((error: unknown) => this.#ended(owner, error));
  }

  /** Kills it and cuts the power; it stays down until `start`. */
  crash(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#ground.trace.note(`${owner.name} is killed`);
    this.#ground.history.count('hub crashes');
    this.#isHeld = true;
    this.#bury(owner);
  }

  /** Asks it to stop. */
  stop(): void {
    const hub = this.#hub;
    if (hub === undefined) return;
    this.#isHeld = true;
    this.#isStopping = true;
    this.#ground.history.count('hub stops');
    this.#owner?.run(() => void hub.stop());
  }

  pause(): void {
    if (this.#owner === undefined) return;
    this.#ground.trace.note(`${this.#owner.name} is paused`);
    this.#ground.history.count('hub pauses');
    if (!this.#owner.isPaused) this.#pausedAt = this.#ground.clock.nowMs;
    this.#owner.pause();
  }

  resume(): void {
    if (this.#owner?.isPaused !== true) return;
    this.#ground.trace.note(`${this.#owner.name} goes on`);
    const { clock } = this.#ground;
    if (clock.nowMs - this.#pausedAt > shortPauseMs) this.#awakeSince = clock.nowMs;
    this.#owner.resume();
  }

  /** Does something with the hub, if it serves. Refusals with a code are part of life. */
  use(what: string, act: (hub: Hub) => Promise<void>): void {
    const hub = this.#hub;
    const owner = this.#owner;
    if (hub === undefined || owner === undefined || owner.isPaused) return;
    const { trace, history } = this.#ground;
    trace.note(`M2: ${what}`);
    act(hub).catch((error: unknown) => {
      const isRefusal = error instanceof AppError && refusals.has(error.code);
      const code = error instanceof AppError ? error.code : String(error);
      trace.note(`M2: ${what}: ${code}`);
      const isClosing = code === 'STORE_IO' && this.#isStopping;
      if (isRefusal || isClosing || hub !== this.#hub) return;
      const stack = error instanceof Error ? error.stack : code;
      history.violate({ check: 'verbs are answered', message: `${what}: ${stack}` });
    });
  }

  /** Writes down how a job looks now. */
  see(job: JobRecord, by: 'feed' | 'desk'): void {
    const { clock, history } = this.#ground;
    history.sights.push({
      at: clock.nowMs,
      life: this.#life,
      by,
      job,
      awakeSince: this.#awakeSince,
    });
  }

  async #boot(owner: Incarnation): Promise<void> {
    const { network, trace } = this.#ground;
    const { kv, guard, logs } = await this.disk.open(owner, (line) => trace.say(owner.name, line));
    const hub = new Hub({
      ports: owner.ports,
      kv,
      disk: guard,
      logs,
      key: this.key,
      version: 'sim',
      openDoor: async ({ admits, accept }) => {
        network.openDoor({ owner, admits, accept });
        return {
          addresses: [{ host: 'hub.test', port: 1 }],
          rendezvous: [],
          kick: (key) => network.kick(key),
          close: async () => network.closeDoor(owner),
        };
      },
      noticed: (line) => trace.say(owner.name, line),
    });
    hub.feed.follow((event) => this.#hear(owner, event));
    void hub.ended.then((failure) => this.#ended(owner, failure));
    await hub.start();
    if (owner.isDead) return;
    this.#hub = hub;
    trace.note(`${owner.name} serves`);
    await this.#lookAround(hub);
  }

  /** What this hub knows of every job that was acknowledged by an earlier one. */
  async #lookAround(hub: Hub): Promise<void> {
    const { history } = this.#ground;
    for (const id of history.accepted) {
      const before = history.sights.length;
      const job = await hub.desk.find(id);
      // Told of meanwhile: then what was read may be older than what was told.
      const isOld = history.sights.slice(before).some((sight) => sight.job.id === id);
      if (isOld) continue;
      if (job !== undefined) this.see(job, 'desk');
      else if (hub === this.#hub) {
        const message = `${id} was acknowledged and is not there after a restart`;
        history.violate({ check: 'jobs are kept', message, about: id });
      }
    }
  }

  #hear(owner: Incarnation, event: FeedEvent): void {
    if (owner.isDead || event.type !== 'job') return;
    const { job } = event;
    this.#ground.trace.note(`hub tells ${describeJob(job)}`);
    this.see(job, 'feed');
  }

  #ended(owner: Incarnation, failure: unknown): void {
    if (owner.isDead) return;
    const { trace, history, clock, chance } = this.#ground;
    const words = failure instanceof Error ? failure.message : 'as it was asked to';
    trace.note(`${owner.name} ended: ${words}`);
    if (failure !== undefined && !this.#mayFail) {
      const message = `the hub failed: ${failure instanceof Error ? failure.stack : String(failure)}`;
      history.violate({ check: 'no program fails by itself', message });
    }
    this.#bury(owner);
    if (!this.#isHeld)
      clock.after(chance.between(restartMs.min, restartMs.max), () => this.start());
  }

  /** Whoever is stopped while the disk fails says so; who begins on a full one cannot. */
  get #mayFail(): boolean {
    return this.#isStopping || (this.disk.isFull && this.#hub === undefined);
  }

  #bury(owner: Incarnation): void {
    owner.die();
    this.#ground.network.kill(owner);
    this.disk.crash();
    this.#owner = undefined;
    this.#hub = undefined;
  }
}

function describeJob(job: JobRecord): string {
  if (job.kind === 'group') return `${job.id} group ${job.ended?.outcome ?? 'open'}`;
  return `${job.id} ${describeAttempt(job)}`;
}

function describeAttempt(job: CommandJob): string {
  const { n, state } = getLastAttempt(job);
  const end = state.is === 'finished' ? ` ${state.end.outcome} ${state.end.reason ?? ''}` : '';
  const asked = state.cancelAskedAt === undefined ? '' : ' (cancel asked)';
  return `attempt ${n} ${state.is}${end}${asked}`;
}
