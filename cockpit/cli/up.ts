/*
 * `wally up` and `wally down`: the hub's process, and the odally that may live beside it.
 *
 * The local odally is paired and linked like any other, over the real swarm; all that is special is
 * that this box starts and stops it. Its home is noted in the hub's home, so `down` finds it again
 * whatever the environment says then. Errors: HUB_*, AGENT_*, HOME_SILENT, PAIR_EXISTS.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isInTime } from '../../protocol/ask-alive.ts';
import { ControlClient } from '../../protocol/control-client.ts';
import { AppError, isErrorCode } from '../../protocol/errors.ts';
import { sleep } from '../../protocol/ports.ts';
import { dialUnix } from '../../protocol/transports/unix.ts';
import { findHubHome, type HubHome } from '../home.ts';
import type { HubClient } from '../hub/client.ts';
import { isLinked } from '../manager/ladder.ts';
import type { Program, ProgramEnd } from '../ports.ts';
import type { InviteShape, StatusShape, TeamRow } from '../verbs/shapes.ts';
import { assertAnswers, connectHub, ensureHub, findScript } from './connect.ts';
import { watchSilence } from './watch-silence.ts';

/** The local odally must be seen within this time. */
const localSeenMsMax = 15_000;

/** A process that was asked to stop must be gone within this time. */
const goneMsMax = 15_000;

/** How often it is looked at meanwhile. */
const lookMs = 50;

/** What `wally up` answers. */
export interface UpAnswer {
  readonly hub: StatusShape['hub'];
  readonly isNew: boolean;
  readonly local: string | null;
}

/** What `wally down` answers. */
export interface DownAnswer {
  readonly hub: 'stopped' | 'not running';
  readonly local: 'stopped' | 'not running';
}

/** Makes sure that the hub runs; with `withLocal` an odally on this box too. */
export async function bringUp(program: Program, want: 'hub' | 'hub-and-local'): Promise<UpAnswer> {
  const { client, isNew } = await ensureHub(program);
  const { ports, say } = program;
  const stopWatching = watchSilence({ client, timers: ports.timers, say });
  try {
    const local = want === 'hub' ? null : await bringUpLocal(program, client);
    const status = (await client.call('status', {})) as StatusShape;
    return { hub: status.hub, isNew, local };
  } finally {
    stopWatching();
    client.close();
  }
}

/** Stops the local odally, then the hub; both may be gone already. */
export async function bringDown(program: Program): Promise<DownAnswer> {
  const home = findHubHome(program.env);
  await assertAnswers(program, home.directory);
  const local = await stopLocal(program, home);
  const hub = await stopProcess(program, () => connectHub(program, home), home.socket);
  return { hub, local };
}

async function bringUpLocal(program: Program, client: HubClient): Promise<string> {
  const home = findHubHome(program.env);
  const agentHome = (await findLocalHome(home)) ?? home.localAgent;
  await writeFile(noteFile(home), `${agentHome}\n`, { mode: 0o600 });
  const env = { ODALLY_HOME: agentHome };
  const script = findScript('odally.js');
  let end = await program.runScript(script, ['run', '--background', '--json'], env);
  if (readCode(end) === 'PAIR_MISSING') {
    const { code } = (await client.call('invite', {})) as InviteShape;
    end = await program.runScript(script, ['join', code, '--background', '--json'], env);
  }
  const code = readCode(end);
  if (code !== undefined && code !== 'AGENT_RUNNING') throw toError(end);
  const status = await askAgent(program, agentHome);
  return awaitSeen(program, client, status);
}

/** Resolves with the worker's name once the hub sees it linked. */
async function awaitSeen(
  program: Program,
  client: HubClient,
  agent: { readonly key: string; readonly hub: string },
): Promise<string> {
  const { hub } = (await client.call('status', {})) as StatusShape;
  if (agent.hub !== hub.key) {
    throw new AppError('PAIR_EXISTS', 'The local odally is paired with another hub.');
  }
  for (let waitedMs = 0; waitedMs < localSeenMsMax; waitedMs += lookMs) {
    const team = (await client.call('team', {})) as readonly TeamRow[];
    const row = team.find((worker) => worker.key === agent.key);
    if (row === undefined) {
      throw new AppError('PEER_UNKNOWN', 'This hub does not trust the local odally any more.');
    }
    if (isLinked(row.link)) return row.name;
    await sleep(program.ports.timers, lookMs);
  }
  throw new AppError('LINK_TIMEOUT', 'The local odally runs, but the hub does not see it.');
}

