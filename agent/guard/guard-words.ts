/*
 * What an agent and its guard say to each other: one JSON value a line, over the guard's stdin and stdout.
 *
 * The agent states all leases at once, so that what it leaves out is released and any line may be
 * lost to a newer one. The guard says which moment it is by its own clocks, and the agent counts
 * from the newest of these: so no clock is shared, and a line that was long under way makes a lease
 * shorter, never longer. What cannot be read is undefined. No schema library here: the guard is small.
 */
import type { LeaseInstant } from '../../protocol/machines/renewal.ts';
import { guardLineBytesMax } from './limits.ts';

/** One attempt that must end with its lease. */
export interface GuardRow {
  /** What its processes carry. */
  readonly mark: string;
  /** 0 while it is not known; then the mark alone finds them. */
  readonly pid: number;
  readonly start: string;
  /** The lease holds for so long after the table's `from`; not above zero: it is over. */
  readonly forMs: number;
  /** It was asked to end already, and is killed without being asked again. */
  readonly isEnding: boolean;
}

/** All leases, counted from one moment of the guard's. */
export interface GuardTable {
  readonly from: LeaseInstant;
  readonly rows: readonly GuardRow[];
}

/** What a guard says: which moment it is, or that it ends the work of this mark. */
export type GuardWord =
  | ({ readonly t: 'tick' } & LeaseInstant)
  | { readonly t: 'ended'; readonly mark: string };

/** One value as its line. */
export function writeLine(value: GuardTable | GuardWord): string {
  return `${JSON.stringify(value)}\n`;
}

/** The agent's line, read by the guard. */
export function readTable(line: string): GuardTable | undefined {
  const { from, rows } = readObject(line);
  if (!isInstant(from) || !Array.isArray(rows) || !rows.every(isRow)) return undefined;
  return { from, rows };
}

/** The guard's line, read by the agent. */
export function readWord(line: string): GuardWord | undefined {
  const word = readObject(line);
  const { t, mark } = word;
  if (t === 'ended' && typeof mark === 'string') return { t, mark };
  if (t !== 'tick' || !isInstant(word)) return undefined;
  const { monotonicMs, uptimeMs } = word;
  return { t, monotonicMs, uptimeMs };
}

/** Cuts what arrives into lines. A line over the cap is dropped whole. */
export class LineCutter {
  #rest = '';
  #isSkipping = false;

  /** The lines that are whole now. */
  push(text: string): readonly string[] {
    const parts = `${this.#rest}${text}`.split('\n');
    this.#rest = parts.pop() ?? '';
    if (this.#isSkipping && parts.length > 0) {
      parts.shift();
      this.#isSkipping = false;
    }
    if (this.#rest.length > guardLineBytesMax) {
      this.#rest = '';
      this.#isSkipping = true;
    }
    return parts.filter((line) => line.length <= guardLineBytesMax);
  }
}

function readObject(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    // Half a line of a peer that was killed while it wrote.
    return {};
  }
}

function isInstant(value: unknown): value is LeaseInstant {
  if (typeof value !== 'object' || value === null) return false;
  const { monotonicMs, uptimeMs } = value as Record<string, unknown>;
  return isTime(monotonicMs) && isTime(uptimeMs);
}

function isRow(value: unknown): value is GuardRow {
  if (typeof value !== 'object' || value === null) return false;
  const { mark, pid, start, forMs, isEnding } = value as Record<string, unknown>;
  // An empty mark would be carried by everything, and a pid of 1 or less names more than one process.
  const isNamed = typeof mark === 'string' && mark !== '' && typeof start === 'string';
  const isPid = Number.isSafeInteger(pid) && (pid === 0 || Number(pid) > 1);
  return isNamed && isPid && isTime(forMs) && typeof isEnding === 'boolean';
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
