/*
 * The hub as a program: a home made into a running hub, and back.
 *
 * It opens the real things (key, store, logs, swarm, socket) in the order in which they can refuse,
 * remembers the ports it got so that workers find it again, and closes all of it on a signal. The
 * hub itself knows nothing of files. Errors: HOME_UNWRITABLE, CONFIG_INVALID, KEY_INVALID,
 * HUB_RUNNING, STORE_*, DISK_FULL, HUB_START, SOCKET_PATH.
 */
import { networkInterfaces } from 'node:os';
import { AppError } from '../../protocol/errors.ts';
import { formatKey, loadOrCreateIdentity } from '../../protocol/identity.ts';
import { inviteAddressesMax } from '../../protocol/invite.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { Address } from '../../protocol/transports/address.ts';
import type { Listener } from '../../protocol/transports/link.ts';
import type { MeetingPlace } from '../../protocol/transports/meeting.ts';
import { answerOverStdio } from '../../protocol/transports/stdio.ts';
import { openHubSwarm } from '../../protocol/transports/swarm.ts';
import { openArchiveFiles } from '../../store/archive-files.ts';
import { openArtifactFiles } from '../../store/artifact-files.ts';
import { openAuditFiles } from '../../store/audit-files.ts';
import { nameFullDisk } from '../../store/disk-guard.ts';
import type { Box } from '../../store/doctor/box.ts';
import { openHome } from '../../store/home.ts';
import { type HomeDisk, openHomeDisk } from '../../store/home-disk.ts';
import { metaKey } from '../../store/keys.ts';
import type { Kv } from '../../store/kv.ts';
import { openLogFiles } from '../../store/log-files.ts';
import { finishRestoreHeld } from '../../store/restore-home.ts';
import { findMissingStore, markStore } from '../../store/store-mark.ts';
import { openSsh, openSupplies } from '../fleet/ports.ts';
import { openEntrance } from '../fleet/spawn/entrance.ts';
import { openSources } from '../fleet/spawn/open-sources.ts';
import { openPrograms, planOdally } from '../fleet/spawn/ports.ts';
import {
  type HubConfig,
  type HubHome,
  readAuditPolicy,
  readHubConfig,
  readKeepPolicy,
} from '../home.ts';
import { type ControlScene, openControl, serveCockpit } from './control.ts';
import { Hub } from './hub.ts';
import type { Door, HubParts } from './hub-parts.ts';
import { sshPatienceMs } from './limits.ts';
import { openOwnAddresses } from './own-addresses.ts';
import { watchNetwork } from './watch-network.ts';

/** What the program needs of the process that it runs in. */
export interface HubProgramParts {
  readonly home: HubHome;
  readonly ports: Ports;
  readonly version: string;
  readonly pid: number;
  readonly box: Box;
  readonly noticed: (line: string) => void;
}

/** A hub that runs, with its socket. */
export interface RunningHub {
  readonly hub: Hub;
  /** Stops socket and hub; safe to repeat. */
  stop(): Promise<void>;
}

const portsKey = metaKey('ports');

const listOwnAddresses = openOwnAddresses(networkInterfaces);

/** Opens everything; resolves when verbs are answered. */
export function startHub(parts: HubProgramParts): Promise<RunningHub> {
  return openAll(parts).catch((thrown: unknown) => {
    throw nameFullDisk(thrown);
  });
}

async function openAll(parts: HubProgramParts): Promise<RunningHub> {
  const { home, ports, version, noticed } = parts;
  await openHome(home.directory);
  const wasCutOff = await finishRestoreHeld({ ...home, busy: 'HUB_RUNNING' });
  if (wasCutOff) noticed('a restore that was cut off was finished');
  const config = await readHubConfig(home);
  const keyPair = await loadOrCreateIdentity(home.key, ports.random);
  const { kv, guard, handNote } = await openDiskOrSay(parts, config);
  try {
    await markStore(home);
    const logs = await openLogFiles(home.logs, { bytesMax: config.logs.bytes_max });
    const artifacts = await openArtifactFiles(home.artifacts);
    const openDoor: HubParts['openDoor'] = (who) =>
      openSwarmDoor({ ...parts, config, kv, keyPair, ...who });
    const key = formatKey(keyPair.publicKey);
    const keep = { policy: readKeepPolicy(config), archive: openArchiveFiles(home.archive) };
    const ssh = openSsh(config.ssh.command);
    const supplies = openSupplies(home.runtimes);
    const audit = { policy: readAuditPolicy(config), port: openAuditFiles(home.audit) };
    const stores = { kv, disk: guard, handNote, logs, artifacts, keep, audit };
    const openHubSources: HubParts['openSources'] = (owner) =>
      openSources(config.provider, {
        ...{ hubKey: key, directory: home.directory, odally: planOdally(), run: openPrograms() },
        ...{ ssh, entrance: openEntrance(owner), timers: ports.timers },
      });
    const rest = { key, version, openDoor, ssh, supplies, noticed, openSources: openHubSources };
    const hub: Hub = new Hub({
      ...{ ports, ...stores, ...rest },
      serveCockpit: (link) =>
        serveCockpit(
          link,
          makeScene(parts, hub, () => undefined),
        ),
    });
    await hub.start();
    const changed = () => hub.ways.networkChanged();
    const leave = watchNetwork({ ports, list: listOwnAddresses, changed });
    void hub.ended.then(leave);
    return await serve(parts, hub);
  } catch (error) {
    await kv.close();
    throw error;
  }
}

