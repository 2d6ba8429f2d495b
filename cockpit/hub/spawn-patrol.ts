/*
 * What time does to spawned boxes: steps that are due, boxes past their time, and pools to be filled.
 *
 * It keeps no timer: the desk sleeps until the earliest of `listDues`, and then ticks. An idle box past its time
 * goes only when nothing on it is unlanded; one that has work stays, and that is said once.
 */
import { wrapError } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { Ports } from '../../protocol/ports.ts';
import { keptLookMs, upsAtOnceMax } from '../fleet/spawn/limits.ts';
import type { Source } from '../fleet/spawn/maker.ts';
import type { Provider } from '../fleet/spawn/provider.ts';
import { findSpawnDeadline } from '../manager/spawn-machine.ts';
import { planPool } from '../manager/spawn-pool.ts';
import type { SpawnEvent, SpawnRecord } from '../manager/spawn-state.ts';
import {
  describeUnlanded,
  listUnlanded,
  type Unlanded,
  type WorkFact,
} from '../manager/unlanded.ts';
import type { SpawnBook } from './spawn-book.ts';
import { planNames } from './spawn-names.ts';

/** What it needs. */
export interface SpawnPatrolParts {
  readonly book: SpawnBook;
  readonly sources: ReadonlyMap<string, Source>;
  readonly listTakenNames: () => ReadonlySet<string>;
  readonly ports: Ports;
  /** Is the worker of a box that is ready still trusted? */
  readonly isTrusted: (record: SpawnRecord) => boolean;
  /** A box of this name that nobody has asked for yet. */
  readonly draw: (name: string, provider: Provider) => SpawnRecord;
  readonly readWork: (record: SpawnRecord) => Promise<readonly WorkFact[]>;
  readonly countHeld: (worker: PeerKey) => number;
  readonly happened: (name: string, event: SpawnEvent) => Promise<void>;
  /** Other instants are due than before. */
  readonly planned: () => void;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
}

/** While a box is judged it is not judged again. */
const judging = Number.POSITIVE_INFINITY;

/** Lives as long as its desk. */
export class SpawnPatrol {
  readonly #parts: SpawnPatrolParts;
  /** Boxes past their time that have work, and when they are looked at again. */
  readonly #keptUntil = new Map<string, number>();

  constructor(parts: SpawnPatrolParts) {
    this.#parts = parts;
  }

  /** Monotonic instants; the wall's are turned into time left. */
  listDues(): readonly number[] {
    const { clock } = this.#parts.ports;
    const nowMs = clock.monotonicMs();
    const fromWall = (at: number) => nowMs + Math.max(0, at - clock.wallMs());
    const boxes = this.#parts.book.list();
    const steps = boxes.flatMap(({ state }) => findSpawnDeadline(state) ?? []);
    const times = boxes.flatMap((record) => {
      const at = record.state.is === 'ready' ? findEnd(record) : undefined;
      return at === undefined ? [] : [this.#keptUntil.get(record.name) ?? fromWall(at)];
    });
    const asked =
      this.#mayBegin() && boxes.some(({ state }) => state.is === 'asked') ? [nowMs] : [];
    const pools = [...this.#parts.sources.values()].flatMap((source) => {
      const { makeCount, surplus, waitUntil } = this.#planPool(source);
      if (makeCount > 0) return [nowMs];
      if (waitUntil !== undefined) return [fromWall(waitUntil)];
      return surplus.length > 0 ? [nowMs + keptLookMs] : [];
    });
    return [...steps, ...times, ...asked, ...pools];
  }

