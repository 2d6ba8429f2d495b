/*
 * The hub: Wally's process, from its store to its door, with every worker's session.
 *
 * It composes desks, sessions, mirror, invites and loops, and owns their life. All of the world comes
 * in through `HubParts`, so the simulator runs this very class. Invariants: the store has one owner;
 * a key that is neither trusted nor invited never gets a link; memory is never ahead of a disk for good.
 */
import { AppError, assert, wrapError } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import { type Ports, sleep } from '../../protocol/ports.ts';
import { pickReach } from '../../protocol/reach.ts';
import type { StdioBytes } from '../../protocol/transports/stdio.ts';
import { type AuditTrail, openAuditTrail } from '../../store/audit-trail.ts';
import { Committer } from '../../store/committer.ts';
import type { DiskGuard } from '../../store/disk-guard.ts';
import { closeStore, openStore, type StoreIdentity } from '../../store/format.ts';
import { openInHand } from '../../store/in-hand.ts';
import { JournalPage } from '../../store/journal.ts';
import type { Kv } from '../../store/kv.ts';
import { storeCloseMsMax } from '../../store/limits.ts';
import { OutboxPages } from '../../store/outbox-pages.ts';
import type { Ssh } from '../fleet/ssh.ts';
import type { Supplies } from '../fleet/supplies.ts';
import { RegexThread } from '../logs/regex-thread.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import { presentDetail } from '../verbs/present.ts';
import { ArtifactMirror } from './artifact-mirror.ts';
import { type BoxDesk, openBoxes } from './box-desk.ts';
import type { BoxLife, Parting } from './box-life.ts';
import type { EventNote } from './change.ts';
import { type CockpitDesk, openCockpits } from './cockpit-desk.ts';
import { DecisionDesk } from './decision-desk.ts';
import { HubDesk } from './desk.ts';
import { readDeskState } from './desk-state.ts';
import { DispatchKeys } from './dispatch-keys.ts';
import { DoctorLine } from './doctor/ask-worker.ts';
import { ShortCopyWalk } from './doctor/short-copies.ts';
import { EndsPage } from './ended-rows.ts';
import { Feed } from './feed.ts';
import type { Door, HubParts } from './hub-parts.ts';
import type { Answered } from './inbox.ts';
import { InviteBook } from './invite-book.ts';
import { Ledger, type SealedPages } from './ledger.ts';
import { byeLingerMs } from './limits.ts';
import { LogMirror } from './log-mirror.ts';
import { openBoxLife } from './open-box-life.ts';
import { openOutlet } from './open-outlet.ts';
import { openRetain } from './open-retain.ts';
import { openSpawnDesk } from './open-spawn.ts';
import { Reception } from './reception.ts';
import type { Retain } from './retain.ts';
import { SentReceipts } from './sent-receipts.ts';
import type { SpawnDesk } from './spawn-desk.ts';
import { TeamNews } from './team-news.ts';
import { type TerminalNote, Terminals } from './terminals.ts';
import { TreeLine } from './tree-line.ts';
import { TurnedAway } from './turned-away.ts';
import { WatchLeases } from './watch-leases.ts';
import { WorkerDesk } from './worker-desk.ts';
import type { WorkerSession } from './worker-session.ts';
import { WorkerSessions } from './worker-sessions.ts';
import type { WorkerWays } from './worker-ways.ts';

/** Why trust in a worker ends, where not by the M2's word: it parts by itself, or its box is gone. */
interface RevokeReason {
  readonly parting?: Parting;
  readonly cause?: 'vanished';
}

