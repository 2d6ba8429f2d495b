/*
 * What the sections of the agent's doctor are given, and its fixes: one round of looking.
 *
 * The agent that runs in this process gives its facts; where none runs, its store is opened for the
 * round and read. What several sections need is gathered once a round.
 */
import { availableParallelism } from 'node:os';
import type { Round } from '../../protocol/doctor-run.ts';
import { AppError } from '../../protocol/errors.ts';
import type { InventoryRow } from '../../protocol/frames.ts';
import { once } from '../../protocol/once.ts';
import { type Ports, sleep } from '../../protocol/ports.ts';
import { isUnixAnswered } from '../../protocol/transports/unix.ts';
import type { AuditTrail } from '../../store/audit-trail.ts';
import type { DiskHealth } from '../../store/disk-guard.ts';
import type { Box } from '../../store/doctor/box.ts';
import type { BoxContext, HomeFiles } from '../../store/doctor/box-context.ts';
import { gatherHome, type HomeFacts, probeSocket } from '../../store/doctor/home-facts.ts';
import { StoreVisit } from '../../store/doctor/store-visit.ts';
import { findStoreId } from '../../store/format.ts';
import type { Kv } from '../../store/kv.ts';
import { listInventory, readHeld } from '../attempts.ts';
import { forgetQuarantined } from '../forget.ts';
import { type AgentHome, readAgentConfig } from '../home.ts';
import type { Service } from '../install/service-verb.ts';
import type { GuardHealth } from '../loops/guard-leases.ts';
import type { WayToHub } from '../loops/keep-link.ts';
import { markVariable } from '../work/environment.ts';
import { removeTemporary } from '../work/job-directory.ts';
import { findMark, listPids } from '../work/process-table.ts';
import { killTree } from '../work/reaper.ts';
import { openFilesBase, openFilesPerSlot, secondLookMs } from './limits.ts';

/** What an agent knows of itself. */
export interface OwnFacts {
  readonly kv: Kv;
  readonly health: DiskHealth;
  readonly storeId: string;
  readonly held: readonly InventoryRow[];
  /** Code of what keeps it and its hub apart. */
  readonly trouble: string | null;
  /** How its leases are guarded. */
  readonly guard: GuardHealth;
  /** How it is linked with its hub. */
  readonly way: WayToHub;
  readonly trail: Pick<AuditTrail, 'failure' | 'look' | 'resting'>;
}

/** What the program of an agent that runs says of it. */
export interface LiveAgent extends OwnFacts {
  /** Is it behind a NAT that no hole can be punched through? False where it meets its hub over no DHT. */
  readonly hasRandomNat: boolean;
}

/** Where to look. `live` is the agent that runs in this process, if it does. */
export interface AgentScene {
  readonly home: AgentHome;
  readonly live: () => LiveAgent | undefined;
  /** Does one in another process own the home and answer nothing? */
  readonly isSilent: boolean;
  readonly ports: Ports;
  readonly box: Box;
  /** Starts the agent of this home in the background; resolves when it serves. */
  readonly start: () => Promise<void>;
  /** What keeps it. */
  readonly service: Service;
}

/** What an agent's store says that nobody serves, or its agent. */
export interface Stored {
  readonly storeId: string;
  readonly held: readonly InventoryRow[];
}

/** A process with a mark of this agent's store; `owner` is an attempt, or a terminal. */
export interface Marked {
  readonly pid: number;
  readonly owner: string;
}

