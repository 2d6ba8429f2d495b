/*
 * The open invites, and the pairing that each allows once: of a worker, or of a cockpit.
 *
 * An invite is kept as its one-time public key only; the secret is in the code and nowhere else. It
 * opens the door until it expires or was used; asking again with the same agent key after the
 * answer got lost gives the same answer. One whose maker wants to be asked lets nobody in by itself: who
 * comes with it waits in the inbox, until the M2 has decided or the invite is over.
 * Errors: INVITE_USED, INVITE_EXPIRED, PAIRING_ASKED, PAIRING_REJECTED, WORKER_NAME, WORKER_NAME_TAKEN, STORE_FULL.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { formatFingerprint } from '../../protocol/fingerprint.ts';
import { createInvite, type InviteKind, type NewInvite } from '../../protocol/invite.ts';
import { invitesOpenMax } from '../../protocol/limits.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { PairRequest } from '../../protocol/pairing.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import type { ReadonlyReach } from '../../protocol/reach.ts';
import type { Committer } from '../../store/committer.ts';
import { inviteKey, prefixRange } from '../../store/keys.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import { planRow, readRow } from '../../store/row-codec.ts';
import type { CockpitRecord } from '../manager/cockpit.ts';
import { assertFreeName, isUnheard, listNames, pickName } from '../manager/names.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import type { CockpitDesk } from './cockpit-desk.ts';
import type { DecisionDesk } from './decision-desk.ts';
import type { Answered } from './inbox.ts';
import type { WorkerDesk } from './worker-desk.ts';

/** The shape of an `i/` row. */
export const inviteRowSchema = z.object({
  oneTimeKey: z.string(),
  expiresAt: z.number(),
  usedBy: z.string().nullable(),
  /** Whom it lets in; a worker where absent. */
  kind: z.literal('cockpit').exactOptional(),
  /** What the worker is to be called; nobody else is given the name while the invite is open. */
  name: z.string().exactOptional(),
  /** The M2 is asked before anybody is let in. */
  asks: z.literal(true).exactOptional(),
  /** The M2 said no to who came with it. */
  rejected: z.literal(true).exactOptional(),
  /** Made by the hub for something of its own, which ends with the hub's process. */
  passing: z.literal(true).exactOptional(),
});

type InviteRow = z.infer<typeof inviteRowSchema>;

/** What the book needs. */
export interface InviteBookParts {
  readonly kv: Kv;
  readonly committer: Committer;
  readonly workers: WorkerDesk;
  readonly cockpits: CockpitDesk;
  readonly inbox: DecisionDesk;
  readonly ports: Ports;
  readonly hubKey: PeerKey;
  readonly failed: (error: unknown) => void;
}

/** What an invite is made from. */
export interface InviteOrder extends ReadonlyReach {
  readonly kind: InviteKind;
  readonly ttlMs: number;
  /** Is the M2 asked before anybody is let in? */
  readonly asks: boolean;
  /** What the worker is to be called. */
  readonly name?: string;
  /** Is it of no use once this process has ended? Its maker withdraws it otherwise. */
  readonly isPassing?: true;
}

/** Life cycle: `open` reads the rows back; `stop` ends its timer; safe to repeat. */
export class InviteBook {
  readonly #parts: InviteBookParts;
  readonly #invites = new Map<string, InviteRow>();
  /** Monotonic instants at which they are over, though the wall clock be set back. */
  readonly #dueAt = new Map<string, number>();
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;

  constructor(parts: InviteBookParts) {
    this.#parts = parts;
  }

