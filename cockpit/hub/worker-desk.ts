/*
 * The desk for workers: who is trusted, under which name, with which box and store.
 *
 * Invariants: a name never moves to another key; a worker whose store changed can never be asked for
 * what its old store held, so that is settled here, in the batch that adopts the new one.
 * Errors: PEER_UNKNOWN, PEER_REGRESSED, STORE_*.
 */
import { AppError } from '../../protocol/errors.ts';
import type { HelloFrame, InventoryRow } from '../../protocol/frames.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Stream } from '../../store/keys.ts';
import type { KvOp } from '../../store/kv.ts';
import { openPeerStreams, type PeerStreams } from '../../store/peer-streams.ts';
import { isReplaced } from '../manager/job.ts';
import type { LossCause } from '../manager/plan-loss.ts';
import { viewOfHub } from '../manager/reconcile.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import type { CommandSpan } from './answer-patience.ts';
import type { EventNote } from './change.ts';
import { type Answered, closeDecision } from './inbox.ts';
import type { Ledger } from './ledger.ts';
import { tryOrUndo } from './quarantine.ts';
import {
  findTakenThrough,
  type Greeting,
  leapOverAll,
  reconcileWorker,
  settleTaken,
} from './reconcile-worker.ts';
import { keepWorker, listHeldBy, loseAttempt, mayHaveLeft, parkAttempt } from './transitions.ts';
import { walkHeld } from './walk-held.ts';

const forgotten = {
  reason: 'The worker came with another store than this job was given to.',
  cause: 'forgotten',
} as const;

type RevokeCause = Extract<LossCause, 'revoked' | 'vanished'>;

