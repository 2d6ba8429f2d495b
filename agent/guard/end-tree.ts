/*
 * Ends everything of one attempt whose agent may be dead.
 *
 * As the agent does it: TERM to the group, KILL after the grace, then whatever carries the mark. The
 * group is the attempt's only while its leader has the start time that it had, because pids are
 * reused; who was in it is written down before anything is signalled, for then the leader may go.
 * Without /proc nothing can be told for sure, and nothing is signalled.
 */
import { type Ports, sleep } from '../../protocol/ports.ts';
import { groupPollMs } from '../work/limits.ts';
import { findProcess, listProcesses } from '../work/process-table.ts';
import { isGroupLiving, killTree, signalGroup } from '../work/reaper.ts';
import type { GuardRow } from './guard-words.ts';

/** What it is ended with. `graceMs`: from TERM to KILL. */
export interface EndTreeParts {
  readonly ports: Pick<Ports, 'clock' | 'timers'>;
  readonly graceMs: number;
}

/** Does the command itself run? False where that cannot be told. */
export function isLeaderRunning({ pid, start }: GuardRow): boolean {
  const row = findProcess(pid);
  return row !== undefined && String(row.start) === start && !row.isZombie;
}

/** Resolves when nothing of it lives, or what lives cannot be killed. */
export async function endTree(row: GuardRow, { ports, graceMs }: EndTreeParts): Promise<void> {
  const named = { pid: row.pid, start: row.start, mark: row.mark };
  // A pid that is not known: the mark alone finds them, among all processes there are.
  const leader = row.pid === 0 ? { ...named, start: '0' } : named;
  const members = ownsGroup(row) ? listProcesses().filter(({ group }) => group === row.pid) : [];
  if (ownsGroup(row) && !row.isEnding) {
    signalGroup(row.pid, 'SIGTERM');
    const endsAt = ports.clock.monotonicMs() + graceMs;
    while (isGroupLiving(leader) && ports.clock.monotonicMs() < endsAt) {
      await sleep(ports.timers, groupPollMs);
    }
  }
  await killTree({ leader, ownsGroup: ownsGroup(row), members }, ports.timers);
}

function ownsGroup({ pid, start }: GuardRow): boolean {
  return pid !== 0 && String(findProcess(pid)?.start) === start;
}
