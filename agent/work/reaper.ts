/*
 * Finds and kills what is left of an attempt's tree.
 *
 * A process is killed only if it is surely ours: it is in the command's own process group, was seen in
 * its tree, or carries its mark in the environment (tools that start their own session leave the group).
 * Every pid is checked against its start time right before the kill, because pids are reused.
 * Environments are read only of processes no older than the command: those of others are not our business.
 */
import type { Timers } from '../../protocol/ports.ts';
import { sleep } from '../../protocol/ports.ts';
import { markVariable } from './environment.ts';
import { reapPauseMs, reapRoundsMax, unsureLooksMax } from './limits.ts';
import type { ProcessRow } from './process-table.ts';
import { findMark, findProcess, hasEnvironment, listPids, listProcesses } from './process-table.ts';
import type { ProcessName } from './usage-meter.ts';
import type { ProcessMark } from './work.ts';

/** The tree of one attempt. */
export interface Tree {
  readonly leader: ProcessMark;
  /** Is the group of the leader's pid still ours? Not when the pid may have been reused. */
  readonly ownsGroup: boolean;
  /** Processes seen in the tree, also those that have left the group. */
  readonly members: readonly ProcessName[];
}

/**
 * Kills the tree and looks again, until nothing of it lives: a tree may fork while it is being killed.
 * Resolves with what was killed. What the kernel will not let die is left after `reapRoundsMax`.
 */
export async function killTree(tree: Tree, timers: Timers): Promise<readonly ProcessRow[]> {
  if (tree.leader.start === '') {
    // Without /proc the group is all that can be known, and only while it is surely ours.
    if (tree.ownsGroup) signalGroup(tree.leader.pid, 'SIGKILL');
    return [];
  }
  const killed = new Map<string, ProcessRow>();
  let unsureCount = 0;
  for (let round = 0; round < reapRoundsMax; round += 1) {
    const { living, isSure } = await findLiving(tree);
    unsureCount += isSure ? 0 : 1;
    if (living.length === 0 && (isSure || unsureCount > unsureLooksMax)) break;
    for (const row of living) {
      if (findProcess(row.pid)?.start !== row.start) continue;
      sendSignal(row.pid, 'SIGKILL');
      killed.set(`${row.pid} ${row.start}`, row);
    }
    await sleep(timers, reapPauseMs);
  }
  return [...killed.values()];
}

/** Ends what earlier shells left whose mark begins so; resolves with how many processes there were. */
export async function reapMarked(markPrefix: string, timers: Timers): Promise<number> {
  const prefix = `${markVariable}=${markPrefix}`;
  const found = await Promise.all(listPids().map((pid) => findMark(pid, prefix)));
  const marks = new Set(found.flatMap((one) => (one === undefined ? [] : [one.attempt])));
  let count = 0;
  for (const rest of marks) {
    const leader = { pid: 0, start: '0', mark: `${markPrefix}${rest}` };
    count += (await killTree({ leader, ownsGroup: false, members: [] }, timers)).length;
  }
  return count;
}

/** Signals every process of a group that is known to be ours; false when there is none. */
export function signalGroup(leader: number, signal: NodeJS.Signals): boolean {
  return sendSignal(-leader, signal);
}

/** Does any process of the command's group live on? False without /proc. */
export function isGroupLiving(leader: ProcessMark): boolean {
  return listProcesses().some(
    (row) => row.group === leader.pid && !row.isZombie && row.start >= Number(leader.start),
  );
}

interface Look {
  readonly living: readonly ProcessRow[];
  /** False when some process may be ours but could not be told yet. */
  readonly isSure: boolean;
}

/** The living processes of the tree. */
async function findLiving(tree: Tree): Promise<Look> {
  const since = Number(tree.leader.start);
  const seen = new Map(tree.members.map((member) => [member.pid, member.start]));
  const living: ProcessRow[] = [];
  let isSure = true;
  for (const row of listProcesses()) {
    if (row.isZombie || row.start < since || row.pid === process.pid) continue;
    // The leader began a session too, and the jobs of a shell have groups of their own in it.
    const isInGroup = row.group === tree.leader.pid || row.session === tree.leader.pid;
    const isKnown = (tree.ownsGroup && isInGroup) || seen.get(row.pid) === row.start;
    const isOurs =
      isKnown || (await hasEnvironment(row.pid, `${markVariable}=${tree.leader.mark}`));
    if (isOurs === undefined) isSure = false;
    else if (isOurs) living.push(row);
  }
  return { living, isSure };
}

/** False when the target is gone or may not be signalled; both mean there is nothing more to do. */
function sendSignal(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
