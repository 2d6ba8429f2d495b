/*
 * Lives of a guest on one disk, one after the other, each but the last ended by a cut of its power.
 *
 * Each life judges what those before it were promised. With syncs that lie the disk must be seen to
 * forget; without that a run that loses nothing would prove nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packFirstFiles } from './first-files.ts';
import { bootMachine, type MachineParts } from './machine.ts';
import { proofFiles } from './plan.ts';
import type { GuestTools } from './tools.ts';

/** What is cut, and how often. */
export interface GuestCutPlan {
  readonly cuts: number;
  readonly seed: number;
  readonly syncs: 'honest' | 'lying';
}

/** What was left. */
export interface GuestCutResult {
  readonly acceptedCount: number;
  readonly endedCount: number;
  /** Of the first life that found any; none where all was there. */
  readonly faults: readonly string[];
}

/** Room enough that no watermark is reached; the file has holes where nothing was written. */
const diskBytes = 2 * 1024 ** 3;

/** Runs the lives. */
export async function runGuestCuts(
  tools: GuestTools,
  plan: GuestCutPlan,
  report: (line: string) => void,
): Promise<GuestCutResult> {
  const place = mkdtempSync(join(tmpdir(), 'wally-guest-'));
  try {
    const parts = makeParts(tools, place);
    let faults: readonly string[] = [];
    for (let cut = 0; cut <= plan.cuts && faults.length === 0; cut += 1) {
      faults = await runLife(parts, plan, cut);
      const accepted = countLines(parts, 'accepted');
      const words = faults.length === 0 ? 'all is there' : faults.slice(0, 3).join('; ');
      report(
        `${plan.syncs} syncs, life ${cut + 1}: ${words}; ${accepted} jobs accepted by its end`,
      );
    }
    return {
      acceptedCount: countLines(parts, 'accepted'),
      endedCount: countLines(parts, 'ended'),
      faults,
    };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Boots, hears what is left of the promises, then cuts; the last life is not cut amid work. */
async function runLife(
  parts: MachineParts,
  plan: GuestCutPlan,
  cut: number,
): Promise<readonly string[]> {
  const { cuts, seed, syncs } = plan;
  const afterJobs = 16 + ((cut * 13 + seed * 7) % 24);
  const afterMs = (cut * 131 + seed * 17) % 900;
  await using machine = bootMachine(parts, {
    ...(cut < cuts ? { cut: { afterJobs, afterMs } } : {}),
    ...(syncs === 'lying' ? { preload: parts.tools.lyingSyncs } : {}),
  });
  const { faults } = await machine.hear('judged');
  // Nothing was promised yet: that is not what is looked for here.
  if (cut === 0 && faults.length > 0) throw new Error(`the guest does not work: ${faults[0]}`);
  if (faults.length > 0 || cut === cuts) return faults;
  const { status } = await machine.hear('dropping');
  if (status !== 0) throw new Error(`dmsetup did not switch to the table that drops: ${status}`);
  // For a while all seems well inside, and nothing of it is kept.
  await sleep((cut * 97 + seed * 31) % 900);
  return [];
}

function makeParts(tools: GuestTools, place: string): MachineParts {
  const proof = join(place, 'proof');
  mkdirSync(proof);
  const disk = join(place, 'disk');
  writeFileSync(disk, '');
  truncateSync(disk, diskBytes);
  const { status, stderr } = spawnSync(tools.mkfs, ['-q', '-F', disk], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mkfs: ${stderr}`);
  return { tools, firstFiles: packFirstFiles(tools, place), disk, proof };
}

function countLines({ proof }: MachineParts, file: 'accepted' | 'ended'): number {
  try {
    return readFileSync(join(proof, proofFiles[file]), 'utf8').split('\n').length - 1;
  } catch {
    // Nothing was noted yet.
    return 0;
  }
}