/** Decides for all workers of one hub. */
export class WorkerDesk {
  readonly #ledger: Ledger;
  /** What workers said as they greeted, while reports of theirs from before that are on their way. */
  readonly #awaited = new Map<PeerKey, Greeting>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** All workers, also revoked ones, in the order of their names. */
  list(): readonly WorkerRecord[] {
    const workers = [...this.#ledger.state.workers.values()];
    return workers.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(key: PeerKey): WorkerRecord | undefined {
    return this.#ledger.state.workers.get(key);
  }

  findByName(name: string): WorkerRecord | undefined {
    return this.list().find((worker) => worker.name === name);
  }

  /** Names that somebody bears or ever bore. */
  listTakenNames(): ReadonlySet<string> {
    return new Set(this.list().flatMap(({ name, formerNames }) => [name, ...formerNames]));
  }

  /** Names that are promised to boxes which are being made. */
  listPromisedNames(): ReadonlySet<string> {
    return this.#ledger.state.promisedNames;
  }

  /** Is its box being let go? Then it gets no more work. */
  isLeaving(key: PeerKey): boolean {
    return this.#ledger.state.leaving.has(key);
  }

  /** The streams with the worker's present store; undefined before its first hello. */
  streamsOf(key: PeerKey): PeerStreams | undefined {
    return this.#ledger.state.streams.get(key);
  }

  /** The worker has all commands up to here; their rows go with the next batch. */
  noteAcked(key: PeerKey, through: number): void {
    const ops = this.#ledger.state.streams.get(key)?.planAcked(through);
    if (ops !== undefined) this.#ledger.defer(ops);
  }

  /** Is there a command among these that was given to it, and of which it never said anything? */
  isUnanswered(key: PeerKey, { after, through }: CommandSpan): boolean {
    const held = listHeldBy(this.#ledger.state, key).flatMap(({ attempts }) => attempts);
    return held.some((attempt) => {
      const isGiven = attempt.worker === key && (attempt.givenSeq ?? 0) > after;
      return isGiven && viewOfHub(attempt, through) === 'taken';
    });
  }

  /** The worker speaks from a new store: what its old one held cannot be known any more. */
  async adoptStore(key: PeerKey, store: string): Promise<PeerStreams> {
    const { state, kv } = this.#ledger;
    // News of it may have come by a link that was given up for a newer one; what waits for it was given since.
    const known = this.#findAdopted(key, store);
    if (known !== undefined) return known;
    const streams = await openPeerStreams(kv, { peer: key, store });
    const meanwhile = this.#findAdopted(key, store);
    if (meanwhile !== undefined) return meanwhile;
    const worker = this.#get(key);
    // A store that was given up: what it holds was settled without it, and must not come alive again.
    if (streams.isUsed && worker.store !== store) throw new AppError('PEER_REGRESSED');
    const scene = this.#ledger.open();
    scene.change.add(state.streams.get(key)?.planRetire() ?? []);
    state.streams.set(key, streams);
    keepWorker(scene, { ...withoutMark(worker), store });
    // The line is made anew, so that what is given again is not behind what never had its turn.
    state.parked.delete(key);
    for (const { id, n, attempt } of walkHeld(scene, key)) {
      const isQueued = attempt.state.is === 'queued';
      const hasNotLeft = worker.store === null || (isQueued && !mayHaveLeft(state, id, attempt));
      // One that was given up is from a store before, and must not begin anew beside the one in its place.
      const isUnsent = hasNotLeft && !isReplaced(attempt.state);
      if (isUnsent) parkAttempt(scene, { id, n });
      else loseAttempt(scene, { id, n }, forgotten);
    }
    if (worker.store !== null) scene.change.note({ kind: 'worker-store-lost', worker: key });
    await this.#ledger.commit(scene.change);
    return streams;
  }

  #findAdopted(key: PeerKey, store: string): PeerStreams | undefined {
    const held = this.#ledger.state.streams.get(key);
    return held?.store === store && this.#get(key).store === store ? held : undefined;
  }

  /** A session opened: the facts of the box, and what the worker says it holds. */
  async noteHello(key: PeerKey, hello: HelloFrame): Promise<void> {
    const scene = this.#ledger.open();
    const worker = this.#get(key);
    keepWorker(scene, {
      // Where it remembers less than it acknowledged nothing leaves for it either.
      ...(hello.received < (this.streamsOf(key)?.counts.acked ?? 0) ? worker : withoutMark(worker)),
      host: hello.host ?? worker.host,
      capabilities: hello.capabilities ?? worker.capabilities,
      lastSeenAt: scene.change.at,
    });
    const { store, received, queued, inventory = [] } = hello;
    const greeting = { store, received, queued, inventory };
    // What it has reported and is not here yet may say of a command that is missing what became of it.
    if (findTakenThrough(scene, key, greeting) === undefined) this.#awaited.set(key, greeting);
    else this.#awaited.delete(key);
    // It comes again with every hello; were its fault the end of the hub, so would that.
    const why = tryOrUndo(scene, () => reconcileWorker(scene, key, greeting));
    if (why !== undefined) {
      scene.change.note({ kind: 'inventory-quarantined', worker: key, note: why });
    }
    await this.#ledger.commit(scene.change);
  }

  /** What a worker holds that this store knows nothing of, since it went back: other jobs get other numbers. */
  leapOver(inventory: readonly InventoryRow[]): void {
    leapOverAll(this.#ledger, inventory);
  }

  /** It knows more than ever left here, and no link with it was served since the start: so it is also after the next one. */
  async noteWentBack(key: PeerKey): Promise<void> {
    const queued = this.streamsOf(key)?.queuedBefore;
    const worker = this.find(key);
    if (queued === undefined || worker === undefined || worker.sentMax !== undefined) return;
    const scene = this.#ledger.open();
    keepWorker(scene, { ...worker, sentMax: queued });
    await this.#ledger.commit(scene.change);
  }

  /** More of what it reported is here; where that was awaited, its last hello is looked at once more. */
  async noteReported(key: PeerKey): Promise<void> {
    const greeting = this.#awaited.get(key);
    if (greeting === undefined) return;
    const scene = this.#ledger.open();
    if (findTakenThrough(scene, key, greeting) === undefined) return;
    this.#awaited.delete(key);
    if (tryOrUndo(scene, () => settleTaken(scene, key, greeting)) !== undefined) return;
    await this.#ledger.commit(scene.change);
  }

  /** It was last heard so many milliseconds ago; kept so that ages survive a restart. */
  async noteSeen(key: PeerKey, silentMs = 0): Promise<void> {
    const worker = this.find(key);
    if (worker === undefined) return;
    const scene = this.#ledger.open();
    keepWorker(scene, { ...worker, lastSeenAt: scene.change.at - silentMs });
    await this.#ledger.commit(scene.change);
  }

  /** Adds or replaces a worker, with further rows in the same batch. */
  async save(worker: WorkerRecord, note: string, ops: readonly KvOp[]): Promise<void> {
    const scene = this.#ledger.open();
    keepWorker(scene, worker);
    scene.change.ops.push(...ops);
    scene.change.note({ kind: note, worker: worker.key, note: worker.name });
    await this.#ledger.commit(scene.change);
  }

  /** Writes an event that changes nothing. */
  async note(event: EventNote): Promise<void> {
    const { change } = this.#ledger.open();
    change.note(event);
    await this.#ledger.commit(change);
  }

  /** Trusts a worker because the M2 said so; the answer is in the same batch. */
  async admit(
    worker: WorkerRecord,
    { ops, answered }: { readonly ops: readonly KvOp[]; readonly answered: Answered },
  ): Promise<void> {
    const scene = this.#ledger.open();
    keepWorker(scene, worker);
    closeDecision(scene, answered);
    scene.change.ops.push(...ops);
    scene.change.note({ kind: 'worker-paired', worker: worker.key, note: worker.name });
    await this.#ledger.commit(scene.change);
  }

  /**
   * Ends the trust in a worker; what it holds can only be lost to us. `why`: its own word as it left; `cause`:
   * what ends it, where nobody said so.
   */
  async revoke(
    worker: WorkerRecord,
    {
      why,
      cause = 'revoked',
    }: { readonly why?: string | undefined; readonly cause?: RevokeCause | undefined } = {},
  ): Promise<void> {
    const scene = this.#ledger.open();
    const { state } = scene;
    // Paired again, it begins with another store.
    keepWorker(scene, { ...worker, revokedAt: scene.change.at, store: null });
    const what = cause === 'vanished' ? 'is gone with its box' : 'was revoked';
    const reason = why === undefined ? `${worker.name} ${what}.` : `${worker.name} left: ${why}`;
    for (const place of walkHeld(scene, worker.key)) loseAttempt(scene, place, { reason, cause });
    // Nothing may be delivered to it any more.
    scene.change.add(state.streams.get(worker.key)?.planRetire() ?? []);
    state.streams.delete(worker.key);
    const kind = why === undefined ? 'worker-revoked' : 'worker-left';
    scene.change.note({ kind, worker: worker.key, note: why ?? worker.name });
    await this.#ledger.commit(scene.change);
  }

  /**
   * Takes away what waits in a stream to which nothing can be delivered any more: its worker is
   * revoked or unknown, or speaks from another store. A live stream is left alone.
   */
  async retireStream(stream: Stream): Promise<void> {
    const { state, kv } = this.#ledger;
    const streams = await openPeerStreams(kv, stream);
    const worker = this.find(stream.peer);
    const isCurrent = worker?.store === stream.store;
    if (isCurrent && worker.revokedAt === null) return;
    const scene = this.#ledger.open();
    scene.change.add(streams.planRetire());
    if (isCurrent) {
      // Its numbers are not what memory says any more; the worker begins anew when it is paired again.
      state.streams.delete(stream.peer);
      keepWorker(scene, { ...worker, store: null });
    }
    await this.#ledger.commit(scene.change);
  }

  #get(key: PeerKey): WorkerRecord {
    const worker = this.find(key);
    if (worker === undefined) throw new AppError('PEER_UNKNOWN');
    return worker;
  }
}

/** Messages leave for it again, so how far they came before says nothing any more. */
function withoutMark({ sentMax: _gone, ...worker }: WorkerRecord): WorkerRecord {
  return worker;
}
