/*
 * The agent: one process on a box, from its store to its link, with everything it runs.
 *
 * It composes the desk, the session with the hub and the loops, and owns their life. All of the
 * world comes in through `AgentParts`, so the simulator runs this very class. Invariants: the store
 * has one owner; what an earlier process left running is settled before anything new starts.
 */
import { type AppError, wrapError } from '../protocol/errors.ts';
import type { HelloFrame, OwnerFrame } from '../protocol/frames.ts';
import type { LeaseInstant } from '../protocol/machines/renewal.ts';
import type { AttemptId, Capabilities } from '../protocol/model.ts';
import { sleep } from '../protocol/ports.ts';
import { Session } from '../protocol/session.ts';
import type { SessionHost, StreamMarks } from '../protocol/session-host.ts';
import type { Link } from '../protocol/transports/link.ts';
import type { AuditTrail } from '../store/audit-trail.ts';
import { Committer } from '../store/committer.ts';
import { findLowDisk } from '../store/disk-guard.ts';
import { closeStore, openStore, type StoreIdentity } from '../store/format.ts';
import { openInHand } from '../store/in-hand.ts';
import { Intake } from '../store/intake.ts';
import { storeCloseMsMax } from '../store/limits.ts';
import { openPeerStreams, type PeerStreams, type StreamRow } from '../store/peer-streams.ts';
import type { AgentParts, AgentStatus } from './agent-parts.ts';
import { describeStatus, isRefusal } from './agent-status.ts';
import { answerTree } from './answer-tree.ts';
import { type HeldAttempt, type HeldRows, openHeldRows, sortHeld } from './attempts.ts';
import { Desk } from './desk.ts';
import type { OwnFacts } from './doctor/agent-round.ts';
import { answerDoctor } from './doctor/answer.ts';
import { endWork } from './end-work.ts';
import { type HubAsks, openHubAsks } from './hub-asks.ts';
import { HubClock } from './hub-clock.ts';
import { planHubStore, readHubStore } from './hub-store.ts';
import { findStreams, takeCommands } from './hub-streams.ts';
import { Leavings } from './leavings.ts';
import { type LifeEffect, type LifeEvent, type LifeState, stepLife } from './life-machine.ts';
import { slotsPerCpuDefault } from './limits.ts';
import { LoadTeller } from './load-teller.ts';
import { KeepLink } from './loops/keep-link.ts';
import { Parting } from './parting.ts';
import { PolicyTeller } from './policy/policy-teller.ts';
import { settle } from './settle.ts';
import { Terminals } from './terminals.ts';
import { Waker } from './waker.ts';
import { Working } from './working.ts';

/** How the marks of terminals begin, where those of attempts have an id. */
const terminalMark = 'terminal-';

