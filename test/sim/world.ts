/*
 * One simulated world: a hub, its agents, and everything that happens to them from one seed.
 *
 * First things go wrong for a minute or two, then everything is healed and started, and all must
 * come to rest. It only makes things happen; the checks judge its history.
 */
import { attemptsGivenMax } from '../../cockpit/hub/limits.ts';
import { parseInvite } from '../../protocol/invite.ts';
import type { PeerKey } from '../../protocol/model.ts';
import { AgentBox } from './agent-box.ts';
import { type Chance, createChance } from './chance.ts';
import { SimClock } from './clock.ts';

import { ControlMeter } from './control-meter.ts';
import { drawFaults, type FaultPlan, type TwinDisk } from './faults.ts';
import type { Parcel } from './frame-kind.ts';
import type { Ground, Plants } from './ground.ts';
import { History } from './history.ts';
import { HubBox } from './hub-box.ts';
import type { Skew } from './incarnation.ts';
import { Network } from './network.ts';
import { Regressions } from './regressions.ts';
import type { SimLink } from './sim-link.ts';
import { Sockets } from './sockets.ts';
import { strike } from './strike.ts';
import { Trace } from './trace.ts';
import { Wire } from './wire.ts';
import { drawWishes } from './wishes.ts';
import { Workload } from './workload.ts';

/** From a decision of an agent's to what comes of it: its row has to be on the disk. */
const decisionMsMax = 6000;

/** What a world is made from. */
export interface WorldParts {
  readonly seed: number;
  readonly isVerbose: boolean;
  readonly plants: Plants;
  /** Kinds of faults that this run has whatever its seed says. */
  readonly focus: ReadonlySet<string>;
  /** Ids of what shall happen; where absent, all that is planned does. */
  readonly only: ReadonlySet<string> | undefined;
}

/** Something that will happen: a fault, a wish, or the weather as a whole. */
export interface Planned {
  readonly id: string;
  readonly at: number;
  readonly what: string;
}

/** Invites that are asked for in haste; a hub that sleeps meanwhile makes all of them, and keeps a bounded number. */
const hastyInvitesMax = 32;