/** Life cycle: `start`, then `stop`; both safe to repeat. `ended` resolves when it is over. */
export class Hub {
  readonly feed = new Feed();
  readonly doctorLine: DoctorLine;
  readonly treeLine: TreeLine;
  /** For those who diagnose: where they look for copies that did not come. */
  readonly shortCopies = new ShortCopyWalk();
  /** Boxes on which an install is at work. */
  readonly installing = new Set<string>();
  readonly terminals: Terminals;
  readonly #parts: HubParts;
  /** For those who look; changes go through the desks. */
  readonly kv: Kv;
  readonly disk: DiskGuard;
  readonly ports: Ports;
  readonly ssh: Ssh;
  readonly supplies: Supplies;
  readonly key: PeerKey;
  readonly version: string;
  #identity!: StoreIdentity;
  #committer!: Committer;
  #sessions: WorkerSessions | undefined;
  #audit!: AuditTrail;
  #keys!: DispatchKeys;
  #workers!: WorkerDesk;
  #cockpits!: CockpitDesk;
  #boxes!: BoxDesk;
  #boxLife!: BoxLife;
  #spawned!: SpawnDesk;
  #desk!: HubDesk;
  #inbox!: DecisionDesk;
  #mirror!: LogMirror;
  #sent!: SentReceipts;
  #artifacts!: ArtifactMirror;
  #invites!: InviteBook;
  #leases!: WatchLeases;
  #retain!: Retain;
  #reception!: Reception;
  #door: Door | undefined;
  #startedAt = 0;
  #isStopping = false;
  readonly #teamNews: TeamNews;
  #failure: AppError | undefined;
  #resolveEnded!: (failure: AppError | undefined) => void;
  /** Resolves when the hub has stopped, with the failure that ended it if one did. */
  readonly ended: Promise<AppError | undefined>;
  /** Where regular expressions are tested. */
  readonly regexes: RegexThread;

