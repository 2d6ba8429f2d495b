/*
 * One simulated world: a hub, its agents, and everything that happens to them from one seed.
 *
 * First things go wrong for a minute or two, then everything is healed and started, and all must
 * come to rest. It only makes things happen; the checks judge its history.
 */
import type { PeerKey } from '../../protocol/model.ts';
import { AgentBox } from './agent-box.ts';
import { type Chance, createChance } from './chance.ts';
import { SimClock } from './clock.ts';
import type { SimDisk } from './disk.ts';
import { drawFaults, type Fault, type FaultPlan } from './faults.ts';
import type { Ground, Plants } from './ground.ts';
import { History } from './history.ts';
import { HubBox } from './hub-box.ts';
import type { Skew } from './incarnation.ts';
import { Network } from './network.ts';
import type { Direction } from './sim-link.ts';
import { Trace } from './trace.ts';
import { drawWishes, Workload } from './workload.ts';

/** An invite lives as long as the run. */
const inviteMs = 60 * 60 * 1000;

/** What a world is made from. */
export interface WorldParts {
  readonly seed: number;
  readonly isVerbose: boolean;
  readonly plants: Plants;
}

/** Life cycle: `begin`, then the clock is stepped; `heal` when enough went wrong. */
export class World {
  readonly clock = new SimClock();
  readonly history = new History();
  readonly trace: Trace;
  readonly network: Network;
  readonly hub: HubBox;
  readonly boxes: readonly AgentBox[];
  /** So long things go wrong. */
  readonly troubleMs: number;
  readonly #chance: Chance;
  readonly #plan: FaultPlan;
  readonly #workload: Workload;
  /** When each box last had a pong of the hub's. */
  readonly #heardAt = new Map<string, number>();
  #isHealed = false;