  /** Reads open invites back and removes expired ones, and those whose maker is gone, which would hold their names. */
  async open(): Promise<void> {
    const { kv, committer } = this.#parts;
    const range = {
      ...prefixRange('i/'),
      countMax: invitesOpenMax * 4,
      order: 'ascending',
    } as const;
    const rows = (await kv.range(range)).map((row) => readRow(inviteRowSchema, row));
    // One that was used stays: the answer to who used it may have been lost.
    const isMoot = ({ passing, usedBy }: InviteRow) => passing === true && usedBy === null;
    const over = rows.filter((row) => this.#isExpired(row) || isMoot(row));
    for (const row of rows) if (!over.includes(row)) this.#keep(row);
    await this.#dropExpired();
    if (over.length === 0) return;
    await committer.commit(
      over.map((row) => ({ type: 'del', key: inviteKey(row.oneTimeKey) }) as const),
    );
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  /** Makes an invite; it is on disk before the code is known to anybody. */
  async create({ kind, ttlMs, asks, name, isPassing, ...where }: InviteOrder): Promise<NewInvite> {
    const { ports, hubKey, committer } = this.#parts;
    const forgotten = this.#forgetExpired();
    if (name !== undefined) {
      const heard = this.#parts.workers.list().filter((one) => !isUnheard(one));
      const borne = isPassing === true ? listNames(heard) : undefined;
      assertFreeName(name, this.#listTakenNames(undefined, borne));
    }
    if (this.#invites.size >= invitesOpenMax) {
      throw new AppError('STORE_FULL', `${invitesOpenMax} invites are open already.`);
    }
    const { clock, random } = ports;
    const invite = createInvite({ kind, hubKey, ...where, ttlMs, clock, random });
    const { oneTimeKey, expiresAt } = invite;
    const row: InviteRow = {
      ...{ oneTimeKey, expiresAt, usedBy: null },
      ...(kind === 'cockpit' ? { kind } : {}),
      ...(asks ? { asks } : {}),
      ...(name === undefined ? {} : { name }),
      ...(isPassing === true ? { passing: isPassing } : {}),
    };
    this.#keep(row);
    await committer.commit([...forgotten, planRow(inviteKey(oneTimeKey), row)]);
    return invite;
  }

  /** Closes an invite; nothing happens where it is closed already. */
  async withdraw(oneTimeKey: string): Promise<void> {
    this.#dueAt.delete(oneTimeKey);
    if (!this.#invites.delete(oneTimeKey)) return;
    await this.#parts.committer.commit([{ type: 'del', key: inviteKey(oneTimeKey) }]);
  }

  /** May this key knock? Called by the door for every stranger, so it is one look-up. */
  admits(key: PeerKey): boolean {
    const invite = this.#invites.get(key);
    return invite !== undefined && !this.#isExpired(invite);
  }

  /** The key that was paired by an invite; undefined while it was not used. */
  findUser(oneTimeKey: PeerKey): PeerKey | undefined {
    return this.#invites.get(oneTimeKey)?.usedBy ?? undefined;
  }

  /** Invites that nobody used and that had expired by then; wall milliseconds. */
  countExpired(byMs: number): number {
    const isUnused = ({ usedBy, expiresAt }: InviteRow) => usedBy === null && expiresAt <= byMs;
    return [...this.#invites.values()].filter(isUnused).length;
  }

  /** Forgets all that have expired; resolves once that is on disk. */
  async forgetExpired(): Promise<void> {
    await this.#parts.committer.commit(this.#forgetExpired());
  }

  /** Whom the open invite of this one-time key lets in. */
  kindOf(oneTimeKey: PeerKey): InviteKind {
    return this.#invites.get(oneTimeKey)?.kind ?? 'worker';
  }

  /** Trusts the cockpit that came with this one-time key; resolves once that is on disk. */
  async pairCockpit(oneTimeKey: PeerKey, request: PairRequest): Promise<CockpitRecord> {
    const { cockpits, committer } = this.#parts;
    const invite = this.#getOpen(oneTimeKey);
    if (invite.usedBy === null) {
      return cockpits.pair(request, () => [this.#use(invite, request.key)]);
    }
    const known = cockpits.find(request.key);
    if (invite.usedBy !== request.key || known === undefined) throw new AppError('INVITE_USED');
    await committer.commit([planRow(inviteKey(oneTimeKey), invite)]);
    return known;
  }

  /** Trusts the agent that came with this one-time key; resolves once that is on disk. */
  async pair(oneTimeKey: PeerKey, request: PairRequest): Promise<WorkerRecord> {
    const { workers, committer } = this.#parts;
    const invite = this.#getOpen(oneTimeKey);
    const known = workers.find(request.key);
    if (invite.usedBy !== null) {
      if (invite.usedBy !== request.key || known?.revokedAt !== null) {
        throw new AppError('INVITE_USED');
      }
      // The pairing may still wait for the disk: what is written after it is on disk after it.
      await committer.commit([planRow(inviteKey(oneTimeKey), invite)]);
      return known;
    }
    this.#assertNoCockpit(request.key);
    if (invite.asks === true) return this.#ask(invite, request);
    const used = this.#use(invite, request.key);
    const worker = this.#admit(request, invite);
    await workers.save(worker, 'worker-paired', [used]);
    return worker;
  }

  /** Lets the box of a request in; resolves once that, and the answer, are on disk. Errors: INVITE_EXPIRED. */
  async approve(answered: Answered): Promise<WorkerRecord> {
    const { decision } = answered;
    const invite = decision.kind === 'pairing' ? this.#invites.get(decision.invite) : undefined;
    if (decision.kind !== 'pairing' || invite === undefined || this.#isExpired(invite)) {
      throw new AppError('INVITE_EXPIRED');
    }
    // It may have become one since it knocked.
    this.#assertNoCockpit(decision.peer);
    const used = this.#use(invite, decision.peer);
    const worker = this.#admit({ key: decision.peer, host: decision.host }, invite);
    await this.#parts.workers.admit(worker, { ops: [used], answered });
    return worker;
  }

  /** Says no to the box of a request; its invite lets nobody in any more. */
  async reject(answered: Answered): Promise<void> {
    const { decision } = answered;
    const invite = decision.kind === 'pairing' ? this.#invites.get(decision.invite) : undefined;
    if (invite === undefined) return this.#parts.inbox.close([answered]);
    const rejected: InviteRow = { ...invite, rejected: true };
    this.#invites.set(invite.oneTimeKey, rejected);
    await this.#parts.inbox.close([answered], [planRow(inviteKey(invite.oneTimeKey), rejected)]);
  }

  /** The first who comes is asked about; whoever else comes with the same code is too late. */
  async #ask(invite: InviteRow, { key, host }: PairRequest): Promise<never> {
    const { inbox } = this.#parts;
    if (invite.rejected === true) throw new AppError('PAIRING_REJECTED');
    const waiting = inbox.findPairing(invite.oneTimeKey);
    if (waiting !== undefined && waiting.peer !== key) throw new AppError('INVITE_USED');
    if (waiting === undefined) {
      const { oneTimeKey, expiresAt } = invite;
      const reason = 'It came with an invite whose maker wants to be asked.';
      const who = { invite: oneTimeKey, peer: key, host, expiresAt };
      await inbox.askPairing({ kind: 'pairing', ...who, reason });
      this.#arm();
    }
    throw new AppError('PAIRING_ASKED', `The M2 is asked about ${formatFingerprint(key)}.`);
  }

  /** No key opens both conversations. Errors: PAIR_EXISTS. */
  #assertNoCockpit(key: PeerKey): void {
    if (!this.#parts.cockpits.has(key)) return;
    throw new AppError('PAIR_EXISTS', 'This key is a cockpit’s; a worker needs one of its own.');
  }

  /** Errors: INVITE_EXPIRED. */
  #getOpen(oneTimeKey: PeerKey): InviteRow {
    const invite = this.#invites.get(oneTimeKey);
    if (invite === undefined || this.#isExpired(invite)) throw new AppError('INVITE_EXPIRED');
    return invite;
  }

  #use(invite: InviteRow, usedBy: PeerKey): KvOp {
    const used: InviteRow = { ...invite, usedBy };
    this.#invites.set(invite.oneTimeKey, used);
    return planRow(inviteKey(invite.oneTimeKey), used);
  }

  #admit({ key, host }: PairRequest, { oneTimeKey, name }: InviteRow): WorkerRecord {
    const { workers, ports } = this.#parts;
    const taken = this.#listTakenNames(oneTimeKey);
    const known = workers.find(key);
    if (known !== undefined) return { ...known, host, revokedAt: null };
    return {
      key,
      name:
        name !== undefined && !taken.has(name)
          ? name
          : pickName(new Set([...taken, ...workers.listPromisedNames()])),
      formerNames: [],
      kind: 'odally',
      host,
      pairedAt: Math.round(ports.clock.wallMs()),
      store: null,
      lastSeenAt: null,
      capabilities: null,
      revokedAt: null,
    };
  }

  /** Names that somebody has, or is to have by an open invite other than this. */
  #listTakenNames(
    but?: string,
    borne: ReadonlySet<string> = this.#parts.workers.listTakenNames(),
  ): ReadonlySet<string> {
    const promised = [...this.#invites.values()].flatMap((invite) =>
      invite.name === undefined || invite.oneTimeKey === but || this.#isExpired(invite)
        ? []
        : [invite.name],
    );
    return new Set([...borne, ...promised]);
  }

  /** Requests whose invites are over are moot; the rest is looked at again when the next one is. */
  async #dropExpired(): Promise<void> {
    const { inbox, ports } = this.#parts;
    const now = ports.clock.wallMs();
    const over = inbox
      .list()
      .filter((decision) => decision.kind === 'pairing' && now >= decision.expiresAt);
    const answer = { as: 'moot' } as const;
    if (over.length > 0) await inbox.close(over.map((decision) => ({ decision, answer })));
    this.#arm();
  }

  #arm(): void {
    const { inbox, ports, failed } = this.#parts;
    this.#cancelTimer?.();
    const ends = inbox.list().flatMap((one) => (one.kind === 'pairing' ? [one.expiresAt] : []));
    if (ends.length === 0 || this.#isStopped) return;
    const waitMs = Math.max(1, Math.min(...ends) - ports.clock.wallMs());
    this.#cancelTimer = ports.timers.after(waitMs, () => {
      this.#dropExpired().catch(failed);
    });
  }

  #keep(row: InviteRow): void {
    const { clock } = this.#parts.ports;
    this.#invites.set(row.oneTimeKey, row);
    this.#dueAt.set(row.oneTimeKey, clock.monotonicMs() + row.expiresAt - clock.wallMs());
  }

  #isExpired({ oneTimeKey, expiresAt }: InviteRow): boolean {
    const { clock } = this.#parts.ports;
    const dueAt = this.#dueAt.get(oneTimeKey) ?? Number.POSITIVE_INFINITY;
    return clock.wallMs() >= expiresAt || clock.monotonicMs() >= dueAt;
  }

  /** Drops what is over; the rows must go too, or they pile up before those that are still good. */
  #forgetExpired(): readonly KvOp[] {
    const expired = [...this.#invites.values()].filter((invite) => this.#isExpired(invite));
    for (const { oneTimeKey } of expired) {
      this.#invites.delete(oneTimeKey);
      this.#dueAt.delete(oneTimeKey);
    }
    return expired.map(({ oneTimeKey }) => ({ type: 'del', key: inviteKey(oneTimeKey) }));
  }
}
