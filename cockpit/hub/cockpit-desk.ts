/*
 * The desk for cockpits on other machines: which keys may look in, and the links on which they do.
 *
 * A cockpit's key opens the control conversation and nothing else; it is never a worker's. Several
 * programs of one cockpit may be linked at once, as they may on the hub's own box. Invariant: what is
 * revoked is told to nobody any more: its links end, with a code, before the revoke is answered.
 * Errors: COCKPIT_UNKNOWN, PAIR_EXISTS, STORE_FULL, STORE_*.
 */
import type { ServedControl } from '../../protocol/control.ts';
import { AppError } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { PairRequest } from '../../protocol/pairing.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { Link } from '../../protocol/transports/link.ts';
import { cockpitKey, prefixRange } from '../../store/keys.ts';
import type { KvOp } from '../../store/kv.ts';
import { planRow, readRow } from '../../store/row-codec.ts';
import { type CockpitRecord, cockpitRowSchema, nameCockpit } from '../manager/cockpit.ts';
import type { HubParts } from './hub-parts.ts';
import type { Ledger } from './ledger.ts';
import { cockpitLinksMax, cockpitsMax } from './limits.ts';
import type { WorkerDesk } from './worker-desk.ts';

/** What the desk needs. */
export interface CockpitDeskParts {
  readonly ledger: Ledger;
  readonly workers: WorkerDesk;
  readonly ports: Ports;
  /** Holds the control conversation on a link. */
  readonly serve: (link: Link) => ServedControl;
  readonly noticed: (line: string) => void;
}

/** Life cycle: `open` reads the rows back; `stop` ends the links; safe to repeat. */
export class CockpitDesk {
  readonly #parts: CockpitDeskParts;
  readonly #cockpits = new Map<PeerKey, CockpitRecord>();
  readonly #links = new Map<PeerKey, Set<ServedControl>>();

  constructor(parts: CockpitDeskParts) {
    this.#parts = parts;
  }

  async open(): Promise<void> {
    const range = { ...prefixRange('cp/'), countMax: cockpitsMax, order: 'ascending' } as const;
    for (const row of await this.#parts.ledger.kv.range(range)) {
      const cockpit = readRow(cockpitRowSchema, row);
      this.#cockpits.set(cockpit.key, cockpit);
    }
  }

  /** Those that are trusted, in the order of their names. */
  list(): readonly CockpitRecord[] {
    return [...this.#cockpits.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  has(key: PeerKey): boolean {
    return this.#cockpits.has(key);
  }

  find(key: PeerKey): CockpitRecord | undefined {
    return this.#cockpits.get(key);
  }

  /** The cockpit of this name. Errors: COCKPIT_UNKNOWN. */
  getByName(name: string): CockpitRecord {
    const cockpit = this.list().find((one) => one.name === name);
    if (cockpit !== undefined) return cockpit;
    throw new AppError('COCKPIT_UNKNOWN', `There is no cockpit named "${name}".`);
  }

  /** Links that it has open now. */
  countLinks(key: PeerKey): number {
    return this.#links.get(key)?.size ?? 0;
  }

  /** Serves the link if it is that of a cockpit; says whether it was. */
  take(link: Link): boolean {
    const cockpit = this.#cockpits.get(link.peerKey);
    if (cockpit === undefined) return false;
    const links = this.#links.get(cockpit.key) ?? new Set();
    if (links.size >= cockpitLinksMax) {
      link.close('STORE_FULL');
      return true;
    }
    const served = this.#parts.serve(link);
    this.#links.set(cockpit.key, links.add(served));
    void served.ended.then(() => links.delete(served));
    this.#noteSeen(cockpit);
    return true;
  }

  /**
   * Trusts who came with an invite; resolves once that is on disk, in one batch with what `use` plans. An
   * invite whose bearer is refused stays unused.
   */
  async pair({ key, host }: PairRequest, use: () => readonly KvOp[]): Promise<CockpitRecord> {
    const { ledger, workers, noticed } = this.#parts;
    if (workers.find(key) !== undefined) {
      throw new AppError('PAIR_EXISTS', 'This key is a worker’s; a cockpit needs one of its own.');
    }
    if (this.#cockpits.size >= cockpitsMax && !this.has(key)) {
      throw new AppError('STORE_FULL', `${cockpitsMax} cockpits are paired already.`);
    }
    const change = ledger.begin();
    const taken = new Set([...workers.listTakenNames(), ...this.list().map(({ name }) => name)]);
    const known = this.#cockpits.get(key);
    const fresh = { key, name: nameCockpit(host, taken), lastSeenAt: null };
    const cockpit = { ...(known ?? fresh), host, pairedAt: change.at };
    this.#cockpits.set(key, cockpit);
    change.ops.push(planRow(cockpitKey(key), cockpit), ...use());
    change.note({ kind: 'cockpit-paired', note: cockpit.name });
    await ledger.commit(change);
    noticed(`paired the cockpit ${cockpit.name} (${key.slice(0, 8)}) on ${host}`);
    return cockpit;
  }

  /** Ends the trust in a cockpit, on disk and on the wire. */
  async revoke({ key, name }: CockpitRecord): Promise<void> {
    const { ledger, noticed } = this.#parts;
    const change = ledger.begin();
    this.#cockpits.delete(key);
    for (const served of this.#links.get(key) ?? []) served.end('COCKPIT_REVOKED');
    this.#links.delete(key);
    change.ops.push({ type: 'del', key: cockpitKey(key) });
    change.note({ kind: 'cockpit-revoked', note: name });
    await ledger.commit(change);
    noticed(`revoked the cockpit ${name} (${key.slice(0, 8)})`);
  }

  stop(): void {
    for (const links of this.#links.values())
      for (const served of links) served.end('HUB_STOPPING');
  }

  /** Nobody waits for it; what is lost of it is an age. */
  #noteSeen(cockpit: CockpitRecord): void {
    const { ledger, ports } = this.#parts;
    const seen = { ...cockpit, lastSeenAt: Math.round(ports.clock.wallMs()) };
    this.#cockpits.set(cockpit.key, seen);
    ledger.defer([planRow(cockpitKey(cockpit.key), seen)]);
  }
}

/** Opens the desk and reads back who is known. */
export async function openCockpits(
  parts: Omit<CockpitDeskParts, 'serve'> & Pick<HubParts, 'serveCockpit'>,
): Promise<CockpitDesk> {
  const desk = new CockpitDesk({ ...parts, serve: parts.serveCockpit });
  await desk.open();
  return desk;
}
