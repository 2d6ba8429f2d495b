/*
 * `supervisor.json` of a home: which process supervises an agent there, and which agent.
 *
 * A pid alone names nobody for long, so each goes with the start that the kernel gave it; where a box
 * has no /proc, a pid must do. No schema library is loaded for it, because the supervisor has
 * none. Invariant: a record of processes that are gone counts as none.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { saveWholeNow } from '../../protocol/whole-file.ts';
import { findProcess } from '../work/process-table.ts';

/** One process, named for ever where the box allows. */
export interface ProcessName {
  readonly pid: number;
  /** Ticks since boot, as text; empty without /proc. */
  readonly start: string;
}

/** What a supervisor says of itself. */
export interface SupervisorRecord {
  readonly supervisor: ProcessName;
  readonly agent: ProcessName | undefined;
  /** Quick deaths in a row so far. */
  readonly quickCount: number;
  /** Why it went without being asked, if it did; then nobody runs any more. */
  readonly gaveUp: string | undefined;
}

/** The name of a process that runs now. */
export function nameProcess(pid: number): ProcessName {
  return { pid, start: String(findProcess(pid)?.start ?? '') };
}

/** Does it still run? */
export function isAlive({ pid, start }: ProcessName): boolean {
  if (pid <= 0) return false;
  const row = findProcess(pid);
  if (row !== undefined) return !row.isZombie && (start === '' || String(row.start) === start);
  if (start !== '') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too, but it is not one of ours.
    return !(error instanceof Error);
  }
}

/** What the last supervisor of this home said; undefined where there was none, or its words can't be read. */
export function findSupervisorRecord(home: string): SupervisorRecord | undefined {
  try {
    return parseRecord(JSON.parse(readFileSync(locate(home), 'utf8')));
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** Writes it, whole or not at all, also after a cut of power. */
export function saveSupervisorRecord(home: string, record: SupervisorRecord): void {
  const file = locate(home);
  const aside = `${file}.${record.supervisor.pid}.new`;
  saveWholeNow({ file, aside, text: `${JSON.stringify(record)}\n` });
}

/** Removes it; nothing happens where there is none. */
export function dropSupervisorRecord(home: string): void {
  rmSync(locate(home), { force: true });
}

/** The supervisor that runs on this home now, if one does. */
export function findSupervisor(home: string): SupervisorRecord | undefined {
  const record = findSupervisorRecord(home);
  return record !== undefined && isAlive(record.supervisor) ? record : undefined;
}

/**
 * An agent that ends as it was asked takes its supervisor along: one that only adopted it does not see how it ended,
 * and would start it again.
 */
export function endSupervisorOf(
  home: string,
  { pid, signal }: { readonly pid: number; signal(pid: number, name: 'SIGTERM'): void },
): void {
  const record = findSupervisor(home);
  if (record?.agent?.pid === pid && isAlive(record.agent)) signal(record.supervisor.pid, 'SIGTERM');
}

function locate(home: string): string {
  return join(home, 'supervisor.json');
}

function parseRecord(value: unknown): SupervisorRecord | undefined {
  const row = isRecord(value) ? value : {};
  const supervisor = parseName(row.supervisor);
  if (supervisor === undefined) return undefined;
  return {
    supervisor,
    agent: parseName(row.agent),
    quickCount: typeof row.quickCount === 'number' ? row.quickCount : 0,
    gaveUp: typeof row.gaveUp === 'string' ? row.gaveUp : undefined,
  };
}

function parseName(value: unknown): ProcessName | undefined {
  if (!isRecord(value) || typeof value.pid !== 'number' || typeof value.start !== 'string') {
    return undefined;
  }
  return { pid: value.pid, start: value.start };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
