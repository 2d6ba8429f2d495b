/*
 * The agent as a program: a home made into a running agent, and back.
 *
 * It opens the real things (key, store, logs, workshop, swarm, socket) in the order in which they
 * can refuse, and closes them when the agent has ended. Pairing is here too, because it is a matter
 * of homes and links only. Errors: PAIR_*, INVITE_*, AGENT_RUNNING, HOME_UNWRITABLE, CONFIG_INVALID,
 * KEY_INVALID, STORE_*, LINK_*.
 */
import { serveControl } from '../protocol/control.ts';
import { AppError } from '../protocol/errors.ts';
import { formatKey, type KeyPair, loadOrCreateIdentity } from '../protocol/identity.ts';
import { isExpired, parseInvite } from '../protocol/invite.ts';
import { dialAttemptMsMax } from '../protocol/limits.ts';
import type { PeerKey } from '../protocol/model.ts';
import { askToPair } from '../protocol/pairing.ts';
import type { Listener } from '../protocol/transports/link.ts';
import { type AgentSwarm, openAgentSwarm } from '../protocol/transports/swarm.ts';
import { listenUnix } from '../protocol/transports/unix.ts';
import { openHome } from '../store/home.ts';
import { type HomeDisk, openHomeDisk } from '../store/home-disk.ts';
import { openLogFiles } from '../store/log-files.ts';
import { Agent } from './agent.ts';
import {
  type AgentConfig,
  type AgentHome,
  findPairing,
  type Pairing,
  readAgentConfig,
  savePairing,
} from './home.ts';
import { expiredDialMs } from './limits.ts';
import type { Program } from './ports.ts';
import { openWorkshop } from './work/spawn.ts';

/** What the program needs of the process that it runs in. */
export interface AgentProgramParts {
  readonly program: Program;
  readonly home: AgentHome;
  readonly version: string;
  readonly noticed: (line: string) => void;
}

/** An agent that runs, with its socket. */
export interface RunningAgent {
  readonly agent: Agent;
  readonly pairing: Pairing;
  /** Stops everything; safe to repeat. */
  stop(): Promise<void>;
}

/**
 * Uses a code: after this the home is paired. A home that is paired with this hub already is paired
 * anew (it may have been revoked, or the hub have moved), or left as it is when the code is old.
 */
export async function pair(parts: AgentProgramParts, code: string): Promise<Pairing> {
  const { program, home } = parts;
  const { ports } = program;
  const invite = parseInvite(code);
  await openHome(home.directory);
  const known = await findPairing(home);
  if (known !== undefined && known.hub !== invite.hubKey) {
    throw new AppError('PAIR_EXISTS', `${home.directory} is paired with another hub already.`);
  }
  // Only the hub's clock decides; by ours we know how long to try, and what to say if it is deaf.
  const seemsExpired = isExpired(invite, ports.clock.wallMs());
  if (seemsExpired && known !== undefined) return known;
  const own = await loadOrCreateIdentity(home.key, ports.random);
  const swarm = await openAgentSwarm({ ports });
  try {
    const { addresses, rendezvous, oneTimeKeyPair, hubKey } = invite;
    const timeoutMs = seemsExpired ? expiredDialMs : dialAttemptMsMax * 2;
    const where = { hubKey, keyPair: oneTimeKeyPair, addresses, rendezvous, timeoutMs };
    const link = await swarm.dial(where).catch((error: unknown) => {
      throw seemsExpired ? new AppError('INVITE_EXPIRED', undefined, { cause: error }) : error;
    });
    const request = { key: formatKey(own.publicKey), host: program.hostname };
    const name = await askToPair(link, request, ports.timers);
    const pairing = { hub: hubKey, name, addresses: [...addresses], rendezvous: [...rendezvous] };
    await savePairing(home, pairing, program.pid);
    return pairing;
  } finally {
    await swarm.close();
  }
}

