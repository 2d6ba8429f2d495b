/*
 * One worker's session, as the hub hosts it: what it sends goes to the desks and the mirror.
 *
 * It exists for every trusted worker, linked or not, and owns no state of its own but the session.
 * Invariant: nothing from the wire reaches a desk under another key than the link's.
 */
import type { EndedFrame } from '../../protocol/ended-frames.ts';
import { AppError } from '../../protocol/errors.ts';
import type { HelloFrame, OwnerFrame, PolicyFrame } from '../../protocol/frames.ts';
import { findAssigned } from '../../protocol/messages.ts';
import type { BoxLoad, PeerKey } from '../../protocol/model.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { Reach } from '../../protocol/reach.ts';
import { Session } from '../../protocol/session.ts';
import type { SessionHost, SessionIdentity, StreamMarks } from '../../protocol/session-host.ts';
import type { Intake } from '../../store/intake.ts';
import type { PeerStreams, StreamRow } from '../../store/peer-streams.ts';
import { AnswerPatience } from './answer-patience.ts';
import type { ArtifactMirror } from './artifact-mirror.ts';
import type { BoxLife } from './box-life.ts';
import type { HubDesk } from './desk.ts';
import type { DoctorLine } from './doctor/ask-worker.ts';
import { KeptEnds } from './kept-ends.ts';
import type { LogMirror } from './log-mirror.ts';
import type { SentReceipts } from './sent-receipts.ts';
import type { Terminals } from './terminals.ts';
import type { TreeLine } from './tree-line.ts';
import type { WorkerDesk } from './worker-desk.ts';
import type { WorkerWays } from './worker-ways.ts';

/** What a worker's session needs of the hub. */
export interface WorkerSessionParts {
  readonly key: PeerKey;
  readonly store: string | null;
  readonly desk: HubDesk;
  readonly workers: WorkerDesk;
  readonly mirror: LogMirror;
  readonly sent: SentReceipts;
  readonly artifacts: ArtifactMirror;
  readonly doctorLine: DoctorLine;
  readonly treeLine: TreeLine;
  readonly terminals: Terminals;
  readonly ways: Pick<WorkerWays, 'linked' | 'unlinked'>;
  readonly boxLife: BoxLife;
  /** Where this hub may be found now; undefined before its door is open. */
  readonly reach: () => Reach | undefined;
  readonly intake: Intake;
  readonly ports: Ports;
  readonly identity: SessionIdentity;
  readonly presenceChanged: () => void;
  readonly loadChanged: () => void;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
}

/** What a box told of its policy. */
export type ToldPolicy = Pick<PolicyFrame, 'is' | 'lines'>;

/** What its last hello said of the worker, and why it is not served, if so. */
export interface WorkerHealth {
  readonly version: string | null;
  /** By how much its wall clock is ahead of ours. */
  readonly aheadMs: number | null;
  readonly trouble: string | null;
}

const noMarks: StreamMarks = { acked: 0, queued: 0, received: 0 };

/** Life cycle: `session.attach` as links come, `stop` at the end. */
export class WorkerSession implements SessionHost {
  readonly session: Session;
  readonly #parts: WorkerSessionParts;
  readonly #keptEnds: KeptEnds;
  readonly #patience: AnswerPatience;
  #isFresh = false;
  #linkedAt: number | undefined;
  #load: BoxLoad | undefined;
  #policy: ToldPolicy | undefined;
  #health: WorkerHealth = { version: null, aheadMs: null, trouble: null };
  /** Was a link served since the start? Before that nothing of this life left. */
  #wasServed = false;
  /** On its way to the disk: that messages leave again for a worker that was marked by `sentMax`. */
  #unmarking: Promise<void> | undefined;

