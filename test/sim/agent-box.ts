/*
 * An agent's box: its disk, its processes, and the agent that is started, paused, killed, replaced.
 *
 * It runs the product's own `Agent`, first paired by the product's own pairing exchange. An agent
 * that ends by itself is started again; unless its disk was made to fail, that is a violation.
 * Processes of jobs outlive it.
 */

import { Agent } from '../../agent/agent.ts';
import { AppError } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import { askToPair } from '../../protocol/pairing.ts';
import { MemoryArchive } from '../../store/archive-memory.ts';
import { freePolicies } from '../agent/policy/policies-in-hand.ts';
import { notInstalled } from '../kit/not-installed.ts';
import { type DiskCopy, SimDisk } from './disk.ts';
import { garbageName } from './garbage.ts';
import type { Ground } from './ground.ts';
import { restartMs } from './ground.ts';
import { BoxGuards } from './guards.ts';
import { Incarnation, type Skew } from './incarnation.ts';
import { Rogue } from './rogue.ts';
import { BoxProcesses } from './workshop.ts';

/** Answers to an invite's key after which it will never be taken. */
const deadCodes = new Set(['INVITE_EXPIRED', 'INVITE_USED', 'PEER_UNKNOWN']);

/** In this part of the pairings the code is used by a second box. */
const thiefShare = 0.3;

/** What a box is made from. */
export interface AgentBoxParts {
  readonly name: string;
  readonly hub: PeerKey;
  readonly skew: Skew;
  readonly slots: number;
  /** Between pairing and the first start of the agent. */
  readonly idleMs: number;
  readonly silentMs: () => number;
  /** The key of another box, for a second agent that bears it; it need not pair. */
  readonly twinOf?: PeerKey;
  /** Its agent does as it likes, until the world is healed. */
  readonly isRogue?: boolean;
}

/** Life cycle: `join` once; then `start`; `crash`, `stop` or `wipe`; again. */
export class AgentBox {
  readonly name: string;
  readonly key: PeerKey;
  readonly disk: SimDisk;
  readonly processes: BoxProcesses;
  readonly #guards: BoxGuards;
  readonly #audit = new MemoryArchive();
  readonly #parts: AgentBoxParts;
  readonly #ground: Ground;
  #owner: Incarnation | undefined;
  #agent: Agent | undefined;
  /** An agent that does not serve yet. */
  #booting: Agent | undefined;
  #oneTimeKey: PeerKey | undefined;
  #isPaired = false;
  #isHeld = false;
  /** Since when it cannot act; undefined while it can. */
  #idleSince: number | undefined;
  #isStopping = false;
  #isRogue: boolean;
  #life = 0;

