/*
 * The open invites, and the pairing that each allows once.
 *
 * An invite is kept as its one-time public key only; the secret is in the code and nowhere else. It
 * opens the door until it expires or was used; asking again with the same agent key after the
 * answer got lost gives the same answer. Errors: INVITE_USED, INVITE_EXPIRED, USAGE_ARGUMENT,
 * STORE_FULL.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { createInvite, type NewInvite } from '../../protocol/invite.ts';
import { invitesOpenMax } from '../../protocol/limits.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { PairRequest } from '../../protocol/pairing.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { Address } from '../../protocol/transports/address.ts';
import type { Committer } from '../../store/committer.ts';
import { inviteKey, prefixRange } from '../../store/keys.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import { planRow, readRow } from '../../store/row-codec.ts';
import { pickName } from '../manager/names.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import type { WorkerDesk } from './worker-desk.ts';

/** The shape of an `i/` row. */
export const inviteRowSchema = z.object({
  oneTimeKey: z.string(),
  expiresAt: z.number(),
  usedBy: z.string().nullable(),
});

type InviteRow = z.infer<typeof inviteRowSchema>;

/** What the book needs. */
export interface InviteBookParts {
  readonly kv: Kv;
  readonly committer: Committer;
  readonly workers: WorkerDesk;
  readonly ports: Ports;
  readonly hubKey: PeerKey;
}

/** Life cycle: `open` reads the rows back; it holds no resource. */
export class InviteBook {
  readonly #parts: InviteBookParts;
  readonly #invites = new Map<string, InviteRow>();

  constructor(parts: InviteBookParts) {
    this.#parts = parts;
  }

  /** Reads open invites back and removes expired ones. */
  async open(): Promise<void> {
    const { kv, committer } = this.#parts;
    const range = {
      ...prefixRange('i/'),
      countMax: invitesOpenMax * 4,
      order: 'ascending',
    } as const;
    const rows = (await kv.range(range)).map((row) => readRow(inviteRowSchema, row));
    const expired = rows.filter((row) => this.#isExpired(row));
    for (const row of rows) if (!expired.includes(row)) this.#invites.set(row.oneTimeKey, row);
    if (expired.length === 0) return;
    await committer.commit(
      expired.map((row) => ({ type: 'del', key: inviteKey(row.oneTimeKey) }) as const),
    );
  }

  /** Makes an invite; it is on disk before the code is known to anybody. */
  async create(
    where: { readonly addresses: readonly Address[]; readonly rendezvous: readonly Address[] },
    ttlMs: number,
  ): Promise<NewInvite> {
    const { ports, hubKey, committer } = this.#parts;
    const forgotten = this.#forgetExpired();
    if (this.#invites.size >= invitesOpenMax) {
      throw new AppError('STORE_FULL', `${invitesOpenMax} invites are open already.`);
    }
    const { clock, random } = ports;
    const invite = createInvite({ hubKey, ...where, ttlMs, clock, random });
    const { oneTimeKey, expiresAt } = invite;
    const row: InviteRow = { oneTimeKey, expiresAt, usedBy: null };
    this.#invites.set(oneTimeKey, row);
    await committer.commit([...forgotten, planRow(inviteKey(oneTimeKey), row)]);
    return invite;
  }

  /** May this key knock? Called by the door for every stranger, so it is one look-up. */
  admits(key: PeerKey): boolean {
    const invite = this.#invites.get(key);
    return invite !== undefined && !this.#isExpired(invite);
  }

  /** Trusts the agent that came with this one-time key; resolves once that is on disk. */
  async pair(oneTimeKey: PeerKey, request: PairRequest): Promise<WorkerRecord> {
    const { workers, ports, committer } = this.#parts;
    const invite = this.#invites.get(oneTimeKey);
    if (invite === undefined || this.#isExpired(invite)) throw new AppError('INVITE_EXPIRED');
    const known = workers.find(request.key);
    if (invite.usedBy !== null) {
      if (invite.usedBy !== request.key || known?.revokedAt !== null) {
        throw new AppError('INVITE_USED');
      }
      // The pairing may still wait for the disk: what is written after it is on disk after it.
      await committer.commit([planRow(inviteKey(oneTimeKey), invite)]);
      return known;
    }
    const used: InviteRow = { ...invite, usedBy: request.key };
    this.#invites.set(oneTimeKey, used);
    const worker: WorkerRecord =
      known === undefined
        ? {
            key: request.key,
            name: pickName(workers.listTakenNames()),
            formerNames: [],
            kind: 'odally',
            host: request.host,
            pairedAt: Math.round(ports.clock.wallMs()),
            store: null,
            lastSeenAt: null,
            capabilities: null,
            revokedAt: null,
          }
        : { ...known, host: request.host, revokedAt: null };
    await workers.save(worker, 'worker-paired', [planRow(inviteKey(oneTimeKey), used)]);
    return worker;
  }

  #isExpired(invite: InviteRow): boolean {
    return this.#parts.ports.clock.wallMs() >= invite.expiresAt;
  }

  /** Drops what is over; the rows must go too, or they pile up before those that are still good. */
  #forgetExpired(): readonly KvOp[] {
    const expired = [...this.#invites.values()].filter((invite) => this.#isExpired(invite));
    for (const { oneTimeKey } of expired) this.#invites.delete(oneTimeKey);
    return expired.map(({ oneTimeKey }) => ({ type: 'del', key: inviteKey(oneTimeKey) }));
  }
}