function makeScene(
  { home, pid, box }: HubProgramParts,
  hub: Hub,
  stopHub: () => void,
): ControlScene {
  return { hub, home: home.directory, pid, box, stopHub };
}

async function serve(parts: HubProgramParts, hub: Hub): Promise<RunningHub> {
  let control: Listener | undefined;
  const stop = async () => {
    await control?.close();
    await hub.stop();
  };
  try {
    // A moment later, so that the answer leaves first.
    const stopSoon = () => void parts.ports.timers.after(20, () => void stop());
    control = await openControl(parts.home.socket, makeScene(parts, hub, stopSoon));
  } catch (error) {
    await hub.stop();
    throw error;
  }
  return { hub, stop };
}

/** A locked store means that another hub has this home. */
async function openDiskOrSay(parts: HubProgramParts, config: HubConfig): Promise<HomeDisk> {
  const { home, ports, noticed } = parts;
  const missing = await findMissingStore(home);
  if (missing !== undefined) throw missing;
  const { watermark_bytes: watermarkBytes, ballast_bytes: ballastBytes } = config.disk;
  try {
    return await openHomeDisk({
      ...home,
      limits: { watermarkBytes, ballastBytes },
      ports,
      noticed,
    });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'STORE_LOCKED') throw error;
    throw new AppError('HUB_RUNNING', `A hub already runs on ${home.directory}.`, { cause: error });
  }
}

type DoorPlan = HubProgramParts & {
  readonly config: HubConfig;
  readonly kv: Kv;
  readonly keyPair: Awaited<ReturnType<typeof loadOrCreateIdentity>>;
} & Parameters<HubParts['openDoor']>[0];

async function openSwarmDoor(plan: DoorPlan): Promise<Door> {
  const { swarm: wanted } = plan.config;
  const kept = await readPorts(plan.kv);
  const meeting = readMeeting(wanted);
  const swarm = await openHubSwarm({
    keyPair: plan.keyPair,
    host: wanted.host,
    port: wanted.port === 0 ? kept.port : wanted.port,
    rendezvousPort: wanted.rendezvous_port === 0 ? kept.rendezvousPort : wanted.rendezvous_port,
    meeting,
    admits: (key) => plan.admits(key),
    sharesKey: (key) => plan.sharesKey(key),
    countExpected: () => plan.countExpected(),
    accept: plan.accept,
    ports: plan.ports,
  });
  const got = { port: swarm.address.port, rendezvousPort: swarm.rendezvous.port };
  const value = new TextEncoder().encode(JSON.stringify(got));
  await plan.kv.batch([{ type: 'put', key: portsKey, value }], 'buffered');
  return {
    // Looked at each time: a laptop has other addresses at another place.
    get addresses() {
      return advertise(wanted.advertise, swarm.address);
    },
    get rendezvous() {
      return advertise(wanted.advertise, swarm.rendezvous);
    },
    ...meeting,
    meetingNodeCount: () => swarm.meetingNodeCount(),
    hasRandomNat: () => swarm.hasRandomNat(),
    announce: () => swarm.announce(),
    answer: (bytes, only) =>
      answerOverStdio({
        bytes,
        keyPair: plan.keyPair,
        timers: plan.ports.timers,
        patienceMs: sshPatienceMs,
        admits: (key) => (only ?? key) === key && plan.admits(key),
      }),
    kick: (key) => swarm.kick(key),
    close: () => swarm.close(),
  };
}

/** What is met over besides the hub's own rendezvous, as the config says. */
function readMeeting({ rendezvous, relay }: HubConfig['swarm']): MeetingPlace {
  return {
    ...(rendezvous === 'hub' ? {} : { nodes: rendezvous }),
    ...(relay === undefined ? {} : { relay }),
  };
}

/**
 * Where workers are told to dial: the hosts of the config, else where we listen; a hub that listens
 * everywhere names every address of this box, the outer ones first.
 */
function advertise(hosts: readonly string[], listening: Address): readonly Address[] {
  const named = hosts.length > 0 ? hosts : [listening.host];
  const found = named.flatMap((host) => (host === '0.0.0.0' ? listOwnAddresses() : [host]));
  return found.slice(0, inviteAddressesMax).map((host) => ({ host, port: listening.port }));
}

/** The ports of last time, so that workers find this hub where it was; 0 when there are none. */
async function readPorts(kv: Kv): Promise<{ port: number; rendezvousPort: number }> {
  const bytes = await kv.get(portsKey);
  if (bytes === undefined) return { port: 0, rendezvousPort: 0 };
  const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const { port, rendezvousPort } = parsed as { port?: unknown; rendezvousPort?: unknown };
  return { port: Number(port) || 0, rendezvousPort: Number(rendezvousPort) || 0 };
}
