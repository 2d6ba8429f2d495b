/*
 * The sessions of all workers that are served: which there are, and whose links they take.
 *
 * A session exists for every trusted worker, linked or not, from its pairing or the hub's start until it is
 * revoked, and with it a ladder that looks for a way to it. Invariant: a worker has one session, and a revoked one has none.
 */
import type { PeerKey } from '../../protocol/model.ts';
import type { Link } from '../../protocol/transports/link.ts';
import type { StoreIdentity } from '../../store/format.ts';
import type { InHand } from '../../store/in-hand.ts';
import { Intake } from '../../store/intake.ts';
import type { Kv } from '../../store/kv.ts';
import type { BoxDesk } from './box-desk.ts';
import { WorkerSession, type WorkerSessionParts } from './worker-session.ts';
import { WorkerWays, type WorkerWaysParts } from './worker-ways.ts';

/** What all sessions share. */
export interface WorkerSessionsParts
  extends Omit<WorkerSessionParts, 'key' | 'store' | 'intake' | 'identity' | 'ways'>,
    Pick<WorkerWaysParts, 'ssh' | 'answer' | 'note'> {
  readonly kv: Kv;
  readonly inHand: InHand;
  /** Of the hub's own store. */
  readonly identity: StoreIdentity;
  readonly version: string;
  readonly boxes: BoxDesk;
}

/** Life cycle: `open` for each worker, `stop` at the end. */
export class WorkerSessions {
  /** By which way each is linked. */
  readonly ways: WorkerWays;
  readonly #parts: WorkerSessionsParts;
  readonly #sessions = new Map<PeerKey, WorkerSession>();

  constructor(parts: WorkerSessionsParts) {
    this.#parts = parts;
    this.ways = new WorkerWays({
      ...parts,
      attach: (worker, link) => this.#attach(worker, link),
      changed: parts.presenceChanged,
    });
    parts.boxes.follow((worker) => this.ways.boxChanged(worker));
  }

  get count(): number {
    return this.#sessions.size;
  }

  find(worker: PeerKey): WorkerSession | undefined {
    return this.#sessions.get(worker);
  }

  /** Serves a worker from now on; nothing happens where it is served or not trusted. */
  open(key: PeerKey): void {
    const { kv, workers, identity, version, inHand } = this.#parts;
    // As it is now: between its pairing's commit and this it may have been revoked.
    const worker = workers.find(key);
    if (worker === undefined || worker.revokedAt !== null || this.#sessions.has(key)) return;
    const { storeId: store, incarnation } = identity;
    const streams = workers.streamsOf(key);
    const session = new WorkerSession({
      ...this.#parts,
      ways: this.ways,
      key,
      store: worker.store,
      intake: new Intake({ kv, peer: key, streams, inHand }),
      identity: { role: 'hub', version, store, incarnation },
    });
    this.#sessions.set(key, session);
    this.ways.add(key);
  }

  /** Gives a link to the session of its peer, if that is one of these. */
  take(link: Link): boolean {
    const session = this.#sessions.get(link.peerKey)?.session;
    if (session !== undefined) void session.attach(link);
    return session !== undefined;
  }

  /** Serves a worker no more; its session is the caller's to stop. */
  remove(worker: PeerKey): WorkerSession | undefined {
    const session = this.#sessions.get(worker);
    this.#sessions.delete(worker);
    this.ways.remove(worker);
    return session;
  }

  stop(reason: string): void {
    this.ways.stop();
    for (const { session } of this.#sessions.values()) session.stop(reason);
  }

  #attach(worker: PeerKey, link: Link): Promise<string> {
    const session = this.#sessions.get(worker)?.session;
    if (session !== undefined) return session.attach(link);
    link.close('WORKER_REVOKED');
    return Promise.resolve('WORKER_REVOKED');
  }
}