  constructor(ground: Ground, parts: AgentBoxParts) {
    this.name = parts.name;
    this.#ground = ground;
    this.#parts = parts;
    const { clock, chance, history, trace, syncMs, plants, work } = ground;
    this.key = parts.twinOf ?? Buffer.from(chance.bytes(32)).toString('hex');
    this.#isPaired = parts.twinOf !== undefined;
    this.#isRogue = parts.isRogue === true;
    const wrapKv = plants.wrapKv ?? ((kv) => kv);
    this.disk = new SimDisk({ clock, chance: chance.fork(), syncMs, wrapKv });
    const { name: box, silentMs } = parts;
    this.processes = new BoxProcesses({
      ...{ box, clock, history, trace, silentMs, work },
      chance: chance.fork(),
    });
    const { processes } = this;
    const { skew } = parts;
    this.#guards = new BoxGuards({
      ...{ box, skew, clock, history, trace, processes },
      chance: chance.name(`guards of ${box}`),
    });
  }

  get agent(): Agent | undefined {
    return this.#agent;
  }

  get isPaired(): boolean {
    return this.#isPaired;
  }

  /** Has it an invite to pair with? */
  get isInvited(): boolean {
    return this.#oneTimeKey !== undefined;
  }

  /** Uses an invite, as often as it takes; then starts the agent. */
  join(oneTimeKey: PeerKey): void {
    if (this.#oneTimeKey !== undefined) return;
    this.#oneTimeKey = oneTimeKey;
    const { clock, chance } = this.#ground;
    const skew = this.#parts.skew;
    const name = `${this.name}#join`;
    this.#owner = new Incarnation({ name, clock, chance: chance.fork(), skew });
    void this.#pair(this.#owner, oneTimeKey);
  }

  get isRogue(): boolean {
    return this.#isRogue;
  }

  get isPaused(): boolean {
    return this.#owner?.isPaused === true;
  }

  /** Starts an agent where none runs; one that is stopping will be followed by another. */
  start(): void {
    this.#isHeld = false;
    if (!this.#isPaired || this.#isRogue || this.#owner !== undefined) return;
    const { clock, chance, trace } = this.#ground;
    this.#life += 1;
    this.#isStopping = false;
    const name = `${this.name}#${this.#life}`;
    const skew = this.#parts.skew;
    const owner = new Incarnation({ name, clock, chance: chance.fork(), skew });
    this.#owner = owner;
    trace.note(`${name} starts`);
    this.#boot(owner).catch((error: unknown) => this.#ended(owner, error));
  }

  /** Kills the agent and cuts the power of its disk; its processes live on. */
  crash(): void {
    const owner = this.#owner;
    if (owner === undefined || !this.#isPaired || this.#isRogue) return;
    this.#ground.trace.note(`${owner.name} is killed`);
    this.#ground.history.count('agent crashes');
    this.#isHeld = true;
    this.#bury(owner, 'killed');
  }

  /** The box is made anew under the same key: no disk, no processes. */
  wipe(): void {
    if (!this.#isPaired || this.#isRogue) return;
    if (this.#owner !== undefined) this.crash();
    this.#ground.trace.note(`${this.name} is wiped`);
    this.#ground.history.count('agent wipes');
    this.#note('wiped');
    this.disk.wipe();
    this.#audit.files.clear();
    this.processes.killAll();
    this.#guards.killAll();
  }

  /** Its disk is as it was when the copy was made; its processes are gone. */
  restore(copy: DiskCopy): void {
    if (!this.#isPaired || this.#isRogue) return;
    if (this.#owner !== undefined) this.crash();
    this.#ground.trace.note(`${this.name} is restored from a copy`);
    this.#ground.history.count('agent restores');
    this.#note('restored');
    this.#ground.history.stain(this.name, 'restored');
    this.disk.restore(copy);
    this.processes.killAll();
    this.#guards.killAll();
  }

  /** The wall clock of the box is set. */
  stepClock(byMs: number): void {
    this.#ground.trace.note(`the clock of ${this.name} steps by ${Math.round(byMs)} ms`);
    this.#parts.skew.wallAheadMs += byMs;
  }

  /** What goes on here is decided by an honest agent from now on. */
  reform(): void {
    if (!this.#isRogue) return;
    this.#isRogue = false;
    const owner = this.#owner;
    if (owner === undefined || !this.#isPaired) return;
    owner.die();
    this.#ground.network.kill(owner);
    this.#owner = undefined;
    this.#note('wiped');
  }

  /** Asks the agent to stop. */
  stop(): void {
    const agent = this.#agent ?? this.#booting;
    const owner = this.#owner;
    if (agent === undefined || owner === undefined) return;
    this.#isHeld = true;
    this.#isStopping = true;
    this.#ground.history.count('agent stops');
    this.#ground.trace.note(`${owner.name} is stopped`);
    this.#note('stopped');
    owner.run(() => void agent.stop());
    // Some people press a key twice.
    const { clock, chance } = this.#ground;
    if (chance.happens(0.3)) clock.after(20, () => owner.run(() => void agent.stop()));
  }

  pause(): void {
    if (this.#owner === undefined) return;
    this.#ground.trace.note(`${this.#owner.name} is paused`);
    this.#ground.history.count('agent pauses');
    this.#idleSince ??= this.#ground.clock.nowMs;
    this.#owner.pause();
  }

  resume(): void {
    // Killed while it was paused, it does not act again before it is started.
    if (this.#owner === undefined) return;
    if (this.#owner.isPaused) this.#ground.trace.note(`${this.#owner.name} goes on`);
    this.#owner.resume();
    this.#noteIdle();
  }

  async #pair(owner: Incarnation, oneTimeKey: PeerKey): Promise<void> {
    const { network, trace, clock } = this.#ground;
    const { ports } = owner;
    while (!this.#isPaired) {
      try {
        const { hub } = this.#parts;
        const link = await network.dial({ owner, box: this.name, key: oneTimeKey, hub });
        const request = { key: this.key, host: `${this.name}.test` };
        const bears = await askToPair(link, request, ports.timers);
        trace.note(`${this.name} is paired as ${bears}`);
        this.#isPaired = true;
        // By a code that the hub first took after its revoke it is trusted anew: whoever has one is let in.
        const { revokedAt, pairedAt } = this.#ground.history;
        const at = revokedAt.get(this.key);
        if (at !== undefined && at < (pairedAt.get(oneTimeKey) ?? 0)) revokedAt.delete(this.key);
        const isStolen = this.#ground.chance.happens(thiefShare);
        // Where garbage said so the code was not used, and is the thief's.
        if (isStolen && bears !== garbageName) this.#thieve(oneTimeKey);
      } catch (error) {
        const code = error instanceof AppError ? error.code : String(error);
        trace.note(`${this.name} cannot pair: ${code}`);
        if (deadCodes.has(code)) return this.#giveUpInvite(owner);
        await new Promise<void>((resolve) => {
          ports.timers.after(1000, resolve);
        });
      }
    }
    owner.die();
    network.kill(owner);
    this.#owner = undefined;
    if (this.#isRogue) return this.#misbehave();
    clock.after(this.#parts.idleMs, () => this.start());
  }

  #misbehave(): void {
    const { clock, chance, network, trace, history, work } = this.#ground;
    const { skew, hub } = this.#parts;
    history.stain(this.name, 'rogue');
    const name = `${this.name}#rogue`;
    const owner = new Incarnation({ name, clock, chance: chance.fork(), skew });
    this.#owner = owner;
    const dial = () => network.dial({ owner, box: this.name, key: this.key, hub });
    void new Rogue({ ports: owner.ports, chance: chance.fork(), dial, trace, history, work }).run();
  }

  /** Somebody else read the code and uses it too, with a key of their own. */
  #thieve(oneTimeKey: PeerKey): void {
    const { clock, chance, network, history } = this.#ground;
    const { skew, hub } = this.#parts;
    const name = `${this.name}#thief`;
    const owner = new Incarnation({ name, clock, chance: chance.fork(), skew });
    const key = Buffer.from(chance.bytes(32)).toString('hex');
    const steal = async () => {
      // On a line of its own: what garbage tells it there, no hub has said.
      const link = await network.dial({ owner, box: name, key: oneTimeKey, hub });
      const bears = await askToPair(link, { key, host: 'thief.test' }, owner.ports.timers);
      // A hub that was put back to a copy does not know that the code was used.
      if (history.isHubRestored) return;
      const message = `the code that ${this.name} used let another one in as ${bears}`;
      history.violate({ check: 'an invite lets one box in', message });
    };
    clock.after(chance.between(1, 10_000), () => {
      history.count('thieves');
      // Whatever it is told, it is told no.
      steal().catch(() => undefined);
    });
  }

  /** Its code is good for nothing any more; somebody has to make another. */
  #giveUpInvite(owner: Incarnation): void {
    owner.die();
    this.#ground.network.kill(owner);
    this.#owner = undefined;
    this.#oneTimeKey = undefined;
  }

  async #boot(owner: Incarnation): Promise<void> {
    const { network, trace, plants } = this.#ground;
    const { hub, slots } = this.#parts;
    const { kv, guard, handNote, logs, artifacts } = await this.disk.open(owner, (line) =>
      trace.say(owner.name, line),
    );
    const workshop = this.processes.openWorkshop(owner);
    const agent = new Agent({
      ports: owner.ports,
      kv,
      disk: guard,
      handNote,
      logs,
      artifacts,
      audit: { policy: { keepMs: 1e12, bytesMax: 1e12 }, port: this.#audit },
      guards: this.#guards.openSource(owner),
      workshop: plants.wrapWorkshop?.(workshop) ?? workshop,
      dial: () => network.dial({ owner, box: this.name, key: this.key, hub }),
      hub,
      host: `${this.name}.test`,
      version: 'sim',
      slots,
      policies: freePolicies,
      reachTold: () => undefined,
      noticed: (line) => trace.say(owner.name, line),
      diagnose: async () => ({ findings: [], fixed: [] }),
      installed: notInstalled,
    });
    void agent.ended.then((failure) => this.#ended(owner, failure));
    this.#booting = agent;
    await agent.start();
    if (owner.isDead) return;
    this.#booting = undefined;
    this.#agent = agent;
    this.#noteIdle();
    trace.note(`${owner.name} serves`);
  }

  #ended(owner: Incarnation, failure: unknown): void {
    if (owner.isDead) return;
    const { trace, history, clock, chance } = this.#ground;
    const words = failure instanceof Error ? failure.message : 'as it was asked to';
    trace.note(`${owner.name} ended: ${words}`);
    if (failure !== undefined && !this.#mayFail) {
      const stack = failure instanceof Error ? failure.stack : String(failure);
      history.violate({ check: 'no program fails by itself', message: `${this.name}: ${stack}` });
    }
    this.#bury(owner, 'ended');
    if (!this.#isHeld)
      clock.after(chance.between(restartMs.min, restartMs.max), () => this.start());
  }

  /** Whoever is stopped while the disk fails says so; who begins on a full one cannot. */
  get #mayFail(): boolean {
    return this.#isStopping || (this.disk.isFull && this.#agent === undefined);
  }

  #bury(owner: Incarnation, how: string): void {
    owner.die();
    this.#guards.agentGone(owner);
    this.#ground.network.kill(owner);
    this.disk.crash();
    this.#owner = undefined;
    this.#agent = undefined;
    this.#booting = undefined;
    this.#note(how);
  }

  /** It acts again, unless it is one that followed and does not serve yet. */
  #noteIdle(): void {
    const { clock, history } = this.#ground;
    if (this.#idleSince === undefined || this.isPaused || this.#agent === undefined) return;
    history.idle.push({ box: this.name, at: this.#idleSince, until: clock.nowMs });
    this.#idleSince = undefined;
  }

  #note(how: string): void {
    const { clock, history } = this.#ground;
    this.#idleSince ??= clock.nowMs;
    history.agentEnds.push({ box: this.name, at: clock.nowMs, how });
  }
}
