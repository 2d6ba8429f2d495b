/*
 * All that can be read of a damaged store, and word of everything that cannot.
 *
 * It reads LevelDB's own files and opens nothing: every change has a number, so the newest of a row wins wherever it
 * lies, and a number that is missing among the logs is a change that is gone. What the database says it has
 * (its MANIFEST) is compared with what there is. Nothing is written. Errors: STORE_IO.
 * Source: LevelDB 1.20, doc/impl.md.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wrapError } from '../../protocol/errors.ts';
import type { KvRow } from '../kv.ts';
import { compareKeys } from '../sorted-rows.ts';
import { readLevelLog } from './level-log.ts';
import { readLevelTable } from './level-table.ts';
import {
  type LevelEntry,
  type LevelVersion,
  readBatch,
  readVersion,
  UnfitError,
} from './level-values.ts';
import { readAround } from './read-around.ts';

/** What was read. */
export interface Salvage {
  /** Every row that is, in the order of their keys. */
  readonly rows: readonly KvRow[];
  /** What is surely, or may be, gone: a sentence each. */
  readonly lost: readonly string[];
  /** What was damaged and could be read all the same. */
  readonly mended: readonly string[];
  /** Bytes at the end of a log that are no record: usual after a loss of power. */
  readonly tornBytes: number;
  /** May a newer change of this row be among those that logs or tables lost? */
  readonly isMaybeOld: (key: string) => boolean;
}

