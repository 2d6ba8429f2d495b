/*
 * What a doctor sees of an agent: its home, what it holds, and what it may have left on the box.
 *
 * The agent that runs gives its facts; where none runs, its store is opened for a moment and read.
 * What looks left over is looked at twice, a moment apart, because work that is just ending looks the
 * same. It changes nothing. Errors: STORE_*.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { InventoryRow } from '../../protocol/frames.ts';
import { type Ports, sleep } from '../../protocol/ports.ts';
import { isUnixAnswered } from '../../protocol/transports/unix.ts';
import type { DiskHealth } from '../../store/disk-guard.ts';
import { gatherHome, type HomeFacts } from '../../store/doctor/home-facts.ts';
import { findStoreId } from '../../store/format.ts';
import { isAttemptId, prefixRange } from '../../store/keys.ts';
import type { Kv } from '../../store/kv.ts';
import { openLevelKv } from '../../store/open.ts';
import { listInventory, readHeld } from '../attempts.ts';
import { type AgentHome, findPairing, readAgentConfig } from '../home.ts';
import type { GuardHealth } from '../loops/guard-leases.ts';
import { markVariable } from '../work/environment.ts';
import { findMark, listPids } from '../work/process-table.ts';
import { quarantineReadMax, secondLookMs } from './limits.ts';

/** What an agent that runs says of itself. */
export interface LiveAgent {
  readonly kv: Kv;
  readonly health: DiskHealth;
  readonly storeId: string;
  readonly held: readonly InventoryRow[];
  /** Code of what keeps it and its hub apart. */
  readonly trouble: string | null;
  /** How its leases are guarded. */
  readonly guard: GuardHealth;
}

/** A process that carries the mark of an attempt which this agent does not hold. */
export interface OrphanFact {
  readonly pid: number;
  readonly mark: string;
}

/** The whole snapshot. */
export interface AgentFacts {
  readonly home: HomeFacts;
  readonly isPaired: boolean;
  readonly isRunning: boolean;
  readonly trouble: string | null;
  /** Leases of running work that no guard watches. */
  readonly unguardedCount: number;
  readonly quarantinedCount: number;
  /** Temporary directories of attempts that it does not hold. */
  readonly leftovers: readonly string[];
  readonly orphans: readonly OrphanFact[];
}

/** Where to look. `live` is the agent that runs in this process, if it does. */
export interface AgentScene {
  readonly home: AgentHome;
  readonly live: () => LiveAgent | undefined;
  readonly ports: Ports;
}

/** Gathers the facts. */
export async function gatherAgent(scene: AgentScene): Promise<AgentFacts> {
  const { home, live, ports } = scene;
  const plan = {
    directory: home.directory,
    privateFiles: [home.key, home.socket],
    socket: home.socket,
    store: home.store,
    readConfig: () => Promise.all([readAgentConfig(home), findPairing(home)]),
    isAnswered: isUnixAnswered,
    nowMs: ports.clock.wallMs(),
  };
  const facts = await gatherHome(plan, live());
  const isRunning = live() !== undefined || facts.socket === 'answered';
  const isReadable = facts.store.is === 'sound';
  const stored = isReadable ? await withStore(scene, readStored) : undefined;
  const isPaired = await findPairing(home).then(
    (pairing) => pairing !== undefined,
    () => true,
  );
  const trouble = live()?.trouble ?? null;
  const guard = live()?.guard;
  const unguardedCount = guard?.is === 'down' ? guard.leaseCount : 0;
  const bare = { home: facts, isPaired, isRunning, trouble, unguardedCount };
  if (stored === undefined) return { ...bare, quarantinedCount: 0, leftovers: [], orphans: [] };
  return {
    ...bare,
    quarantinedCount: stored.quarantinedCount,
    ...(await lookTwice(scene, stored)),
  };
}

interface Stored {
  readonly storeId: string;
  readonly held: readonly InventoryRow[];
  readonly quarantinedCount: number;
}

/** Does something with the store of the agent that runs here, or opens it for a moment. Errors: STORE_*. */
export async function withStore<T>(
  { home, live }: AgentScene,
  read: (kv: Kv) => Promise<T>,
): Promise<T> {
  const running = live();
  if (running !== undefined) return read(running.kv);
  const kv = await openLevelKv(home.store);
  try {
    return await read(kv);
  } finally {
    await kv.close();
  }
}

async function readStored(kv: Kv): Promise<Stored> {
  const range = { ...prefixRange('q/'), countMax: quarantineReadMax, order: 'ascending' } as const;
  return {
    storeId: (await findStoreId(kv)) ?? '',
    held: listInventory(await readHeld(kv)),
    quarantinedCount: (await kv.range(range)).length,
  };
}

interface Leavings {
  readonly leftovers: readonly string[];
  readonly orphans: readonly OrphanFact[];
}

async function lookTwice(scene: AgentScene, stored: Stored): Promise<Leavings> {
  // An agent that runs knows better than its disk, which forgets what is settled a moment later.
  const first = await look(scene, { ...stored, held: scene.live()?.held ?? stored.held });
  if (first.leftovers.length + first.orphans.length === 0) return first;
  await sleep(scene.ports.timers, secondLookMs);
  const second = await look(scene, { ...stored, held: scene.live()?.held ?? stored.held });
  return {
    leftovers: second.leftovers.filter((path) => first.leftovers.includes(path)),
    orphans: second.orphans.filter(({ pid }) => first.orphans.some((orphan) => orphan.pid === pid)),
  };
}

async function look({ home }: AgentScene, { storeId, held }: Stored): Promise<Leavings> {
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
