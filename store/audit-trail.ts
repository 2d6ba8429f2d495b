/*
 * The audit trail of one home while its program runs: entries are taken, kept and shown here.
 *
 * It composes the page that is sealed into each batch and the keeping of what is old, for hub and agent
 * alike. It judges nobody: what was refused is written down like what was done.
 * Errors: STORE_*.
 */
import type { Ports } from '../protocol/ports.ts';
import { type Asked, AuditPage, type AuditTail } from './audit.ts';
import { AuditKeep, type AuditPolicy, type AuditPort, openAuditTail } from './audit-keep.ts';
import { type AuditRow, type AuditWish, listAudit } from './audit-list.ts';
import { type AuditProof, planAuditMended, verifyAudit } from './audit-read.ts';
import type { Committer } from './committer.ts';
import type { StoreIdentity } from './format.ts';
import type { Kv, KvOp } from './kv.ts';

/** What a trail is made from. */
export interface AuditTrailParts {
  readonly kv: Kv;
  readonly port: AuditPort;
  readonly policy: AuditPolicy;
  readonly ports: Ports;
  readonly noticed: (line: string) => void;
  /** The committer of the same store, which seals this trail into its batches; asked for after `open`. */
  readonly committer: () => Committer;
}

/** Opens the trail of a store that was just opened. */
export async function openAuditTrail(
  parts: AuditTrailParts,
  identity: StoreIdentity,
): Promise<AuditTrail> {
  const { kv, port } = parts;
  const tail = await openAuditTail(kv, port);
  const isAnew = identity.incarnation === 1;
  if (isAnew && tail.n > 0) {
    const ops = await planAuditMended({ kv, port, mark: undefined }, { isEndLost: false });
    if (ops.length > 0) await kv.batch(ops, 'synced');
  }
  const trail = new AuditTrail(parts, tail);
  // A store that was made anew holds nothing of what was asked before; that must not look like silence.
  if (isAnew) {
    trail.note({
      who: 'owner',
      surface: 'start',
      verb: 'new store',
      about: identity.storeId,
      result: 'done',
    });
  }
  return trail;
}

/** Life cycle: `openAuditTrail`, `start`, `stop`; the latter two are safe to repeat. */
export class AuditTrail {
  readonly #parts: AuditTrailParts;
  readonly #page: AuditPage;
  readonly #keep: AuditKeep;
  readonly #followers = new Set<() => void>();

  constructor(parts: AuditTrailParts, tail: AuditTail) {
    this.#parts = parts;
    this.#page = new AuditPage(tail);
    this.#keep = new AuditKeep(parts);
  }

  get tail(): AuditTail {
    return this.#page.tail;
  }

  /** Why what is old could not be put into files; null where it could. */
  get failure(): string | null {
    return this.#keep.failure;
  }

  /** Takes an entry that goes with the next batch, or shortly; gives its number. */
  note(asked: Asked): number {
    const n = this.#page.add(asked, this.#parts.ports.clock.wallMs());
    // None is there yet while the store is being opened; its first batch takes it along.
    this.#parts.committer()?.expectSeal();
    return n;
  }

  /** Takes an entry and writes it now. Errors, of `done`: STORE_*. */
  write(asked: Asked): { readonly n: number; readonly done: Promise<void> } {
    const n = this.#page.add(asked, this.#parts.ports.clock.wallMs());
    return { n, done: this.#parts.committer().commit([]) };
  }

  /** What came of an entry. */
  settle(of: number, asked: Asked, result: string): void {
    const { who, surface, verb } = asked;
    this.note({ who, surface, verb, result, of });
  }

  /** For the committer: the rows of what was noted since. */
  seal(): readonly KvOp[] {
    const ops = this.#page.seal();
    if (ops.length > 0) for (const run of [...this.#followers]) run();
    return ops;
  }

  /** Runs whenever entries go to the disk. */
  follow(run: () => void): () => void {
    this.#followers.add(run);
    return () => this.#followers.delete(run);
  }

  start(): void {
    this.#keep.start();
  }

  /** Puts what is old into files now, where it can. Never rejects. */
  look(): Promise<void> {
    return this.#keep.look();
  }

  stop(): Promise<void> {
    return this.#keep.stop();
  }

  /** The newest that are wanted, oldest first. */
  async list(wish: AuditWish): Promise<readonly AuditRow[]> {
    await this.#flush();
    return this.#keep.reading(async (archive) =>
      listAudit({ ...this.#parts, mark: await archive.findMark() }, wish),
    );
  }

  /** What was noted a moment ago is looked at too. */
  async #flush(): Promise<void> {
    if (this.#page.isWaiting) await this.#parts.committer().commit([]);
  }

  /** Runs a reading of the files while nothing of the trail is moved. */
  resting<T>(read: () => Promise<T>): Promise<T> {
    return this.#keep.reading(read);
  }

  async verify(known: AuditTail | undefined): Promise<AuditProof> {
    await this.#flush();
    return this.#keep.reading(async (archive) =>
      verifyAudit({ ...this.#parts, mark: await archive.findMark() }, known),
    );
  }
}