/** Opens everything; resolves when the agent serves. */
export async function startAgent(parts: AgentProgramParts): Promise<RunningAgent> {
  const { program, home } = parts;
  await openHome(home.directory);
  const config = await readAgentConfig(home);
  const pairing = await findPairing(home);
  if (pairing === undefined) throw new AppError('PAIR_MISSING');
  const disk = await openDiskOrSay(parts, config);
  let swarm: AgentSwarm | undefined;
  try {
    const keyPair = await loadOrCreateIdentity(home.key, program.ports.random);
    swarm = await openAgentSwarm({ ports: program.ports });
    const agent = await openAgent(parts, { config, pairing, disk, swarm, keyPair });
    const key = formatKey(keyPair.publicKey);
    return await serve(parts, { agent, pairing, swarm, key });
  } catch (error) {
    await swarm?.close();
    await disk.kv.close();
    throw error;
  }
}

interface Opened {
  readonly config: AgentConfig;
  readonly pairing: Pairing;
  readonly disk: HomeDisk;
  readonly swarm: AgentSwarm;
  readonly keyPair: KeyPair;
}

async function openAgent(parts: AgentProgramParts, opened: Opened): Promise<Agent> {
  const { program, home, version, noticed } = parts;
  const { config, pairing, disk, swarm, keyPair } = opened;
  const { ports } = program;
  const logs = await openLogFiles(home.logs, { bytesMax: config.logs.bytes_max });
  const workshop = openWorkshop({
    directory: home.work,
    ports,
    baseEnv: program.env,
    config: { has: config.has },
    graceMs: config.grace_ms,
  });
  const agent = new Agent({
    ports,
    kv: disk.kv,
    disk: disk.guard,
    logs,
    workshop,
    dial: () =>
      swarm.dial({
        hubKey: pairing.hub,
        keyPair,
        addresses: pairing.addresses,
        rendezvous: pairing.rendezvous,
        timeoutMs: dialAttemptMsMax,
      }),
    hub: pairing.hub,
    host: config.host ?? program.hostname,
    version,
    slots: config.slots ?? null,
    noticed,
  });
  await agent.start();
  return agent;
}

interface Served {
  readonly agent: Agent;
  readonly pairing: Pairing;
  readonly swarm: AgentSwarm;
  readonly key: PeerKey;
}

async function serve(
  parts: AgentProgramParts,
  { agent, pairing, swarm, key }: Served,
): Promise<RunningAgent> {
  let control: Listener | undefined;
  const stop = async () => {
    await control?.close();
    await agent.stop();
    await swarm.close();
  };
  try {
    control = await openControl(parts, { agent, key }, stop);
  } catch (error) {
    await stop();
    throw error;
  }
  return { agent, pairing, stop };
}

/** The agent's own socket: status and stop, for programs of this user on this box. */
async function openControl(
  parts: AgentProgramParts,
  { agent, key }: Pick<Served, 'agent' | 'key'>,
  stop: () => Promise<void>,
): Promise<Listener> {
  const { program, home, version } = parts;
  const who = { pid: program.pid, version, home: home.directory, key };
  return listenUnix(home.socket, (link) =>
    serveControl(link, async ({ verb }) => {
      if (verb === 'status') return { ...who, ...agent.status };
      if (verb !== 'stop') throw new AppError('USAGE_VERB');
      program.ports.timers.after(20, () => void stop());
      return who;
    }),
  );
}

/** A locked store means that another agent has this home. */
async function openDiskOrSay(parts: AgentProgramParts, config: AgentConfig): Promise<HomeDisk> {
  const { home, program, noticed } = parts;
  const { watermark_bytes: watermarkBytes, ballast_bytes: ballastBytes } = config.disk;
  try {
    return await openHomeDisk({
      ...home,
      limits: { watermarkBytes, ballastBytes },
      ports: program.ports,
      noticed,
    });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'STORE_LOCKED') throw error;
    const detail = `An agent already runs on ${home.directory}.`;
    throw new AppError('AGENT_RUNNING', detail, { cause: error });
  }
}
