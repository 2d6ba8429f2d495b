/*
 * The hub's box: its disk, and the hub process that is started, paused, killed and started again.
 *
 * It runs the product's own `Hub`. What the feed and the desk show goes into the history. A hub
 * that ends by itself is started again, as a supervisor would; that is a violation, whatever its
 * disk does, unless it was asked to stop or could not begin on a full disk.
 */

import { emptyHubConfig, readAuditPolicy, readKeepPolicy } from '../../cockpit/home.ts';
import { runVerb, serveCockpit } from '../../cockpit/hub/control.ts';
import type { FeedEvent } from '../../cockpit/hub/feed.ts';
import { Hub } from '../../cockpit/hub/hub.ts';
import { type CommandJob, getLastAttempt, type JobRecord } from '../../cockpit/manager/job.ts';
import { serveControl } from '../../protocol/control.ts';
import type { JobId, PeerKey } from '../../protocol/model.ts';
import { MemoryArchive } from '../../store/archive-memory.ts';
import { noAnswer, noFleet } from '../kit/no-fleet.ts';
import { bareBox } from '../store/doctor/fake-box.ts';
import { type DiskCopy, SimDisk } from './disk.ts';
import type { Ground } from './ground.ts';
import { restartMs } from './ground.ts';
import { epochMs, Incarnation, type Skew } from './incarnation.ts';

/** A hub need not notice a pause shorter than this; what it heard before counts on. */
const shortPauseMs = 6500;

/** Life cycle: `start`; `crash` or `stop`; again. */
export class HubBox {
  readonly key: PeerKey;
  readonly disk: SimDisk;
  readonly #ground: Ground;
  readonly #archive = new MemoryArchive();
  readonly #audit = new MemoryArchive();
  readonly #skew: Skew = { rate: 1, wallAheadMs: 0 };
  /** When the wall clock was set, and to what, the latest first. */
  readonly #clockSteps: { readonly at: number; readonly aheadMs: number }[] = [
    { at: 0, aheadMs: 0 },
  ];
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

  /** Was the present one asked to stop? Its store may be closed before it has ended. */
  get isStopping(): boolean {
    return this.#isStopping;
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
    const skew = this.#skew;
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

  /** The wall clock of the box is set. */
  stepClock(byMs: number): void {
    const { clock, trace } = this.#ground;
    trace.note(`the clock of the hub steps by ${Math.round(byMs)} ms`);
    this.#skew.wallAheadMs += byMs;
    this.#clockSteps.unshift({ at: clock.nowMs, aheadMs: this.#skew.wallAheadMs });
  }

  /** Milliseconds of the run at which the hub's wall clock said so. */
  findTime(wallMs: number): number {
    const times = this.#clockSteps.map(({ at, aheadMs }) => ({
      at,
      is: wallMs - epochMs - aheadMs,
    }));
    return (times.find(({ at, is }) => is >= at) ?? times.at(-1))?.is ?? 0;
  }

  /** Was its wall clock set between these times of the run? */
  hasStepped(fromMs: number, toMs: number): boolean {
    return this.#clockSteps.some(({ at }) => at >= fromMs && at <= toMs);
  }

  /** Its disk is as it was when the copy was made. What was told since then is forgotten. */
  restore(copy: DiskCopy, acceptedThen: ReadonlySet<JobId>): void {
    this.crash();
    const { trace, history } = this.#ground;
    trace.note('the hub is restored from a copy');
    history.count('hub restores');
    history.isHubRestored = true;
    this.disk.restore(copy);
    for (const id of history.accepted) if (!acceptedThen.has(id)) history.accepted.delete(id);
    history.sights.length = 0;
    history.told.length = 0;
    history.readings.length = 0;
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

  /** Which start of the hub this is. */
  get life(): number {
    return this.#life;
  }

  /** May this start of the hub, or the one that followed, say that its store failed? */
  mayFail(life: number): boolean {
    return this.#isStopping || life !== this.#life || this.#hub === undefined;
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
    const { network, sockets, trace, attemptsGiven } = this.#ground;
    const { kv, guard, handNote, logs, artifacts } = await this.disk.open(owner, (line) =>
      trace.say(owner.name, line),
    );
    const hub: Hub = new Hub({
      ports: owner.ports,
      kv,
      disk: guard,
      handNote,
      logs,
      artifacts,
      keep: { policy: readKeepPolicy(emptyHubConfig), archive: this.#archive },
      audit: { policy: readAuditPolicy(emptyHubConfig), port: this.#audit },
      key: this.key,
      attemptsGiven,
      version: 'sim',
      openDoor: async ({ admits, accept }) => {
        network.openDoor({ owner, admits, accept });
        return {
          addresses: [{ host: 'hub.test', port: 1 }],
          rendezvous: [],
          answer: noAnswer,
          meetingNodeCount: () => undefined,
          hasRandomNat: () => false,
          announce: () => undefined,
          kick: (key) => network.kick(key),
          close: async () => network.closeDoor(owner),
        };
      },
      serveCockpit: (link) => {
        return serveCockpit(link, {
          hub,
          home: '/hub',
          pid: this.#life,
          box: bareBox,
          stopHub: () => undefined,
        });
      },
      ...noFleet,
      noticed: (line) => trace.say(owner.name, line),
    });
    hub.feed.follow((event) => this.#hear(owner, event));
    void hub.ended.then((failure) => this.#ended(owner, failure));
    await hub.start();
    if (owner.isDead) return;
    this.#hub = hub;
    const scene = {
      hub,
      home: '/hub',
      pid: this.#life,
      box: bareBox,
      stopHub: () => void hub.stop(),
    };
    sockets.listen(owner, (link) => serveControl(link, (call) => runVerb(scene, call)));
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
    this.#ground.sockets.kill(owner);
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