  constructor(parts: WorkerSessionParts) {
    this.#parts = parts;
    this.#keptEnds = new KeptEnds({
      timers: parts.ports.timers,
      send: (attempts) => this.session.sendFrame({ t: 'ended-kept', attempts: [...attempts] }),
    });
    const { workers, key } = parts;
    this.#patience = new AnswerPatience({
      timers: parts.ports.timers,
      isUnanswered: (span) => workers.isUnanswered(key, span),
      askAnew: () => this.session.connection?.close('unanswered'),
    });
    const marks = workers.streamsOf(key)?.counts;
    this.session = new Session({
      host: this,
      ports: parts.ports,
      identity: parts.identity,
      // A worker is not told how busy the hub's box is.
      load: { read: () => undefined, told: (load) => this.#noteLoad(load) },
      knownStore: parts.store,
      marks: { ...(marks ?? noMarks), reach: workers.find(key)?.sentMax },
    });
  }

  /** Is a link open on which the worker was heard lately? */
  get isFresh(): boolean {
    return this.session.connection !== undefined && this.#isFresh;
  }

  get health(): WorkerHealth {
    return this.#health;
  }

  /** How busy its box is, by its last word; undefined before the first. */
  get load(): BoxLoad | undefined {
    return this.#load;
  }

  /** What its box lets this hub do, by its last word; undefined before the first. */
  get policy(): ToldPolicy | undefined {
    return this.#policy;
  }

  get isLinked(): boolean {
    return this.session.connection !== undefined;
  }

  /** For how long it has been linked; undefined while it is not. */
  get linkedMs(): number | undefined {
    if (!this.isLinked) return undefined;
    const nowMs = this.#parts.ports.clock.monotonicMs();
    return nowMs - (this.#linkedAt ?? nowMs);
  }

  /** Monotonic instant at which this hub last heard it; undefined if never. */
  get heardAt(): number | undefined {
    return this.session.heardAt;
  }

  /** Whole milliseconds since then; undefined if this hub never heard it. */
  get silentMs(): number | undefined {
    const { heardAt } = this;
    if (heardAt === undefined) return undefined;
    return Math.max(0, Math.round(this.#parts.ports.clock.monotonicMs() - heardAt));
  }

  describe(
    forStore: string | null,
  ): Partial<Pick<HelloFrame, 'name' | 'queued' | 'takesWhole' | 'takesEnded' | 'reach'>> {
    const { workers, key } = this.#parts;
    const worker = workers.find(key);
    const streams = this.#findStreams(forStore);
    const reach = this.#parts.reach();
    return {
      ...(reach === undefined ? {} : { reach }),
      takesWhole: true,
      takesEnded: true,
      ...(worker === undefined ? {} : { name: worker.name }),
      // A cancel that is being written counts too: the worker starts nothing before it has it.
      ...(streams === undefined ? {} : { queued: streams.counts.queued }),
    };
  }

  async adopt(peerStore: string): Promise<StreamMarks> {
    const { workers, key, failed } = this.#parts;
    try {
      return (await workers.adoptStore(key, peerStore)).counts;
    } catch (error) {
      if (error instanceof AppError && error.code === 'PEER_REGRESSED') this.trouble(error.code);
      else failed(error);
      throw error;
    }
  }

  async readOutbox(store: string, after: number, countMax: number): Promise<readonly StreamRow[]> {
    await this.#unmarking;
    return this.#findStreams(store)?.read(after, countMax) ?? [];
  }

  async apply(store: string, rows: readonly StreamRow[]): Promise<void> {
    const { desk, workers, key, failed, intake } = this.#parts;
    try {
      await intake.take(store, rows, async (some, taking) => {
        // Asked at each take, for the intake may have waited for the disk: what comes from a store
        // that was replaced meanwhile must not move the new one's marks.
        if (this.#findStreams(store) !== undefined) await desk.takeFacts(key, some, taking);
      });
      await workers.noteReported(key);
    } catch (error) {
      failed(error);
      throw error;
    }
    // Not taken, so it must not be acknowledged: a hub that starts anew may find that store the present one.
    if (this.#findStreams(store) === undefined) throw new AppError('LINK_LOST');
  }

  acked(store: string, through: number): void {
    if (this.#findStreams(store) === undefined) return;
    this.#parts.workers.noteAcked(this.#parts.key, through);
    this.#patience.acked(through);
  }

  sent(row: StreamRow): void {
    const attempt = row.assigns ?? findAssigned(row.bytes);
    if (attempt !== undefined) this.#parts.sent.note(attempt);
  }

  renewed(): void {
    // Leases are the workers'; the hub holds none from them.
  }

  countQueued(): number | undefined {
    return this.#parts.workers.streamsOf(this.#parts.key)?.counts.queued;
  }

  timeTold(): void {
    // Deadlines go by the hub's own clock; how far a worker's is off is read from its hello.
  }

  opened(hello: HelloFrame): void {
    const { workers, key, failed, presenceChanged, ports } = this.#parts;
    this.#keptEnds.clear();
    const aheadMs = hello.wallMs - ports.clock.wallMs();
    this.#health = { version: hello.version, aheadMs, trouble: null };
    this.#isFresh = true;
    const isMarked = workers.find(key)?.sentMax !== undefined;
    const noted = workers.noteHello(key, hello);
    noted.catch(failed);
    // Before anything leaves that the mark says never left; what cannot be noted keeps it here.
    if (isMarked) this.#awaitUnmarked(noted);
    this.#wasServed = true;
    this.#linkedAt = ports.clock.monotonicMs();
    this.#patience.linked(hello.received);
    this.#parts.terminals.linked(key, hello);
    this.#parts.ways.linked(key, this.session.connection?.carrier ?? 'swarm');
    this.#parts.boxLife.opened(key, hello);
    presenceChanged();
  }

  /** Until the mark is off the disk nothing that it covers may leave, by whichever link. */
  #awaitUnmarked(noted: Promise<void>): void {
    this.#unmarking = noted;
    const done = () => {
      if (this.#unmarking === noted) this.#unmarking = undefined;
    };
    // One that fails ends the hub, and keeps them here until then.
    noted.then(done, () => undefined);
  }

  /** These rows for that store of the worker are on the disk now; they leave as soon as they may. */
  queued(store: string, rows: readonly StreamRow[]): void {
    if (this.#unmarking === undefined) return this.session.queued(store, rows);
    this.#unmarking.then(
      () => this.session.queued(store, rows),
      () => undefined,
    );
  }

  wentBack({ inventory = [] }: HelloFrame): void {
    this.#parts.workers.leapOver(inventory);
  }

  frame(frame: OwnerFrame): void {
    const { mirror, artifacts, key, doctorLine, treeLine, terminals } = this.#parts;
    if (frame.t === 'nak' && frame.code === 'PEER_REGRESSED') this.trouble(frame.code);
    const answer = (own: OwnerFrame) => this.session.sendFrame(own);
    if (frame.t === 'policy') this.#notePolicy(frame);
    if (frame.t === 'ended') void this.#takeEnded(frame);
    if (frame.t === 'artifact' || frame.t === 'artifact-ask') artifacts.take(key, frame, answer);
    doctorLine.take(key, frame);
    treeLine.take(key, frame);
    terminals.take(key, frame);
    this.#parts.boxLife.take(key, frame, answer);
    mirror.take(key, frame, answer);
  }

  async #takeEnded({ reports }: EndedFrame): Promise<void> {
    const { desk, key, failed } = this.#parts;
    const link = this.session.connection;
    if (this.#findStreams(this.session.peerStore) === undefined) return;
    try {
      const attempts = await desk.early.take(key, reports);
      if (this.session.connection === link) this.#keptEnds.note(attempts);
    } catch (error) {
      failed(error);
    }
  }

  presence(as: 'fresh' | 'stale'): void {
    const { terminals, key, presenceChanged } = this.#parts;
    this.#isFresh = as === 'fresh';
    terminals.presence(key, as);
    presenceChanged();
  }

  drained(): void {
    // The hub sends no logs; its durable window is small enough for any carrier's buffer.
    this.#parts.terminals.drained(this.#parts.key);
  }

  closed(reason: string): void {
    this.#keptEnds.clear();
    const { workers, key, failed, presenceChanged, noticed } = this.#parts;
    this.#isFresh = false;
    this.#linkedAt = undefined;
    this.#patience.unlinked();
    noticed(`link to ${workers.find(key)?.name ?? key.slice(0, 8)} closed: ${reason}`);
    workers.noteSeen(key, this.silentMs).catch(failed);
    this.#parts.terminals.unlinked(key);
    this.#parts.ways.unlinked(key, reason, this.#health.trouble === null ? 'broken' : 'refused');
    this.#parts.boxLife.closed(key);
    presenceChanged();
  }

  trouble(code: AppError['code']): void {
    this.#health = { ...this.#health, trouble: code };
    const { workers, key, noticed, failed } = this.#parts;
    if (code === 'PEER_REGRESSED' && !this.#wasServed) workers.noteWentBack(key).catch(failed);
    const { message, hint } = new AppError(code);
    const name = workers.find(key)?.name ?? key.slice(0, 8);
    noticed(`${name} cannot be served: ${code}. ${message} ${hint}`);
    this.#parts.presenceChanged();
  }

  #noteLoad(load: BoxLoad): void {
    // Said every few seconds; meanwhile what a relay carried may have got through directly.
    const { connection } = this.session;
    if (connection !== undefined) this.#parts.ways.linked(this.#parts.key, connection.carrier);
    const known = this.#load;
    this.#load = load;
    const isNews =
      known?.cpuLoad !== load.cpuLoad ||
      known.memoryFreeBytes !== load.memoryFreeBytes ||
      known.diskFreeBytes !== load.diskFreeBytes;
    if (isNews) this.#parts.loadChanged();
  }

  #notePolicy({ is, lines }: ToldPolicy): void {
    this.#policy = { is, lines };
    this.#parts.presenceChanged();
  }

  /** The streams with this store of the worker, if it is the one that counts. */
  #findStreams(store: string | null): PeerStreams | undefined {
    const streams = this.#parts.workers.streamsOf(this.#parts.key);
    return streams?.store === store ? streams : undefined;
  }
}