  constructor(parts: HubParts) {
    this.#parts = parts;
    ({ kv: this.kv, disk: this.disk, ports: this.ports, ssh: this.ssh } = parts);
    ({ supplies: this.supplies, key: this.key, version: this.version } = parts);
    this.doctorLine = new DoctorLine(parts.ports);
    this.treeLine = new TreeLine(parts.ports);
    this.#teamNews = new TeamNews(parts.ports.timers, () => this.feed.tell({ type: 'team' }));
    this.terminals = new Terminals({
      ports: parts.ports,
      send: (worker, frame) => this.session(worker)?.session.sendFrame(frame) ?? 'closed',
      note: (note) => this.#noteTerminal(note),
    });
    this.regexes = new RegexThread(parts.ports.timers);
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  get desk(): HubDesk {
    return this.#desk;
  }

  get inbox(): DecisionDesk {
    return this.#inbox;
  }

  get audit(): AuditTrail {
    return this.#audit;
  }

  get keys(): DispatchKeys {
    return this.#keys;
  }

  get workers(): WorkerDesk {
    return this.#workers;
  }

  get cockpits(): CockpitDesk {
    return this.#cockpits;
  }

  get boxes(): BoxDesk {
    return this.#boxes;
  }

  /** By which way each worker is linked. */
  get ways(): WorkerWays {
    assert(this.#sessions !== undefined, 'the hub is started');
    return this.#sessions.ways;
  }

  get boxLife(): BoxLife {
    return this.#boxLife;
  }

  get spawned(): SpawnDesk {
    return this.#spawned;
  }

  get artifacts(): ArtifactMirror {
    return this.#artifacts;
  }

  get mirror(): LogMirror {
    return this.#mirror;
  }

  get invites(): InviteBook {
    return this.#invites;
  }

  get door(): Door {
    if (this.#door === undefined) throw new Error('invariant broken: the hub is started');
    return this.#door;
  }

  get retain(): Retain {
    return this.#retain;
  }

  /** Wall milliseconds. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** A line for the hub's log. */
  notice(line: string): void {
    this.#parts.noticed(line);
  }

  session(key: PeerKey): WorkerSession | undefined {
    return this.#sessions?.find(key);
  }

  /** Opens the store, reads everything back, opens the door. Errors: STORE_*, HUB_START. */
  async start(): Promise<void> {
    const { kv, disk, ports, logs, artifacts, key, noticed } = this.#parts;
    void disk.damaged.then((error) => this.fail(error));
    this.#startedAt = Math.round(ports.clock.wallMs());
    this.#identity = await openStore(kv, ports.random);
    this.#keys = new DispatchKeys(kv);
    const sealed = { journal: new JournalPage(), ends: new EndsPage(), pages: new OutboxPages() };
    await this.#openCommitter(sealed);
    const presenceChanged = () => this.#teamNews.noteChange();
    const outlet = openOutlet(this, presenceChanged);
    const copies = [await logs.list(), await artifacts.list()];
    const state = await readDeskState(
      kv,
      copies.flatMap((attempts) => attempts.slice(-1)),
    );
    const { attemptsGiven } = this.#parts;
    const parts = { kv, disk, committer: this.#committer, ports, attemptsGiven };
    const ledger = new Ledger({ ...parts, ...sealed, outlet, state });
    this.#workers = new WorkerDesk(ledger);
    this.#desk = new HubDesk(ledger);
    this.#inbox = new DecisionDesk(ledger);
    const failed = (error: unknown) => this.fail(error);
    this.#sent = new SentReceipts({ state, desk: this.#desk, ports, failed });
    const scene = { disk, desk: this.#desk, failed, noticed };
    this.#mirror = new LogMirror({ logs, clock: ports.clock, ...scene });
    this.#artifacts = new ArtifactMirror({ artifacts, ...scene });
    const workers = this.#workers;
    const cockpits = await openCockpits({ ...this.#parts, ledger, workers });
    this.#cockpits = cockpits;
    this.#boxes = await openBoxes(ledger);
    this.#boxLife = openBoxLife(this, { ...this.#parts, failed, presenceChanged });
    const rows = { kv, committer: this.#committer, workers, cockpits, inbox: this.#inbox };
    this.#invites = new InviteBook({ ...rows, ports, hubKey: key, failed });
    await this.#invites.open();
    this.#spawned = await openSpawnDesk(this, { ...this.#parts, ledger, failed });
    this.#sessions = await this.#openSessions();
    this.#leases = new WatchLeases({
      ...{ desk: this.#desk, ports, failed },
      heardAt: (worker) => this.session(worker)?.heardAt,
    });
    this.#leases.start();
    this.#retain = openRetain(this.#parts, {
      ...{ desk: this.#desk, inbox: this.#inbox, state },
      ...{ artifacts: this.#artifacts, mirror: this.#mirror },
      describe: (job) => presentDetail(this, job),
    });
    this.#retain.start();
    this.#audit.start();
    this.#reception = new Reception({
      ...{ sessions: this.#sessions, cockpits, invites: this.#invites, audit: this.#audit },
      ...{ timers: ports.timers, noticed },
      turnedAway: new TurnedAway((peer) => this.#workers.find(peer), ports.clock),
    });
    this.#door = await this.#parts.openDoor(this.#reception.describe());
    this.#spawned.start();
    noticed(`hub ${key.slice(0, 8)} started`);
  }

  /** Every batch takes along what was written down of events and of asks. */
  async #openCommitter({ journal, ends, pages }: SealedPages): Promise<void> {
    const { kv, ports, audit } = this.#parts;
    const committer = () => this.#committer;
    this.#audit = await openAuditTrail({ ...this.#parts, ...audit, committer }, this.#identity);
    const seal = () => [...journal.seal(), ...ends.seal(), ...this.#audit.seal()];
    const onFailure = (error: AppError) => this.fail(error);
    this.#committer = new Committer({ kv, ports, lead: () => pages.seal(), seal, onFailure });
  }

  /** Ends sessions and the store; workers work on. Safe to repeat; resolves when it is over. */
  async stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      await this.#close();
    }
    await this.ended;
  }

  /** Lets the box of a pairing request in. Errors: INVITE_EXPIRED. */
  approvePairing(answered: Answered): Promise<WorkerRecord> {
    return this.#reception.approve(answered);
  }

  /** Ends the trust in a worker, on disk and on the wire. */
  async revoke(worker: WorkerRecord, { parting, cause }: RevokeReason = {}): Promise<void> {
    this.terminals.revoked(worker.key);
    const session = this.#sessions?.remove(worker.key);
    await this.#workers.revoke(worker, { why: parting?.why, cause });
    parting?.told();
    const isTold = parting !== undefined || session?.isLinked === true;
    // Nothing is heard on it from here on.
    if (parting === undefined) session?.session.expel(new AppError('WORKER_REVOKED'));
    // What was said last leaves before the link is cut.
    if (isTold) await sleep(this.#parts.ports.timers, byeLingerMs);
    session?.session.stop('WORKER_REVOKED');
    this.door.kick(worker.key);
  }

  /** A fault that this process cannot go on from: what is on disk is read again at the next start. */
  fail(thrown: unknown): void {
    if (this.#failure !== undefined || this.#isStopping) return;
    this.#failure = wrapError(thrown, 'HUB_INTERNAL');
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    this.#parts.noticed(`failed: ${this.#failure.code} ${stack ?? this.#failure.message}`);
    void this.stop();
  }

  /** Takes a box over bytes that lead to it, as if it had come by the door. Errors: LINK_*. */
  async takeBytes(bytes: StdioBytes): Promise<void> {
    this.#reception.take(await this.door.answer(bytes));
  }

  async #openSessions(): Promise<WorkerSessions> {
    const inHand = await openInHand(this.#parts, this.#identity);
    const { kv, ports, version, ssh, noticed } = this.#parts;
    const sessions = new WorkerSessions({
      ...{ kv, ports, version, ssh, noticed, inHand, identity: this.#identity },
      boxes: this.#boxes,
      answer: (bytes, only) => this.door.answer(bytes, only),
      reach: () => (this.#door === undefined ? undefined : pickReach(this.#door)),
      note: (event) => this.#note(event),
      desk: this.#desk,
      workers: this.#workers,
      mirror: this.#mirror,
      sent: this.#sent,
      artifacts: this.#artifacts,
      doctorLine: this.doctorLine,
      treeLine: this.treeLine,
      terminals: this.terminals,
      boxLife: this.#boxLife,
      presenceChanged: () => this.#teamNews.noteChange(),
      loadChanged: () => this.#teamNews.noteLoad(),
      failed: (error) => this.fail(error),
    });
    for (const { key } of this.#workers.list()) sessions.open(key);
    return sessions;
  }

  #noteTerminal(note: TerminalNote): void {
    const name = this.#workers.find(note.worker)?.name ?? note.worker.slice(0, 8);
    this.#parts.noticed(`${note.kind} on ${name}: ${note.note}`);
    this.#note(note);
  }

  #note(event: EventNote): void {
    if (!this.#isStopping) this.#workers.note(event).catch((error: unknown) => this.fail(error));
  }

  async #close(): Promise<void> {
    this.#teamNews.stop();
    this.#leases?.stop();
    this.#invites?.stop();
    this.#sent?.stop();
    this.#spawned?.stop();
    this.terminals.stop();
    await this.regexes.close();
    this.#cockpits?.stop();
    this.#sessions?.stop('HUB_STOPPING');
    try {
      await this.#door?.close();
      // A store that cannot be written now may never be: what waits was not acknowledged to anybody.
      const { timers } = this.#parts.ports;
      const kept = Promise.all([this.#retain?.stop(), this.#audit?.stop()]);
      const written = Promise.all([kept, this.#committer?.close()]);
      const late = sleep(timers, storeCloseMsMax);
      await Promise.race([written, late]);
      await this.#parts.logs.close();
      await this.#parts.artifacts.close();
      const ended = this.#failure === undefined ? this.#identity : undefined;
      await closeStore(this.#parts.kv, ended, late);
    } catch (error) {
      this.#failure ??= wrapError(error, 'STORE_IO');
    }
    this.#resolveEnded(this.#failure);
  }
}
