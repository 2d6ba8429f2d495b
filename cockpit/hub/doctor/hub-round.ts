/*
 * What the sections of the hub's doctor are given, and its fixes: one round of looking.
 *
 * What several sections need is gathered once a round. The hub's own parts are there only where it runs
 * in this process; else its store is opened for the round, where nobody serves on it.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Round } from '../../../protocol/doctor-run.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { once } from '../../../protocol/once.ts';
import type { Ports } from '../../../protocol/ports.ts';
import { isUnixAnswered } from '../../../protocol/transports/unix.ts';
import type { Box } from '../../../store/doctor/box.ts';
import type { BoxContext, HomeFiles } from '../../../store/doctor/box-context.ts';
import { gatherHome, type HomeFacts, probeSocket } from '../../../store/doctor/home-facts.ts';
import { StoreVisit } from '../../../store/doctor/store-visit.ts';
import { findStream } from '../../../store/keys.ts';
import { type HubHome, readHubConfig } from '../../home.ts';
import { splitAttemptId } from '../../manager/job.ts';
import type { LossCause } from '../../manager/plan-loss.ts';
import type { Hub } from '../hub.ts';
import { readWorkers } from '../read-workers.ts';
import { hubKeysMax, openFilesBase, openFilesPerWorker } from './limits.ts';

/** Whom a diagnosis is of. `hub` is the one that runs in this process. */
export interface HubScene {
  readonly home: HubHome;
  readonly hub: Hub | undefined;
  /** Does one in another process own the home and answer nothing? */
  readonly isSilent: boolean;
  readonly ports: Ports;
  readonly box: Box;
  /** Starts the hub of this home in the background; resolves when it answers. */
  readonly start: () => Promise<void>;
  readonly noticed: (line: string) => void;
}

/** What sections and fixes may ask and touch. */
export interface HubRound extends BoxContext, Omit<HubScene, 'noticed' | 'isSilent'> {
  /** The home's facts, gathered once. */
  readonly findHome: () => Promise<HomeFacts>;
  /** Whose home it is, for backups. */
  readonly program: 'wally';
  readonly trail: Hub['audit'] | undefined;
  readonly listPeers: () => Promise<readonly string[]>;
  /** The store, for those who read rows. */
  readonly visit: StoreVisit;
  /** Ends an attempt as lost. */
  loseAttempt(
    attempt: AttemptId,
    loss: { readonly reason: string; readonly cause: LossCause },
  ): Promise<void>;
  /** Moves what this worker sent and could not be read into the archive. */
  archiveQuarantined(worker: string): Promise<void>;
  /** Takes away what waits in a stream, given as `PEER@STORE`. */
  retireStream(stream: string): Promise<void>;
}

/** Begins a round. */
export async function openHubRound(scene: HubScene): Promise<Round<HubRound>> {
  const { home, hub, isSilent, ports } = scene;
  const nowMs = ports.clock.wallMs();
  const place = { socket: home.socket, isAnswered: isUnixAnswered };
  const visit = new StoreVisit({
    directory: home.store,
    mark: home.mark,
    live: hub === undefined ? undefined : { kv: hub.kv, health: hub.disk.health },
    timers: ports.timers,
    isServed: async () => !isSilent && (await probeSocket(place)) === 'answered',
  });
  const findHome = once(async () =>
    gatherHome(
      {
        ...place,
        directory: home.directory,
        privateFiles: [home.key, home.socket, home.history, ...(await listHubKeys(home))],
        config: home.config,
        readConfig: () => readHubConfig(home),
        nowMs,
      },
      visit,
    ),
  );
  const workerCount = hub?.workers.list().length ?? 0;
  const context = {
    ...scene,
    files: listFiles(home),
    isLive: hub !== undefined,
    openFilesWanted: openFilesBase + openFilesPerWorker * workerCount,
    ...openHands(hub),
    isAnswered: isUnixAnswered,
    program: 'wally' as const,
    trail: hub?.audit,
    listPeers: async () => {
      const kv = await visit.findKv();
      return kv === undefined ? [] : readWorkers(kv);
    },
    nowMs,
    findHome,
    visit,
  };
  return { context, close: () => visit.close() };
}

function listFiles(home: HubHome): HomeFiles {
  const { directory, socket, key, archive } = home;
  const settings = [home.config, home.keys];
  const folders = [home.store, home.logs, home.artifacts, archive, home.hubs, home.audit];
  return { directory, socket, key, archive, log: home.hubLog, settings, folders };
}

/** Keys for hubs on other machines: whoever has one can do there what its owner can. */
async function listHubKeys({ hubs }: HubHome): Promise<readonly string[]> {
  const names = await readdir(hubs).catch(() => []);
  return names.slice(0, hubKeysMax).map((name) => join(hubs, name, 'cockpit.key'));
}

type Hands = Pick<HubRound, 'loseAttempt' | 'archiveQuarantined' | 'retireStream'>;

function openHands(hub: Hub | undefined): Hands {
  return {
    loseAttempt: async (attempt, loss) => {
      const { job: id, n } = splitAttemptId(attempt);
      await hub?.desk.declareLost({ id, n }, loss);
    },
    archiveQuarantined: async (name) => {
      const peer = hub?.workers.findByName(name)?.key ?? name;
      await hub?.retain.archiveQuarantined(peer);
    },
    retireStream: async (name) => {
      const stream = findStream(`o/${name}`);
      if (stream !== undefined) await hub?.workers.retireStream(stream);
    },
  };
}
