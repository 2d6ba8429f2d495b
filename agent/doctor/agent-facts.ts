/*
 * What a doctor sees of an agent: its peace with the hub, and what it may have left on the box.
 *
 * What looks left over is looked at twice, a moment apart, because work that is just ending looks the
 * same. It changes nothing. Errors: STORE_*.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../protocol/ports.ts';
import { isAttemptId, prefixRange } from '../../store/keys.ts';
import { findPairing } from '../home.ts';
import { markVariable } from '../work/environment.ts';
import { findMark, listPids } from '../work/process-table.ts';
import type { AgentRound, Stored } from './agent-round.ts';
import { quarantineReadMax, secondLookMs } from './limits.ts';

/** A process that carries the mark of an attempt which this agent does not hold. */
export interface OrphanFact {
  readonly pid: number;
  readonly mark: string;
}

/** The agent itself. */
export interface AgentFacts {
  readonly directory: string;
  readonly isPaired: boolean;
  readonly isRunning: boolean;
  readonly trouble: string | null;
  /** Leases of running work that no guard watches. */
  readonly unguardedCount: number;
  readonly quarantinedCount: number;
}

/** What it may have left behind. */
export interface Leavings {
  /** Temporary directories of attempts that it does not hold. */
  readonly leftovers: readonly string[];
  readonly orphans: readonly OrphanFact[];
}

/** Gathers the facts of the agent itself. */
export async function gatherAgent(round: AgentRound): Promise<AgentFacts> {
  const { home, live, visit, findHome } = round;
  const running = live();
  const isPaired = await findPairing(home).then(
    (pairing) => pairing !== undefined,
    () => true,
  );
  const guard = running?.guard;
  const kv = await visit.findKv();
  const range = { ...prefixRange('q/'), countMax: quarantineReadMax, order: 'ascending' } as const;
  return {
    directory: home.directory,
    isPaired,
    isRunning: running !== undefined || (await findHome()).socket === 'answered',
    trouble: running?.trouble ?? null,
    unguardedCount: guard?.is === 'down' ? guard.leaseCount : 0,
    quarantinedCount: kv === undefined ? 0 : (await kv.range(range)).length,
  };
}

/** Looks for leavings, twice where there seem to be some. */
export async function gatherLeavings(round: AgentRound): Promise<Leavings> {
  const stored = await round.findStored();
  if (stored === undefined) return { leftovers: [], orphans: [] };
  // An agent that runs knows better than its disk, which forgets what is settled a moment later.
  const first = await look(round, { ...stored, held: round.live()?.held ?? stored.held });
  if (first.leftovers.length + first.orphans.length === 0) return first;
  await sleep(round.ports.timers, secondLookMs);
  const second = await look(round, { ...stored, held: round.live()?.held ?? stored.held });
  return {
    leftovers: second.leftovers.filter((path) => first.leftovers.includes(path)),
    orphans: second.orphans.filter(({ pid }) => first.orphans.some((orphan) => orphan.pid === pid)),
  };
}

async function look({ home }: AgentRound, { storeId, held }: Stored): Promise<Leavings> {
  const names = await readdir(home.work).catch((): string[] => []);
  const isHeld = (attempt: string) => held.some((row) => row.attempt === attempt);
  const leftovers = names
    .filter((name) => isAttemptId(name) && !isHeld(name))
    .map((name) => join(home.work, name));
  const prefix = `${markVariable}=${storeId}/`;
  const marks =
    storeId === '' ? [] : await Promise.all(listPids().map((pid) => findMark(pid, prefix)));
  const orphans = marks.flatMap((found) => {
    // A terminal's processes are its agent's affair, which ends them with it.
    if (found === undefined || !isAttemptId(found.attempt) || isHeld(found.attempt)) return [];
    return [{ pid: found.pid, mark: `${storeId}/${found.attempt}` }];
  });
  return { leftovers, orphans };
}