  /** Does what is due now. */
  async tick(): Promise<void> {
    const nowMs = this.#parts.ports.clock.monotonicMs();
    for (const { name, state } of this.#parts.book.list()) {
      if (state.is === 'asked' && this.#mayBegin())
        await this.#parts.happened(name, { type: 'begin' });
      const dueMs = findSpawnDeadline(state);
      if (dueMs !== undefined && dueMs <= nowMs) await this.#parts.happened(name, { type: 'tick' });
    }
    // A worker may take long to say what it owes, and holds up no other box.
    for (const record of this.#parts.book.list()) this.#judgeTime(record);
    for (const source of this.#parts.sources.values()) await this.#fill(source);
  }

  #mayBegin(): boolean {
    const making = this.#parts.book.list().filter(({ state }) => state.is === 'making');
    return making.length < upsAtOnceMax;
  }

  /** A worker may take long to say what it owes, and holds up no other box meanwhile. */
  #judgeTime(record: SpawnRecord): void {
    const { name, state } = record;
    const nowMs = this.#parts.ports.clock.monotonicMs();
    const until = this.#keptUntil.get(name);
    if (state.is !== 'ready' || !this.#isPastTime(record)) {
      if (until !== judging) this.#keptUntil.delete(name);
      return;
    }
    if (until !== undefined && nowMs < until) return;
    this.#keptUntil.set(name, judging);
    this.#judge(record, until === undefined).catch(this.#parts.failed);
  }

  #isPastTime(record: SpawnRecord): boolean {
    const endsAt = findEnd(record);
    return endsAt !== undefined && this.#wallMs() >= endsAt;
  }

  /** An idle box past its time goes; one that has work stays, and that is said once. */
  async #judge(record: SpawnRecord, isNews: boolean): Promise<void> {
    const { name } = record;
    const { book, countHeld, happened, ports } = this.#parts;
    const unlanded = await this.#listUnlanded(record);
    if (unlanded !== undefined && unlanded.length > 0 && isNews)
      await book.note(record, 'box-kept', describeUnlanded(unlanded));
    this.#keptUntil.set(name, ports.clock.monotonicMs() + keptLookMs);
    const now = book.find(name);
    // Work may have come meanwhile, or somebody who took it out of the pool; from here to the step nothing else runs.
    const isIdle = now?.state.is === 'ready' && countHeld(now.state.worker) === 0;
    if (unlanded?.length === 0 && isIdle && this.#isPastTime(now)) {
      this.#keptUntil.delete(name);
      await happened(name, { type: 'release', why: 'its time is over' });
    } else this.#parts.planned();
  }

  /** Undefined where it cannot be read now (the disk may be full): then nothing is let go. */
  async #listUnlanded(record: SpawnRecord): Promise<readonly Unlanded[] | undefined> {
    try {
      return listUnlanded(await this.#parts.readWork(record));
    } catch (thrown) {
      const { message } = wrapError(thrown, 'STORE_IO');
      this.#parts.noticed(`what ${record.name} owes cannot be read now: ${message}`);
      return undefined;
    }
  }

  async #fill(source: Source): Promise<void> {
    const { name } = source.provider;
    const { makeCount, surplus } = this.#planPool(source);
    if (makeCount > 0) {
      const taken = this.#parts.listTakenNames();
      const names = planNames({ count: makeCount, taken });
      const made = names.map((one) => ({
        ...this.#parts.draw(one, source.provider),
        isPooled: true,
      }));
      await this.#parts.book.add(made);
    }
    for (const one of surplus) {
      const record = this.#parts.book.find(one);
      if (record?.state.is !== 'ready') continue;
      if ((await this.#listUnlanded(record))?.length !== 0) continue;
      if (this.#parts.countHeld(record.state.worker) > 0) continue;
      // Somebody may have taken it meanwhile, or another one.
      if (!this.#planPool(source).surplus.includes(one)) continue;
      const why = `the pool of ${name} is smaller now`;
      await this.#parts.happened(one, { type: 'release', why });
    }
  }

  #planPool({ provider }: Source) {
    const { name } = provider;
    const boxes = this.#parts.book.list().filter(({ provider: of }) => of === name);
    const given = {
      boxes: boxes.map((record) => this.#judgeUse(record)),
      pool: this.#parts.book.pool(name),
    };
    return planPool(provider, given, this.#wallMs());
  }

  /** Nobody has any use of a box whose worker is trusted no more: it costs, and is in no pool. */
  #judgeUse(record: SpawnRecord): SpawnRecord {
    const isOfUse = record.state.is !== 'ready' || this.#parts.isTrusted(record);
    return isOfUse ? record : { ...record, isPooled: false };
  }

  #wallMs(): number {
    return Math.round(this.#parts.ports.clock.wallMs());
  }
}

/** When an idle box is let go, wall milliseconds; undefined where that was not said. */
export function findEnd({ readyAt, ttlMs }: SpawnRecord): number | undefined {
  return readyAt === undefined || ttlMs === undefined ? undefined : readyAt + ttlMs;
}
