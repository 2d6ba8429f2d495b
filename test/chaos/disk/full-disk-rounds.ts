/*
 * Rounds of a full disk under a store: fill it, write on, make room, see what of the acknowledged is
 * there after a clean close.
 *
 * The same rounds run over any way to open a store, so that ours and plain LevelDB can be set side
 * by side. What was acknowledged is kept outside the store.
 */
import type { Kv } from '../../../store/kv.ts';
import type { SmallDisk } from '../../kit/small-disk.ts';

/** What is under test. `write` may reject; then nothing was acknowledged. */
export interface RoundStore {
  write(key: string, value: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** What came of it. */
export interface RoundsResult {
  readonly acked: readonly string[];
  /** Acknowledged after the first round's disk was full. */
  readonly ackedLaterCount: number;
  readonly failedCount: number;
}

/** How the rounds go. */
export interface RoundsPlan {
  readonly rounds: number;
  readonly valueBytes: number;
  readonly perRound: number;
  /** How long the disk stays full while writes go on, milliseconds. */
  readonly fullMs: number;
}

/** Runs the rounds; the store is closed after them. */
export async function runRounds(
  store: RoundStore,
  disk: SmallDisk,
  plan: RoundsPlan,
): Promise<RoundsResult> {
  const acked: string[] = [];
  let failedCount = 0;
  let firstFullAt = 0;
  let next = 0;
  const writeMany = (count: number): Promise<void>[] =>
    Array.from({ length: count }, () => {
      const key = `k${String(next).padStart(7, '0')}`;
      next += 1;
      return store.write(key, noise(next, plan.valueBytes)).then(
        () => void acked.push(key),
        () => {
          failedCount += 1;
        },
      );
    });
  for (let round = 0; round < plan.rounds; round += 1) {
    await Promise.all(writeMany(plan.perRound / 4));
    await disk.fill();
    if (round === 0) firstFullAt = acked.length;
    const inFull = writeMany(plan.perRound / 2);
    await pause(plan.fullMs);
    await disk.free();
    await Promise.all(inFull);
    await Promise.all(writeMany(plan.perRound / 4));
  }
  await store.close();
  return { acked, ackedLaterCount: acked.length - firstFullAt, failedCount };
}

/** Which of these keys a store does not have. */
export async function findMissing(kv: Kv, keys: readonly string[]): Promise<readonly string[]> {
  const range = { gte: 'k', lt: 'l', countMax: 1e7, order: 'ascending' } as const;
  const kept = new Set((await kv.range(range)).map(({ key }) => key));
  return keys.filter((key) => !kept.has(key));
}

/** Bytes that do not compress, other ones for each seed. */
function noise(seed: number, count: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
