/*
 * The agent as a program: a home made into a running agent, and back.
 *
 * It opens the real things (key, store, logs, workshop, swarm, socket) in the order in which they
 * can refuse, and closes them when the agent has ended. Errors: PAIR_MISSING, AGENT_RUNNING,
 * HOME_UNWRITABLE, CONFIG_INVALID, KEY_INVALID, STORE_*, DISK_FULL, LINK_*.
 */
import { homedir } from 'node:os';
import { serveControl } from '../protocol/control.ts';
import { AppError } from '../protocol/errors.ts';
import { formatKey, type KeyPair, loadOrCreateIdentity } from '../protocol/identity.ts';
import { dialAttemptMsMax } from '../protocol/limits.ts';
import type { Listener } from '../protocol/transports/link.ts';
import { type AgentSwarm, openAgentSwarm } from '../protocol/transports/swarm.ts';
import { listenUnix } from '../protocol/transports/unix.ts';
import { openArtifactFiles } from '../store/artifact-files.ts';
import { openAuditFiles } from '../store/audit-files.ts';
import { nameFullDisk } from '../store/disk-guard.ts';
import { openBox } from '../store/doctor/box.ts';
import { openHome, planAuditPolicy } from '../store/home.ts';
import { type HomeDisk, openHomeDisk } from '../store/home-disk.ts';
import { openLogFiles } from '../store/log-files.ts';
import { finishRestoreHeld } from '../store/restore-home.ts';
import { Agent } from './agent.ts';
import { answerBackup, type BackupScene } from './backup-verb.ts';
import { answerControl, type ControlParts } from './control-verbs.ts';
import type { LiveAgent } from './doctor/agent-round.ts';
import type { Diagnose } from './doctor/answer.ts';
import { openDoctor } from './doctor/doctor.ts';
import { startAgentBehind } from './doctor/start-agent.ts';
import { forgetAged } from './forget.ts';
import { reapFormerStores } from './former-stores.ts';
import { openGuards } from './guard/guard-process.ts';
import {
  type AgentConfig,
  type AgentHome,
  findPairing,
  type Pairing,
  readAgentConfig,
} from './home.ts';
import { HubPlaces } from './hub-places.ts';
import { openAskedToLeave } from './install/leave-verb.ts';
import { openService } from './install/service-verb.ts';
import { findUpgradeTold } from './install/upgrade-record.ts';
import { findBuild } from './install/versions.ts';
import { Policies } from './policy/policies.ts';
import { openPolicyFile } from './policy/policy-file.ts';
import type { Program } from './ports.ts';
import { finishSetAside } from './set-aside.ts';
import { openStdioDoor } from './stdio-door.ts';
import { openIsolationBox } from './work/box-isolation.ts';
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

/** Opens everything; resolves when the agent serves. */
export function startAgent(parts: AgentProgramParts): Promise<RunningAgent> {
  return openAll(parts).catch((thrown: unknown) => {
    throw nameFullDisk(thrown);
  });
}

