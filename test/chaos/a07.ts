/*
 * A7: the disk is full, on either side, for a while, again and again.
 *
 * First the store alone, 20 rounds on a tmpfs of 16 MiB for three sizes of values, and beside it what
 * plain classic-level does in the same rounds (a figure, not a promise). Then hub and agent as real
 * processes on small disks of their own.
 */
import { join } from 'node:path';
import { Level } from 'level';
import { openSystemPorts } from '../../protocol/ports.ts';
import { openLevelKv } from '../../store/open.ts';
import { openReopeningKv } from '../../store/reopen.ts';
import { openSmallDisk } from '../kit/small-disk.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { findMissing, type RoundStore, runRounds } from './disk/full-disk-rounds.ts';
import { runFullHomes } from './disk/full-homes.ts';

const rounds = 20;
const homeRounds = 6;

/** See the header. */
export const check: ChaosCheck = {
  id: 'A7',
  title: 'a full disk loses nothing acknowledged, ends nobody, and needs no hand',
  async run(report) {
    const figures: Record<string, number | string> = {};
    let missingCount = 0;
    for (const valueBytes of [100, 300, 1000]) {
      for (const kind of ['ours', 'plain'] as const) {
        const found = await runStore(kind, valueBytes);
        if (typeof found === 'string') return unavailable(found);
        const name = `${kind}, ${valueBytes} byte values: missing of acknowledged`;
        figures[name] = `${found.missing} of ${found.acked}`;
        report(`${name}: ${figures[name]}`);
        if (kind === 'ours') missingCount += found.missing;
      }
    }
    const homes = await runFullHomes(homeRounds, report);
    if (typeof homes === 'string') return unavailable(homes);
    const { faults, jobCount, refusedCount, outcomesInFull } = homes;
    Object.assign(figures, {
      'jobs accepted': jobCount,
      'refused for the disk': refusedCount,
      'outcomes while full': outcomesInFull,
      rounds: homeRounds,
    });
    const isSound = missingCount === 0 && faults.length === 0;
    const detail = isSound
      ? 'nothing acknowledged is missing; work was refused with a code and taken again by itself'
      : `${missingCount} acknowledged records are missing; ${faults.join('; ')}`;
    return { verdict: isSound ? 'passed' : 'failed', detail, figures };
  },
};

async function runStore(kind: 'ours' | 'plain', valueBytes: number) {
  const opening = await openSmallDisk(16);
  if (opening.kind === 'left-out') return opening.reason;
  await using disk = opening.disk;
  const path = join(disk.path, 'store');
  const store = kind === 'ours' ? await openOurs(path) : await openPlain(path);
  const plan = { rounds, valueBytes, perRound: 200, fullMs: 60 };
  const { acked } = await runRounds(store, disk, plan);
  const kv = await openLevelKv(path);
  const missing = await findMissing(kv, acked);
  await kv.close();
  return { missing: missing.length, acked: acked.length };
}

async function openOurs(path: string): Promise<RoundStore> {
  const kv = await openReopeningKv({
    open: () => openLevelKv(path),
    ports: openSystemPorts(),
    makeRoom: async () => undefined,
    changed: () => undefined,
  });
  return {
    write: (key, value) => kv.batch([{ type: 'put', key, value }], 'synced'),
    close: () => kv.close(),
  };
}

/** As it is used by those who trust it: a failed put is a failed put, the next one goes on. */
async function openPlain(path: string): Promise<RoundStore> {
  await (await openLevelKv(path)).close();
  const db = new Level<string, Uint8Array>(path, { valueEncoding: 'view' });
  await db.open();
  return {
    write: (key, value) => db.put(key, value, { sync: true }),
    close: () => db.close(),
  };
}

function unavailable(reason: string): ChaosOutcome {
  return { verdict: 'unavailable', detail: reason, figures: {} };
}