/** What sections and fixes may ask and touch. */
export interface AgentRound extends BoxContext, AgentScene {
  /** The home's facts, gathered once. */
  readonly findHome: () => Promise<HomeFacts>;
  /** The store, for those who read rows. */
  readonly visit: StoreVisit;
  /** Whose home it is, for backups. */
  readonly program: 'odally';
  readonly trail: OwnFacts['trail'] | undefined;
  readonly listPeers: () => Promise<readonly string[]>;
  /** What the agent holds; undefined where its store cannot be read. */
  readonly findStored: () => Promise<Stored | undefined>;
  /** The processes that carry a mark of this store, as they were first, and a moment after that. */
  readonly findMarked: (look: 'first' | 'second') => Promise<readonly Marked[]>;
  /** Ends every process that carries the mark. */
  reap(mark: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  /** Moves the hub's messages that could not be read into the archive. */
  archiveQuarantined(): Promise<void>;
}

/** Begins a round. */
export async function openAgentRound(scene: AgentScene): Promise<Round<AgentRound>> {
  const { home, live, ports } = scene;
  const nowMs = ports.clock.wallMs();
  const place = { socket: home.socket, isAnswered: isUnixAnswered };
  const visit = new StoreVisit({
    directory: home.store,
    live: live(),
    timers: ports.timers,
    isServed: async () => !scene.isSilent && (await probeSocket(place)) === 'answered',
  });
  const plan = {
    ...place,
    directory: home.directory,
    privateFiles: [home.key, home.socket],
    config: home.config,
    readConfig: () => readAgentConfig(home),
    nowMs,
  };
  const findStored = once(() => readStored(visit));
  const first = once(() => listMarked(findStored));
  // What is just ending looks like what is left over, and is gone by then.
  const second = once(async () => {
    await first();
    await sleep(ports.timers, secondLookMs);
    return listMarked(findStored);
  });
  const context: AgentRound = {
    ...scene,
    nowMs,
    program: 'odally',
    trail: live()?.trail,
    listPeers: async () => [],
    files: listFiles(home),
    isLive: live() !== undefined,
    openFilesWanted: openFilesBase + openFilesPerSlot * availableParallelism(),
    ...openHands(scene, visit),
    isAnswered: isUnixAnswered,
    visit,
    findHome: once(() => gatherHome(plan, visit)),
    findStored,
    findMarked: (look) => (look === 'first' ? first() : second()),
  };
  return { context, close: () => visit.close() };
}

function listFiles(home: AgentHome): HomeFiles {
  const { directory, socket, key, archive } = home;
  const settings = [home.config, home.pairing, home.policy];
  const { store, logs, artifacts, work, setAside, audit } = home;
  const folders = [store, logs, artifacts, archive, work, setAside, audit];
  return { directory, socket, key, archive, log: home.agentLog, settings, folders };
}

async function readStored(visit: StoreVisit): Promise<Stored | undefined> {
  const kv = await visit.findKv();
  if (kv === undefined) return undefined;
  return { storeId: (await findStoreId(kv)) ?? '', held: listInventory(await readHeld(kv), 0) };
}

/** It reads the environment of every process, so it is done once for all who ask. */
async function listMarked(
  findStored: () => Promise<Stored | undefined>,
): Promise<readonly Marked[]> {
  const { storeId = '' } = (await findStored()) ?? {};
  if (storeId === '') return [];
  const prefix = `${markVariable}=${storeId}/`;
  const found = await Promise.all(listPids().map((pid) => findMark(pid, prefix)));
  return found.flatMap((one) => (one === undefined ? [] : [{ pid: one.pid, owner: one.attempt }]));
}

type Hands = Pick<AgentRound, 'reap' | 'removeFolder' | 'archiveQuarantined'>;

function openHands({ home, ports }: AgentScene, visit: StoreVisit): Hands {
  return {
    reap: async (mark) => {
      const leader = { pid: 0, start: '0', mark };
      await killTree({ leader, ownsGroup: false, members: [] }, ports.timers);
    },
    archiveQuarantined: async () => {
      const kv = await visit.findKv();
      if (kv === undefined) throw new AppError('STORE_IO', 'The store cannot be read.');
      const now = Math.round(ports.clock.wallMs());
      await forgetQuarantined({ home, kv, now, which: 'all' });
    },
    removeFolder: async (path) => {
      if (await removeTemporary(path)) return;
      throw new AppError('STORE_IO', `${path} cannot be removed.`);
    },
  };
}