async function openAll(parts: AgentProgramParts): Promise<RunningAgent> {
  const { program, home } = parts;
  await openHome(home.directory);
  const wasCutOff = await finishRestoreHeld({ ...home, busy: 'AGENT_RUNNING' });
  if (wasCutOff) parts.noticed('a restore that was cut off was finished');
  await finishSetAside(home);
  const config = await readAgentConfig(home);
  const pairing = await findPairing(home);
  if (pairing === undefined) throw new AppError('PAIR_MISSING');
  const disk = await openDiskOrSay(parts, config);
  let swarm: AgentSwarm | undefined;
  try {
    const keyPair = await loadOrCreateIdentity(home.key, program.ports.random);
    const opened = await openAgentSwarm({ ports: program.ports });
    swarm = opened;
    const live: { agent?: Agent } = {};
    const diagnose = openHomeDoctor(parts, () => {
      const hasRandomNat = opened.hasRandomNat();
      return live.agent === undefined ? undefined : { ...live.agent.live, hasRandomNat };
    });
    const agent = await openAgent(parts, { config, pairing, disk, swarm, keyPair, diagnose });
    live.agent = agent;
    return await serve(parts, { agent, pairing, swarm, keyPair, diagnose });
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
  readonly diagnose: Diagnose;
}

async function openAgent(parts: AgentProgramParts, opened: Opened): Promise<Agent> {
  const { program, home, version, noticed } = parts;
  const { config, pairing, disk, swarm, keyPair, diagnose } = opened;
  const { ports } = program;
  const logs = await openLogFiles(home.logs, { bytesMax: config.logs.bytes_max });
  const artifacts = await openArtifactFiles(home.artifacts);
  const workshop = openWorkshop({
    directory: home.work,
    trees: home.trees,
    ports,
    baseEnv: program.env,
    config,
    graceMs: config.grace_ms,
  });
  const pinned = config.hub_addresses;
  const places = new HubPlaces({ home, pairing, pinned, pid: program.pid, noticed });
  const build = findBuild(program.script);
  const agent = new Agent({
    ports,
    kv: disk.kv,
    disk: disk.guard,
    handNote: disk.handNote,
    logs,
    artifacts,
    audit: { policy: planAuditPolicy(config.keep), port: openAuditFiles(home.audit) },
    workshop,
    guards: openGuards({
      script: program.guardScript,
      node: program.node,
      directory: home.guard,
      home: home.directory,
      graceMs: config.grace_ms,
      env: program.env,
    }),
    dial: (how) => {
      const { addresses, rendezvous } = places.reach;
      const where = how === 'direct' ? { addresses, rendezvous } : places.reach;
      return swarm.dial({ hubKey: pairing.hub, keyPair, ...where, timeoutMs: dialAttemptMsMax });
    },
    reachTold: (reach) => void places.told(reach),
    hub: pairing.hub,
    host: config.host ?? program.hostname,
    version,
    slots: config.slots ?? null,
    policies: await openPolicies(parts, config),
    noticed,
    diagnose,
    installed: {
      build,
      upgrade: await findUpgradeTold(home.directory, build),
      askedToLeave: openAskedToLeave(parts),
    },
  });
  await agent.start();
  const { storeId } = agent.live;
  await reapFormerStores({ home, storeId, pid: program.pid, timers: ports.timers, noticed });
  const now = Math.round(ports.clock.wallMs());
  await forgetAged({ home, kv: disk.kv, now }, noticed);
  return agent;
}

/** The policy of this home, as its agent and its command line ask it. */
export async function openPolicies(
  { home, noticed, program }: AgentProgramParts,
  config: AgentConfig,
): Promise<Policies> {
  const source = openPolicyFile(home.policy, homedir(), (state) => {
    const how = state.is === 'broken' ? `: ${state.error.message} All work is refused.` : '.';
    noticed(`policy.toml was read again${how}`);
  });
  const { env } = program;
  const box = await openIsolationBox(env);
  return new Policies({ source, isTerminalAllowed: config.terminal.allowed, env, box });
}

interface Served {
  readonly agent: Agent;
  readonly pairing: Pairing;
  readonly swarm: AgentSwarm;
  readonly keyPair: KeyPair;
  readonly diagnose: Diagnose;
}

async function serve(parts: AgentProgramParts, served: Served): Promise<RunningAgent> {
  const { agent, pairing, swarm, keyPair } = served;
  let control: Listener | undefined;
  let stdioDoor: Listener | undefined;
  const stop = async (waiting: 'end-waiting' | 'keep-waiting' = 'end-waiting') => {
    // First: with its socket a hold on new work ends, and an agent that still served would start what waits.
    const stopped = agent.stop(waiting);
    await control?.close();
    // What is owed may leave by the other door while the agent stops.
    await stopped;
    await stdioDoor?.close();
    await swarm.close();
  };
  try {
    control = await openControl(parts, served, stop);
    stdioDoor = await openStdioDoor({
      path: parts.home.stdioSocket,
      keyPair,
      hub: pairing.hub,
      ports: parts.program.ports,
      accept: (link, askedAt) => agent.takeLink(link, askedAt),
      noticed: parts.noticed,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { agent, pairing, stop };
}

/** The agent's own socket: status, doctor, audit and stop, for programs of this user on this box. */
async function openControl(
  parts: AgentProgramParts,
  { agent, keyPair, diagnose }: Served,
  stop: ControlParts['stop'],
): Promise<Listener> {
  const { program, home, version } = parts;
  const key = formatKey(keyPair.publicKey);
  const who = { pid: program.pid, version, home: home.directory, key };
  const { clock, timers } = program.ports;
  const backUp: ControlParts['backUp'] = (args, isWanted) => {
    const scene = { home, version, pid: program.pid, kv: agent.live.kv, now: clock.wallMs() };
    const whileAuditRests: BackupScene['whileAuditRests'] = (read) => agent.audit.resting(read);
    return answerBackup({ ...scene, isWanted, whileAuditRests }, args);
  };
  const control = { agent, who, diagnose, timers, backUp, stop };
  return listenUnix(home.socket, (link) =>
    serveControl(link, (call) => answerControl(control, call)),
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

/** The doctor of this home; `live` is the agent that runs in this process, if it does. */
export function openHomeDoctor(
  { program, home, noticed }: AgentProgramParts,
  live: () => LiveAgent | undefined,
  agent: 'gone' | 'silent' = 'gone',
): Diagnose {
  const { ports, env } = program;
  const box = openBox({ ...env, ODALLY_HOME: home.directory });
  const start = () => startAgentBehind(program, home, box);
  const service = openService({ program, home });
  const isSilent = agent === 'silent';
  return openDoctor({ home, live, isSilent, ports, box, start, service }, noticed);
}
