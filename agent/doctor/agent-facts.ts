/*
 * What a doctor sees of an agent: its peace with the hub, and what it may have left on the box.
 *
 * What looks left over is looked at twice, a moment apart, because work that is just ending looks the
 * same. It changes nothing. Errors: STORE_*.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { wordsOf } from '../../protocol/doctor-sections.ts';
import { isAttemptId, prefixRange } from '../../store/keys.ts';
import { findPairing } from '../home.ts';
import type { AgentRound, Stored } from './agent-round.ts';
import { quarantineReadMax } from './limits.ts';

/** A process that carries the mark of an attempt which this agent does not hold. */
export interface OrphanFact {
  readonly pid: number;
  readonly mark: string;
}

/** The agent itself. */
export interface AgentFacts {
  readonly directory: string;
  readonly isPaired: boolean;
  /** Why the pairing cannot be read; null where it can. */
  readonly pairingFault: string | null;
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
  const paired = await findPairing(home).then(
    (pairing) => ({ isPaired: pairing !== undefined, pairingFault: null }),
    (thrown: unknown) => ({ isPaired: true, pairingFault: wordsOf(thrown) }),
  );
  const guard = running?.guard;
  const kv = await visit.findKv();
  const range = { ...prefixRange('q/'), countMax: quarantineReadMax, order: 'ascending' } as const;
  return {
    directory: home.directory,
    ...paired,
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
  const first = await look(round, stored, 'first');
  if (first.leftovers.length + first.orphans.length === 0) return first;
  const second = await look(round, stored, 'second');
  return {
    leftovers: second.leftovers.filter((path) => first.leftovers.includes(path)),
    orphans: second.orphans.filter(({ pid }) => first.orphans.some((orphan) => orphan.pid === pid)),
  };
}

async function look(
  { home, live, findMarked }: AgentRound,
  stored: Stored,
  which: 'first' | 'second',
): Promise<Leavings> {
  const marked = await findMarked(which);
  const names = await readdir(home.work).catch((): string[] => []);
  // An agent that runs knows better than its disk, which forgets what is settled a moment later.
  const held = live()?.held ?? stored.held;
  const isHeld = (attempt: string) => held.some((row) => row.attempt === attempt);
  return {
    leftovers: names
      .filter((name) => isAttemptId(name) && !isHeld(name))
      .map((name) => join(home.work, name)),
    // A terminal's processes are its agent's affair, which ends them with it.
    orphans: marked
      .filter(({ owner }) => isAttemptId(owner) && !isHeld(owner))
      .map(({ pid, owner }) => ({ pid, mark: `${stored.storeId}/${owner}` })),
  };
}