/** Life cycle: `start`, then `stop`; both safe to repeat. `ended` resolves when it is over. */
export class Agent implements SessionHost {
  readonly #parts: AgentParts;
  #life: LifeState = { is: 'starting' };
  #identity!: StoreIdentity;
  #capabilities!: Capabilities;
  #rows!: HeldRows;
  #committer!: Committer;
  #asks!: HubAsks;
  #desk!: Desk;
  #intake!: Intake;
  #session!: Session;
  #keepLink!: KeepLink;
  #working!: Working;
  #leavings!: Leavings;
  #terminals!: Terminals;
  #policyTeller!: PolicyTeller;
  #name: string | null = null;
  #barrier = Number.POSITIVE_INFINITY;
  readonly #hubClock: HubClock;
  #trouble: AppError['code'] | null = null;
  #resolveEnded!: (failure: AppError | undefined) => void;
  #failure: AppError | undefined;
  readonly #waker: Waker;
  #parting!: Parting;
  #keepsWaiting = false;
  /** Resolves when the agent has stopped, with the failure that ended it if one did. */
  readonly ended: Promise<AppError | undefined>;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#hubClock = new HubClock(parts.ports.clock);
    this.#waker = new Waker(parts.ports.timers, () => {
      this.#working.wake();
      this.#leavings.wake();
      this.#parting.changed();
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** Opens the store, settles what an earlier process left, and begins to dial. Errors: STORE_*. */
  async start(): Promise<void> {
    const { kv, disk, ports, workshop } = this.#parts;
    void disk.damaged.then((error) => this.#fail(error));
    this.#identity = await openStore(kv, ports.random);
    this.#rows = await openHeldRows(kv);
    this.#capabilities = await workshop.probe();
    this.#asks = await openHubAsks(this.#parts, this.#identity, () => this.#committer);
    this.#committer = new Committer({
      kv,
      ports,
      seal: () => [...this.#rows.seal(), ...this.#asks.trail.seal()],
      onFailure: (error) => this.#fail(error),
    });
    const hubStore = await readHubStore(kv);
    const streams = hubStore === null ? undefined : await this.#openStreams(hubStore);
    const inHand = await openInHand(this.#parts, this.#identity);
    this.#intake = new Intake({ kv, peer: this.#parts.hub, streams, inHand });
    this.#compose(streams, hubStore);
    await settle({
      ...{ ...this.#parts, desk: this.#desk },
      mark: (attempt) => this.#mark(attempt),
      logEnd: (attempt, end) => this.#leavings.noteLogEnd(attempt, end),
    });
    // Those that a crash left; what was stopped left none.
    if (this.#identity.isAfterCrash) await workshop.reapShells(this.#mark(terminalMark));
    disk.follow(() => this.#waker.soon());
    this.#asks.trail.start();
    this.#live({ type: 'ready' });
  }

  /**
   * Ends what runs, delivers what it can, closes. Work that waits is ended with it, or kept for the next start.
   * Safe to repeat; resolves when it is over.
   */
  async stop(waiting: 'end-waiting' | 'keep-waiting' = 'end-waiting'): Promise<void> {
    if (waiting === 'keep-waiting') this.#keepsWaiting = true;
    this.#live({ type: 'stop' });
    await this.ended;
  }

  /** Takes a link that the hub opened; before `askedAt` the hub did not greet on it. */
  takeLink(link: Link, askedAt: LeaseInstant): void {
    void this.#session.attach(link, askedAt);
  }

  get status(): AgentStatus {
    return describeStatus({
      ...{ life: this.#life.is, name: this.#name, parts: this.#parts, desk: this.#desk },
      ...{ keepLink: this.#keepLink, working: this.#working, leavings: this.#leavings },
      ...{ terminals: this.#terminals, parting: this.#parting, trouble: this.#trouble },
    });
  }

  get parting(): Parting {
    return this.#parting;
  }

  get audit(): AuditTrail {
    return this.#asks.trail;
  }

  /** For those who look. */
  get live(): OwnFacts {
    const { storeId } = this.#identity;
    const { kv, disk } = this.#parts;
    const held = this.#desk.inventory();
    const [way, guard] = [this.#keepLink.way, this.#working.guard.health];
    const { trail } = this.#asks;
    return { kv, health: disk.health, storeId, held, trouble: this.#trouble, guard, way, trail };
  }

  // The session's host.

  describe(): ReturnType<SessionHost['describe']> {
    return {
      ...this.#parting.describe(),
      host: this.#parts.host,
      capabilities: { ...this.#capabilities, has: [...this.#capabilities.has] },
      inventory: this.#desk.inventory(),
    };
  }

  async adopt(hubStore: string): Promise<StreamMarks> {
    const streams = await this.#openStreams(hubStore);
    return (await this.#desk.adopt(streams, [planHubStore(hubStore)])).counts;
  }

  readOutbox(hubStore: string, after: number, countMax: number): Promise<readonly StreamRow[]> {
    return findStreams(this.#desk, hubStore)?.read(after, countMax) ?? Promise.resolve([]);
  }

  apply(hubStore: string, rows: readonly StreamRow[]): Promise<void> {
    const failed = (error: unknown) => this.#fail(error);
    return takeCommands({ intake: this.#intake, desk: this.#desk, failed }, hubStore, rows);
  }

  acked(hubStore: string, through: number): void {
    if (findStreams(this.#desk, hubStore) !== undefined) this.#desk.acked(through);
    this.#leavings.wake();
  }

  sent(): void {
    // What was handed to a link proves nothing; the hub's ack does.
  }

  renewed(): void {
    this.#trouble = null;
    this.#working.renewed();
  }

  countQueued(): undefined {
    // The hub holds no lease of this agent's.
  }

  timeTold(wallMs: number, askedAt: LeaseInstant): void {
    this.#hubClock.noteTold(wallMs, askedAt);
  }

  opened(hello: HelloFrame): void {
    this.#name = hello.name ?? this.#name;
    this.#barrier = hello.queued;
    this.#desk.noteHub(hello);
    this.#keepLink.opened();
    if (hello.reach !== undefined) this.#parts.reachTold(hello.reach);
    // What a crash kept of attempts whose reports were acknowledged before it.
    this.#desk.acked(this.#desk.streams?.counts.acked ?? 0);
    this.#leavings.linked();
    this.#terminals.linked(hello);
    this.#policyTeller.linked();
    this.#waker.soon();
  }

  frame(frame: OwnerFrame): void {
    if (frame.t === 'nak' && isRefusal(frame.code)) this.trouble(frame.code);
    if (frame.t === 'ended-kept') this.#desk.endsKept(frame.attempts);
    this.#asks.asked(frame);
    this.#leavings.take(frame);
    this.#terminals.take(frame);
    const send = (answer: OwnerFrame) => this.#session.sendFrame(this.#asks.answered(answer));
    if (frame.t === 'tree-ask') void answerTree(frame, { ...this.#parts, desk: this.#desk, send });
    this.#parting.take(frame);
    if (frame.t === 'doctor-ask') void answerDoctor(frame, { ...this.#parts, send });
  }

  presence(): void {
    // The hub's silence is measured where it matters, in `watch-work`.
  }

  drained(): void {
    this.#leavings.drained();
    this.#terminals.drained();
  }

  closed(reason: string): void {
    this.#parts.noticed(`link closed: ${reason}`);
    this.#parting.unlinked();
    this.#desk.unlinked();
    this.#leavings.unlinked();
    this.#terminals.unlinked();
    this.#keepLink.closed();
    this.#waker.soon();
  }

  trouble(code: AppError['code']): void {
    this.#trouble = code;
    // What a disk that was put back says is still to be done may be done long since, or be wanted by nobody.
    if (code === 'PEER_REGRESSED') this.#barrier = Number.POSITIVE_INFINITY;
    this.#parts.noticed(`the hub cannot be served: ${code}`);
  }

  #compose(streams: PeerStreams | undefined, hubStore: string | null): void {
    const held = sortHeld(this.#rows.list());
    const { ports, disk, hub, version, policies } = this.#parts;
    const failed = (error: unknown) => this.#fail(error);
    const { storeId: store, incarnation } = this.#identity;
    this.#desk = new Desk({
      ...{ committer: this.#committer, rows: this.#rows, ports, hub, held, streams },
      mark: (attempt) => this.#mark(attempt),
      noteTaken: (command) => this.#asks.taken(command),
      findRefusal: (spec) =>
        this.#parting.findRefusal() ?? findLowDisk(disk) ?? policies.findSpecRefusal(spec),
      outlet: {
        send: (frame) => this.#session.sendFrame(frame),
        queued: (store, rows) => this.#session.queued(store, rows),
        endProcess: (attempt) => this.#working.run.end(attempt),
        taken: () => this.#working.run.wake(),
        changed: () => this.#waker.once(),
        logEnd: (attempt) => this.#leavings.logEnd(attempt),
        artifacts: (attempt) => this.#leavings.artifacts(attempt),
        owesArtifacts: (attempt) => this.#leavings.owesArtifacts(attempt),
        forgotten: (attempt) => void this.#leavings.forget(attempt),
        quarantined: (seq, code) =>
          this.#parts.noticed(`message ${seq} of the hub was quarantined: ${code}`),
      },
    });
    this.#session = new Session({
      ...{ host: this, ports, knownStore: hubStore },
      identity: { role: 'agent', version, store, incarnation },
      load: new LoadTeller({ ...this.#parts, telling: () => this.#policyTeller.look() }),
      marks: streams?.counts ?? { acked: 0, queued: 0, received: 0 },
    });
    this.#composeLoops(held, failed);
  }

  #composeLoops(held: readonly HeldAttempt[], failed: (error: unknown) => void): void {
    const { ports, slots, dial } = this.#parts;
    this.#keepLink = new KeepLink({ session: this.#session, dial, ports });
    this.#leavings = new Leavings({
      ...{ ...this.#parts, desk: this.#desk, held, failed },
      send: (frame) => this.#session.sendFrame(frame),
      caughtUp: () => this.#waker.once(),
    });
    const send = (frame: OwnerFrame) => this.#session.sendFrame(frame);
    this.#policyTeller = new PolicyTeller({ policies: this.#parts.policies, send });
    this.#terminals = new Terminals({
      ...this.#parts,
      send: (frame) => send(this.#asks.answered(frame)),
      mark: (id) => this.#mark(`${terminalMark}${id}`),
      isHeld: () => this.#parting.drain.why !== null,
      changed: () => this.#parting.changed(),
    });
    this.#parting = new Parting({
      ...{ ...this.#parts, desk: this.#desk, terminals: this.#terminals, leavings: this.#leavings },
      send: (frame) => this.#session.sendFrame(frame),
      resumed: () => this.#waker.soon(),
    });
    this.#working = new Working({
      ...{ ...this.#parts, desk: this.#desk, hubClock: this.#hubClock, leavings: this.#leavings },
      slots: slots ?? Math.max(1, this.#capabilities.cpus * slotsPerCpuDefault),
      renewedAt: () => this.#session.renewedAt,
      mark: (attempt) => this.#mark(attempt),
      // By the desk's mark, which moves as commands are taken: what starts then is in their batch, or
      // in a later one. The session's moves after the batch, and nobody wakes for that.
      mayStart: () =>
        this.#life.is === 'serving' &&
        this.#parting.drain.why === null &&
        !this.#leavings.isBehind &&
        (this.#desk.streams?.counts.received ?? 0) >= this.#barrier,
      failed,
    });
  }

  #live(event: LifeEvent): void {
    const moment = { nowMs: this.#parts.ports.clock.monotonicMs(), roll: 0 };
    const { state, effects } = stepLife(this.#life, event, moment);
    this.#life = state;
    for (const effect of effects) this.#performLife(effect);
  }

  #performLife(effect: LifeEffect): void {
    if (effect.do === 'serve') {
      void this.#keepLink.start();
      this.#waker.now();
    } else if (effect.do === 'end-work') {
      const { ports } = this.#parts;
      const [desk, runWork, session] = [this.#desk, this.#working.run, this.#session];
      const terminals = this.#terminals;
      endWork({ desk, runWork, session, terminals, ports, keepsWaiting: this.#keepsWaiting })
        .catch((error: unknown) => this.#fail(error))
        .finally(() => this.#live({ type: 'idle' }));
    } else {
      void this.#close();
    }
  }

  async #close(): Promise<void> {
    this.#keepLink?.stop();
    this.#working?.stop();
    this.#desk?.stop();
    this.#session?.stop('stopped');
    // Only what the end of the work did not reach, because the store failed or time was up.
    this.#working?.run.endAll();
    try {
      // A store that cannot be written now may never be: what waits was not acknowledged to anybody.
      const written = Promise.all([this.#asks?.trail.stop(), this.#committer?.close()]);
      const late = sleep(this.#parts.ports.timers, storeCloseMsMax);
      await Promise.race([written, late]);
      await this.#parts.logs.close();
      await this.#parts.artifacts.close();
      const ended = this.#failure === undefined ? this.#identity : undefined;
      await closeStore(this.#parts.kv, ended, late);
    } catch (error) {
      this.#failure ??= wrapError(error, 'STORE_IO');
    }
    await this.#working?.run.killAll();
    this.#resolveEnded(this.#failure);
  }

  /** A store that failed is unknown, not empty: the process ends and reads it again at its next start. */
  #fail(thrown: unknown): void {
    // What ends after the store was closed is settled by the next start.
    if (this.#failure !== undefined || this.#life.is === 'stopped') return;
    this.#failure = wrapError(thrown, 'STORE_IO');
    this.#parts.noticed(`failed: ${this.#failure.code} ${this.#failure.message}`);
    this.#live({ type: 'stop' });
  }

  #mark(owner: AttemptId | `${typeof terminalMark}${number | ''}`): string {
    return `${this.#identity.storeId}/${owner}`;
  }

  #openStreams(hubStore: string): Promise<PeerStreams> {
    return openPeerStreams(this.#parts.kv, { peer: this.#parts.hub, store: hubStore });
  }
}
