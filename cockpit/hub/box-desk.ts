/*
 * The desk for boxes: how each worker's box is reached and how it came about.
 *
 * Several parts of the hub write one row: what installs a box, what spawned it, what upgrades it. So a
 * put replaces the fields that it names and leaves the rest. Invariant: what `find` gives is on disk, or
 * on its way there in the order of the puts. Errors: STORE_*.
 */
import type { PeerKey } from '../../protocol/model.ts';
import { boxKey, prefixRange } from '../../store/keys.ts';
import { planRow, readRow } from '../../store/row-codec.ts';
import { type BoxRecord, boxRowSchema } from '../manager/box.ts';
import type { EventNote } from './change.ts';
import { workersMax } from './desk-state.ts';
import type { Ledger } from './ledger.ts';

/** What may be said of a box; a field that is left out stays as it is. */
export type BoxFacts = Omit<BoxRecord, 'worker'>;

/** Keeps the rows; made by `openBoxes`. */
export class BoxDesk {
  readonly #ledger: Ledger;
  readonly #boxes: Map<PeerKey, BoxRecord>;
  #told: (worker: PeerKey) => void = () => undefined;

  constructor(ledger: Ledger, boxes: Map<PeerKey, BoxRecord>) {
    this.#ledger = ledger;
    this.#boxes = boxes;
  }

  /** Sets who is told whose record is another now. */
  follow(told: (worker: PeerKey) => void): void {
    this.#told = told;
  }

  /** All of them, in the order of their workers' keys. */
  list(): readonly BoxRecord[] {
    return [...this.#boxes.values()].sort((a, b) => (a.worker < b.worker ? -1 : 1));
  }

  find(worker: PeerKey): BoxRecord | undefined {
    return this.#boxes.get(worker);
  }

  /** Says more of a worker's box, with what goes into the journal; resolves once that is on disk. */
  async put(worker: PeerKey, facts: BoxFacts, note?: EventNote): Promise<BoxRecord> {
    const change = this.#ledger.begin();
    const box = { ...this.#boxes.get(worker), ...facts, worker };
    this.#boxes.set(worker, box);
    change.ops.push(planRow(boxKey(worker), box));
    if (note !== undefined) change.note(note);
    await this.#ledger.commit(change);
    this.#told(worker);
    return box;
  }

  /** Forgets how ssh gets onto the box; what else is known of it stays. */
  async forgetSsh(worker: PeerKey): Promise<void> {
    const box = this.#boxes.get(worker);
    if (box?.ssh === undefined) return;
    const { ssh: _, ...rest } = box;
    const change = this.#ledger.begin();
    this.#boxes.set(worker, rest);
    change.ops.push(planRow(boxKey(worker), rest));
    await this.#ledger.commit(change);
    this.#told(worker);
  }

  /** Forgets the box; nothing happens where there is none. */
  async remove(worker: PeerKey, note?: EventNote): Promise<void> {
    if (!this.#boxes.delete(worker)) return;
    const change = this.#ledger.begin();
    change.ops.push({ type: 'del', key: boxKey(worker) });
    if (note !== undefined) change.note(note);
    await this.#ledger.commit(change);
    this.#told(worker);
  }
}

/** The desk, with its rows read back. Errors: STORE_IO, STORE_DAMAGED. */
export async function openBoxes(ledger: Ledger): Promise<BoxDesk> {
  const range = { ...prefixRange('b/'), countMax: workersMax, order: 'ascending' } as const;
  const rows = await ledger.kv.range(range);
  const boxes = rows.map((row) => readRow(boxRowSchema, row));
  return new BoxDesk(ledger, new Map(boxes.map((box) => [box.worker, box])));
}
