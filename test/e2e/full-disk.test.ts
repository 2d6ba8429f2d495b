/*
 * A hub and an agent whose disks are really full for a while, one after the other.
 */
import { expect, test } from 'vitest';
import { runFullHomes } from '../chaos/disk/full-homes.ts';
import { whyNoSmallDisk } from '../kit/small-disk.ts';
import { titleOf } from '../kit/strace.ts';

const reason = await whyNoSmallDisk();

test.skipIf(reason !== undefined)(
  titleOf(
    'full disk: work is refused, what runs lives on, outcomes are kept, and nobody has to help',
    reason,
  ),
  async () => {
    const rounds: string[] = [];
    const result = await runFullHomes(2, (line) => rounds.push(line));
    if (typeof result === 'string') throw new Error(result);
    expect(result.faults).toEqual([]);
    expect([rounds.length, result.outcomesInFull]).toEqual([2, 2]);
    expect(result.refusedCount).toBeGreaterThanOrEqual(2);
  },
  120_000,
);