const weatherId = 'weather';
const rogueId = 'rogue';

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
  /** All that will happen. */
  readonly planned: Planned[] = [];
  readonly #chance: Chance;
  readonly #plan: FaultPlan;
  readonly #only: ReadonlySet<string> | undefined;
  readonly #wishBounds: { readonly lengthMs: number; readonly focus: ReadonlySet<string> };
  readonly #workload: Workload;
  readonly #ground: Ground;
  readonly #twins: AgentBox[] = [];
  readonly #wire: Wire;
  readonly #regressions: Regressions;
  #invitesAsked = 0;
  #isHealed = false;

  constructor({ seed, isVerbose, plants, focus, only }: WorldParts) {
    const { clock, history } = this;
    const chance = createChance(seed);
    this.#chance = chance;
    this.#wire = new Wire(history, () => clock.nowMs);
    this.#regressions = new Regressions(history);
    this.trace = new Trace({ nowMs: () => clock.nowMs, isVerbose });
    const { trace } = this;
    this.network = new Network({
      ...{ clock, trace },
      chance: chance.fork(),
      arrived: (from, parcel) => this.#noteArrival(from, parcel),
      overflowed: (from) => this.#wire.overflowed(from),
      passes: (from, parcel) => this.#notePassing(from, parcel),
    });
    const { network } = this;
    this.troubleMs = chance.between(20_000, 90_000);
    const boxCount = chance.int(1, 4);
    this.#plan = drawFaults(chance.fork(), { lengthMs: this.troubleMs, boxCount, focus });
    this.#only = only;
    this.#wishBounds = { lengthMs: this.troubleMs, focus };
    const { syncMs } = this.#plan;
    const control = new ControlMeter(history);
    const sockets = new Sockets({
      clock,
      trace,
      passes: (from, parcel) => control.leaves(from, parcel),
    });
    const ground: Ground = {
      sockets,
      isHealed: () => this.#isHealed,
      clock,
      history,
      trace,
      network,
      plants,
      syncMs,
      // Of no draw: what other seeds do stays what it was.
      attemptsGiven: seed % 7 === 3 ? 2 : attemptsGivenMax,
      work: seed % 5 === 2 || focus.has('quick') ? 'quick' : 'any',
      chance: chance.fork(),
    };
    this.#ground = ground;
    this.hub = new HubBox(ground);
    this.boxes = Array.from({ length: boxCount }, (_, at) => this.#makeBox(ground, at));
    this.#workload = new Workload(ground, this.hub);
  }

  /** Starts the hub and plans everything that will happen. */
  begin(): void {
    const { clock, network } = this;
    const { weather, faults } = this.#plan;
    if (this.#plans({ id: weatherId, at: 0, what: JSON.stringify(weather) })) {
      network.weather = weather;
    }
    if (this.#isRogueWanted) this.#plans({ id: rogueId, at: 0, what: 'A1 is a rogue' });
    this.hub.start();
    this.#invite();
    for (const planned of drawWishes(this.#chance.fork(), this.#wishBounds)) {
      if (!this.#plans({ ...planned, what: planned.wish })) continue;
      clock.at(planned.at, () => this.#workload.make(planned));
    }
    for (const { id, at, fault, chance } of faults) {
      if (!this.#plans({ id, at, what: JSON.stringify(fault) })) continue;
      clock.at(at, () => {
        if (!this.#isHealed) strike(this, fault, chance);
      });
    }
  }

  /** Is this to happen? Then it is noted as part of the plan. */
  #plans(planned: Planned): boolean {
    if (this.#only?.has(planned.id) === false) return false;
    this.planned.push(planned);
    return true;
  }

  get #isRogueWanted(): boolean {
    return this.#plan.rogue !== undefined && this.#only?.has(rogueId) !== false;
  }

  /** Nothing goes wrong any more, and everything runs. */
  heal(): void {
    this.#isHealed = true;
    this.history.healedAt = this.clock.nowMs;
    this.trace.note('the world is healed');
    this.network.heal();
    for (const twin of this.#twins) twin.wipe();
    for (const box of this.boxes) {
      // What a person does about a worker that is not served: it gets a new store.
      const isMended = this.history.isHubRestored || this.history.stains.has(box.name);
      if (isMended) box.wipe();
      box.reform();
    }
    for (const box of [this.hub, ...this.boxes]) {
      box.disk.heal();
      box.resume();
      box.start();
    }
  }

  get isHealed(): boolean {
    return this.#isHealed;
  }

  /** For a while there is a second agent with the key of this box. */
  addTwin(box: AgentBox, has: TwinDisk, ms: number): void {
    if (!box.isPaired || box.isRogue) return;
    const { clock, history, trace } = this;
    trace.note(`a second agent with the key of ${box.name} begins (${has} disk)`);
    history.count('twins');
    const name = `${box.name}-twin`;
    for (const stained of [box.name, name]) history.stain(stained, 'twin');
    const skew = { rate: 1, wallAheadMs: 0 };
    const silentMs = () => 0;
    const parts = { name, hub: this.hub.key, skew, slots: 2, idleMs: 0, silentMs };
    const twin = new AgentBox(this.#ground, { ...parts, twinOf: box.key });
    if (has === 'copy') twin.disk.restore(box.disk.copy());
    this.#twins.push(twin);
    twin.start();
    clock.after(ms, () => twin.wipe());
  }

  findBox(worker: PeerKey): AgentBox | undefined {
    return this.boxes.find((box) => box.key === worker);
  }

  /** Now and then: a box that has no good invite gets one, if there is a hub to give it. */
  #invite(): void {
    const box = this.boxes.find(({ isInvited }) => !isInvited);
    if (box !== undefined) {
      this.#invitesAsked += 1;
      this.#workload.invite((code) => box.join(parseInvite(code).oneTimeKey));
    }
    if (this.boxes.every(({ isPaired }) => isPaired)) return;
    const isHasty = box !== undefined && this.#invitesAsked < hastyInvitesMax;
    this.clock.after(isHasty ? 50 : box === undefined ? 400 : 5000, () => this.#invite());
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
      silentMs: () => this.#findSilence(name),
      isRogue: this.#isRogueWanted && this.#plan.rogue === at,
    });
  }

  /** A silence that has just ended counts too: what it led to may wait for the disk. */
  #findSilence(name: string): number {
    const answers = this.history.answered.get(name) ?? [];
    const { nowMs } = this.clock;
    const last = answers.at(-1) ?? { at: 0, sentAt: 0 };
    const silentMs = nowMs - last.sentAt;
    if (nowMs - last.at >= decisionMsMax) return silentMs;
    return Math.max(silentMs, last.at - (answers.at(-2)?.sentAt ?? 0));
  }

  /** A side that says in a hello that the link is open takes what comes on it from then on. */
  #notePassing(from: SimLink, parcel: Parcel): void {
    const isSane = from.sends === 'to-agent' || !this.history.stains.has(from.box);
    if (isSane) this.#wire.leaves(from, parcel);
    this.#regressions.leaves(from, parcel);
    if (from.sends === 'to-agent') this.#noteSaid(from, parcel);
    if (!from.isOpen) from.isOpen = parcel.isOpenHello;
  }

  #noteSaid({ peerKey }: SimLink, parcel: Parcel): void {
    const { sentTo, pairedAt } = this.history;
    const { kind } = parcel;
    // That it is revoked is all that a revoked one is told.
    const isTurnedAway = kind === 'nak' && parcel.fields.code === 'WORKER_REVOKED';
    if (!isTurnedAway) sentTo.set(peerKey, this.clock.nowMs);
    if (kind === 'paired' && !pairedAt.has(peerKey)) pairedAt.set(peerKey, this.clock.nowMs);
  }

  /**
   * Only what comes on a link that is open at its end counts as heard, and only what has sense: bytes
   * that no program of ours sent are no sign that the worker lives.
   */
  #noteArrival(from: SimLink, parcel: Parcel): void {
    const { box: name, sends, peer } = from;
    const { kind } = parcel;
    const box = this.boxes.find((known) => known.name === name);
    if (box === undefined || kind === 'hello' || kind === 'garbage' || !peer.isOpen) return;
    if (!this.history.stains.has(name)) this.#wire.arrives(from, parcel);
    this.#regressions.arrives(from, parcel);
    if (sends === 'to-hub') {
      const isHeard = this.hub.hub?.session(box.key)?.isLinked === true;
      if (isHeard) this.history.noteArrival(name, this.clock.nowMs);
    }
  }
}