  constructor({ seed, isVerbose, plants }: WorldParts) {
    const { clock, history } = this;
    const chance = createChance(seed);
    this.#chance = chance;
    this.trace = new Trace({ nowMs: () => clock.nowMs, isVerbose });
    const { trace } = this;
    this.network = new Network({
      ...{ clock, trace },
      chance: chance.fork(),
      arrived: (box, direction, kind) => this.#noteArrival(box, direction, kind),
    });
    const { network } = this;
    this.troubleMs = chance.between(20_000, 90_000);
    const boxCount = chance.int(1, 4);
    this.#plan = drawFaults(chance.fork(), { lengthMs: this.troubleMs, boxCount });
    const { syncMs } = this.#plan;
    const ground: Ground = {
      clock,
      history,
      trace,
      network,
      plants,
      syncMs,
      chance: chance.fork(),
    };
    this.hub = new HubBox(ground);
    this.boxes = Array.from({ length: boxCount }, (_, at) => this.#makeBox(ground, at));
    this.#workload = new Workload(ground, this.hub);
  }

  /** Starts the hub and plans everything that will happen. */
  begin(): void {
    const { clock, network } = this;
    network.weather = this.#plan.weather;
    this.hub.start();
    this.#invite();
    for (const { at, wish } of drawWishes(this.#chance.fork(), this.troubleMs)) {
      clock.at(at, () => this.#workload.make(wish));
    }
    for (const { at, fault } of this.#plan.faults) clock.at(at, () => this.#hit(fault));
  }

  /** Nothing goes wrong any more, and everything runs. */
  heal(): void {
    this.#isHealed = true;
    this.trace.note('the world is healed');
    this.network.heal();
    for (const box of [this.hub, ...this.boxes]) {
      box.disk.heal();
      box.resume();
      box.start();
    }
  }

  findBox(worker: PeerKey): AgentBox | undefined {
    return this.boxes.find((box) => box.key === worker);
  }

  /** Every second: a box that has no invite yet gets one, if there is a hub to give it. */
  #invite(): void {
    const box = this.boxes.find(({ isInvited }) => !isInvited);
    if (box === undefined) return;
    this.hub.use(`invite ${box.name}`, async (hub) => {
      const invite = await hub.invites.create({ addresses: [], rendezvous: [] }, inviteMs);
      box.join(invite.oneTimeKey);
    });
    this.clock.after(box.isInvited ? 1 : 400, () => this.#invite());
  }

  #hit(fault: Fault): void {
    if (this.#isHealed) return;
    const { network, clock, trace } = this;
    if (!('box' in fault) || fault.kind.startsWith('hub')) return this.#hitHub(fault);
    const box = this.boxes[fault.box];
    if (box === undefined) return;
    const again = (ms: number) => clock.after(ms, () => box.start());
    switch (fault.kind) {
      case 'cut':
        trace.note(`links of ${box.name} are cut`);
        return network.cut(box.name);
      case 'partition':
        trace.note(`partition of ${box.name}, ${fault.ways}, ${Math.round(fault.ms)} ms`);
        for (const way of ['to-hub', 'to-agent'] as const) {
          if (fault.ways !== 'both' && fault.ways !== way) continue;
          network.block(box.name, way, Math.min(clock.nowMs + fault.ms, this.troubleMs));
        }
        return;
      case 'agent-crash':
        box.crash();
        return void again(fault.ms);
      case 'agent-stop':
        box.stop();
        return void again(fault.ms);
      case 'agent-pause':
        box.pause();
        return void clock.after(fault.ms, () => box.resume());
      case 'agent-disk':
        trace.note(`the next ${fault.count} writes of ${box.name} fail`);
        return box.disk.failRows(fault.count);
      case 'agent-log-disk':
        trace.note(`the next ${fault.count} writes of logs of ${box.name} fail`);
        return box.disk.failLogs(fault.count);
      case 'agent-full':
        return this.#fill(box.disk, box.name, fault.ms);
      case 'agent-wipe':
        box.wipe();
        return void again(fault.ms);
      default:
        throw new Error('no such fault of an agent');
    }
  }

  #hitHub(fault: Fault): void {
    const { hub, clock, trace } = this;
    switch (fault.kind) {
      case 'hub-crash':
        hub.crash();
        return void clock.after(fault.ms, () => hub.start());
      case 'hub-stop':
        hub.stop();
        return void clock.after(fault.ms, () => hub.start());
      case 'hub-pause':
        hub.pause();
        return void clock.after(fault.ms, () => hub.resume());
      case 'hub-disk':
        trace.note(`the next ${fault.count} writes of the hub fail`);
        return hub.disk.failRows(fault.count);
      case 'hub-log-disk':
        trace.note(`the next ${fault.count} writes of logs of the hub fail`);
        return hub.disk.failLogs(fault.count);
      case 'hub-full':
        return this.#fill(hub.disk, 'the hub', fault.ms);
      default:
        throw new Error(`no fault of the hub: ${fault.kind}`);
    }
  }

  #fill(disk: SimDisk, whose: string, ms: number): void {
    const { clock, trace, history } = this;
    trace.note(`the disk of ${whose} is full for ${Math.round(ms)} ms`);
    history.count('full disks');
    history.fullBoxes.add(whose);
    disk.fill();
    clock.after(ms, () => {
      trace.note(`the disk of ${whose} has room`);
      disk.heal();
    });
  }

  #makeBox(ground: Ground, at: number): AgentBox {
    const { chance } = ground;
    const name = `A${at + 1}`;
    const skew: Skew = {
      rate: chance.happens(0.3) ? chance.between(0.9, 1.1) : 1,
      wallAheadMs: chance.happens(0.3) ? chance.between(-3_600_000, 3_600_000) : 0,
    };
    return new AgentBox(ground, {
      name,
      hub: this.hub.key,
      skew,
      slots: chance.int(1, 4),
      idleMs: chance.happens(0.3) ? chance.between(0, 15_000) : 10,
      silentMs: () => this.clock.nowMs - (this.#heardAt.get(name) ?? 0),
    });
  }

  /** Only what comes on a link that is open at its end counts as heard. */
  #noteArrival(name: string, direction: Direction, kind: string): void {
    const box = this.boxes.find((known) => known.name === name);
    if (box === undefined || kind === 'hello') return;
    const isHeard =
      direction === 'to-hub'
        ? this.hub.hub?.session(box.key)?.isLinked === true
        : !box.isPaused && box.agent?.status.link === 'linked';
    if (!isHeard) return;
    if (direction === 'to-hub') this.history.noteArrival(name, this.clock.nowMs);
    else if (kind === 'pong') this.#heardAt.set(name, this.clock.nowMs);
  }
}