/** Reads the store in this directory. */
export async function salvageStore(directory: string): Promise<Salvage> {
  const reading = new Reading(directory);
  try {
    await reading.run();
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
  return reading.result;
}

/** Keys of rows, both within; undefined where it is not known. */
interface RowRange {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

interface Newest {
  readonly sequence: number;
  readonly value: Uint8Array | null;
}

class Reading {
  readonly #directory: string;
  readonly #rows = new Map<string, Newest>();
  readonly #lost: string[] = [];
  readonly #mended: string[] = [];
  #tornBytes = 0;
  /** All changes that the logs are known to have lost are below this number. */
  #lostBelow = 0;
  /** The rows that lost tables, or parts of tables, may have had. */
  readonly #lostRanges: RowRange[] = [];
  /** The first change in the logs: all that tables have is older. */
  #logBegin = Number.POSITIVE_INFINITY;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get result(): Salvage {
    const rows = [...this.#rows].flatMap(([key, { value }]) =>
      value === null ? [] : [{ key, value }],
    );
    return {
      rows: rows.toSorted((a, b) => compareKeys(a.key, b.key)),
      lost: this.#lost,
      mended: this.#mended,
      tornBytes: this.#tornBytes,
      isMaybeOld: (key) => this.#isMaybeOld(key),
    };
  }

  #isMaybeOld(key: string): boolean {
    const sequence = this.#rows.get(key)?.sequence ?? 0;
    if (sequence < this.#lostBelow) return true;
    if (sequence >= this.#logBegin) return false;
    return this.#lostRanges.some(
      ({ from, to }) =>
        (from === undefined || compareKeys(from, key) <= 0) &&
        (to === undefined || compareKeys(key, to) <= 0),
    );
  }

  async run(): Promise<void> {
    const names = await readdir(this.#directory);
    const version = await this.#readVersion(names);
    await this.#readTables(names, version);
    await this.#readLogs(names, version);
  }

  /** What the database says it has; undefined where it cannot say any more. */
  async #readVersion(names: readonly string[]): Promise<LevelVersion | undefined> {
    const current = await readFile(join(this.#directory, 'CURRENT'), 'utf8').catch(() => '');
    // As LevelDB reads it: without the end of the line it is damage.
    const named = /^(MANIFEST-\d+)\n$/.exec(current)?.[1] ?? '';
    const newest = names
      .filter((name) => /^MANIFEST-\d+$/.test(name))
      .toSorted()
      .at(-1);
    const manifest = names.includes(named) ? named : newest;
    if (manifest !== named) this.#mended.push('CURRENT does not name what the store has');
    if (manifest === undefined) {
      this.#mended.push('the MANIFEST is missing: every table and log that is there was read');
      return undefined;
    }
    const { records, gaps, isRefused } = readLevelLog(await this.#read(manifest));
    if (records.some(({ isMended }) => isMended))
      this.#mended.push(`a byte of ${manifest} was put right`);
    const isWhole = !isRefused && !gaps.some(({ kind }) => kind === 'middle') && records.length > 0;
    try {
      if (isWhole) return readVersion(records.map(({ bytes }) => bytes));
    } catch (thrown) {
      if (!(thrown instanceof UnfitError)) throw thrown;
    }
    this.#mended.push(`${manifest} is damaged: every table and log that is there was read`);
    return undefined;
  }

  async #readTables(names: readonly string[], version: LevelVersion | undefined): Promise<void> {
    const there = new Map(
      names.flatMap((name) => {
        const number = /^(\d+)\.(ldb|sst)$/.exec(name)?.[1];
        return number === undefined ? [] : [[Number(number), name] as const];
      }),
    );
    for (const { number, smallest, largest } of version?.tables.values() ?? []) {
      if (there.has(number)) continue;
      this.#lost.push(`the table ${number} is missing: rows from ${smallest} to ${largest}`);
      this.#lostRanges.push({ from: smallest, to: largest });
    }
    for (const [number, name] of there) {
      // What was replaced and not removed yet may hold rows that were removed since.
      if (version !== undefined && !version.tables.has(number)) continue;
      const { entries, lost, mendedCount, guideCount } = readLevelTable(await this.#read(name));
      for (const entry of entries) this.#take(entry);
      if (mendedCount > 0) this.#mended.push(`${mendedCount} bytes of ${name} were put right`);
      if (guideCount > 0) this.#mended.push(`what finds rows in ${name} was made anew`);
      const named = version?.tables.get(number);
      for (const { after, through } of lost) {
        const from =
          after === null ? `from ${named?.smallest ?? 'its beginning'}` : `after ${after}`;
        const to = through ?? named?.largest ?? 'its end';
        this.#lost.push(`a part of ${name} cannot be read: rows ${from} to ${to}`);
        const bounds = { from: after ?? named?.smallest, to: through ?? named?.largest };
        this.#lostRanges.push(bounds);
      }
    }
  }

  async #readLogs(names: readonly string[], version: LevelVersion | undefined): Promise<void> {
    const logs = names.filter((name) => /^\d+\.log$/.test(name));
    const wanted = logs.filter((name) => Number.parseInt(name, 10) >= (version?.logNumber ?? 0));
    let next: number | undefined;
    for (const name of wanted.toSorted()) {
      const { records, gaps } = readLevelLog(await this.#read(name));
      if (records.some(({ isMended }) => isMended))
        this.#mended.push(`a byte of ${name} was put right`);
      for (const { bytes } of records) {
        const batch = tryReadBatch(bytes);
        if (batch === undefined) {
          this.#loseBelow(Number.POSITIVE_INFINITY, `a record of ${name} makes no sense`);
          continue;
        }
        if (next !== undefined && batch.first > next) {
          this.#loseBelow(
            batch.first,
            `${batch.first - next} changes are missing in ${name} (${next} to ${batch.first - 1})`,
          );
        }
        for (const entry of batch.entries) this.#take(entry);
        this.#logBegin = Math.min(this.#logBegin, batch.first);
        next = Math.max(next ?? 0, batch.first + batch.entries.length);
      }
      for (const { at, bytes, kind } of gaps) {
        if (kind === 'middle')
          this.#mended.push(`${bytes} bytes of ${name} at ${at} are no record`);
        else this.#tornBytes += bytes;
      }
      // The first record is where the order begins, so what was before it shows only here.
      const [first] = records;
      if (first === undefined || first.at === 0) continue;
      const begin = tryReadBatch(first.bytes)?.first ?? Number.POSITIVE_INFINITY;
      this.#loseBelow(begin, `the beginning of ${name} cannot be read`);
    }
    this.#checkFirst(wanted, version);
  }

  /** A log that the database goes on from must be there. */
  #checkFirst(wanted: readonly string[], version: LevelVersion | undefined): void {
    if (version === undefined || version.logNumber === 0) return;
    if (wanted.some((name) => Number.parseInt(name, 10) === version.logNumber)) return;
    const why = `the log ${version.logNumber} is missing: the newest changes`;
    this.#loseBelow(Number.POSITIVE_INFINITY, why);
  }

  #loseBelow(number: number, why: string): void {
    this.#lost.push(why);
    this.#lostBelow = Math.max(this.#lostBelow, number);
  }

  #take({ key, sequence, value }: LevelEntry): void {
    const known = this.#rows.get(key);
    if (known === undefined || known.sequence <= sequence) this.#rows.set(key, { sequence, value });
  }

  async #read(name: string): Promise<Uint8Array> {
    const { bytes, unreadBytes } = await readAround(join(this.#directory, name));
    if (unreadBytes > 0)
      this.#mended.push(`${unreadBytes} bytes of ${name} cannot be read from the disk`);
    return bytes;
  }
}

function tryReadBatch(bytes: Uint8Array): ReturnType<typeof readBatch> | undefined {
  try {
    return readBatch(bytes);
  } catch (thrown) {
    if (thrown instanceof UnfitError) return undefined;
    throw thrown;
  }
}