async function stopLocal(program: Program, home: HubHome): Promise<DownAnswer['local']> {
  const agentHome = await findLocalHome(home);
  // Only what `up --local` noted is ours to stop; another agent on this box is not.
  if (agentHome === undefined) return 'not running';
  const socket = join(agentHome, 'odally.sock');
  await assertAnswers(program, agentHome);
  const stopped = await stopProcess(program, () => dialAgent(agentHome), socket);
  await rm(noteFile(home), { force: true });
  return stopped;
}

/** Asks the program behind a socket to stop, and waits until its process is gone. */
async function stopProcess(
  program: Program,
  connect: () => Promise<HubClient>,
  what: string,
): Promise<'stopped' | 'not running'> {
  let client: HubClient;
  try {
    client = await connect();
  } catch (error) {
    const isGone = error instanceof AppError && error.code === 'HUB_UNREACHABLE';
    if (isGone) return 'not running';
    throw error;
  }
  const pid = await askToStop(program, client, what);
  for (let waitedMs = 0; waitedMs < goneMsMax; waitedMs += lookMs) {
    if (!(await isAlive(pid))) return 'stopped';
    await sleep(program.ports.timers, lookMs);
  }
  throw new AppError('LINK_TIMEOUT', `The process ${pid} behind ${what} does not end.`);
}

/** One that hangs is waited for, and that is said. */
async function askToStop(program: Program, client: HubClient, what: string): Promise<number> {
  const { ports, say } = program;
  const who = `The program behind ${what}`;
  const stopWatching = watchSilence({ client, timers: ports.timers, say, who });
  try {
    return ((await client.call('stop', {})) as { readonly pid: number }).pid;
  } finally {
    stopWatching();
    client.close();
  }
}

async function askAgent(
  program: Program,
  agentHome: string,
): Promise<{ readonly key: string; readonly hub: string }> {
  const client = await awaitAgent(program, agentHome);
  try {
    const status = client.call('status', {});
    if (await isInTime(status, program.ports.timers, localSeenMsMax)) {
      return (await status) as { key: string; hub: string };
    }
    throw new AppError('AGENT_SILENT', `The local odally on ${agentHome} does not answer.`);
  } finally {
    client.close();
  }
}

/** One that somebody else started at this very moment does not answer yet. */
async function awaitAgent(program: Program, agentHome: string): Promise<HubClient> {
  await assertAnswers(program, agentHome);
  for (let waitedMs = 0; waitedMs < localSeenMsMax; waitedMs += lookMs) {
    try {
      return await dialAgent(agentHome);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'HUB_UNREACHABLE') throw error;
    }
    await sleep(program.ports.timers, lookMs);
  }
  throw new AppError('AGENT_UNREACHABLE', `The local odally on ${agentHome} does not answer.`);
}

async function dialAgent(agentHome: string): Promise<HubClient> {
  return new ControlClient(
    await dialUnix(join(agentHome, 'odally.sock')),
    'AGENT_UNREACHABLE',
    'cli',
  );
}

/** The home noted by an earlier `up`. */
async function findLocalHome(home: HubHome): Promise<string | undefined> {
  const noted = await readFile(noteFile(home), 'utf8').catch(() => '');
  return noted.trim() === '' ? undefined : noted.trim();
}

function noteFile(home: HubHome): string {
  return join(home.directory, 'local-odally');
}

/** Does the process still run? One that only waits to be reaped by a lazy init does not. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    // ESRCH: no such process. It is ours, so it cannot be EPERM.
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/^\d+ \(.*\) Z/s.test(stat);
}

function readCode(end: ProgramEnd): string | undefined {
  if (end.exitCode === 0) return undefined;
  return readError(end)?.code ?? 'AGENT_START';
}

function toError(end: ProgramEnd): AppError {
  const error = readError(end);
  const code = error !== undefined && isErrorCode(error.code) ? error.code : 'AGENT_START';
  return new AppError(code, error?.message ?? end.stderr.slice(0, 500));
}

function readError(
  end: ProgramEnd,
): { readonly code: string; readonly message: string } | undefined {
  try {
    return (JSON.parse(end.stdout) as { error?: { code: string; message: string } }).error;
  } catch {
    return undefined;
  }
}
