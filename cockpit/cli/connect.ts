/*
 * Reaching the hub of this home, and starting it where that is asked.
 *
 * Errors: HUB_UNREACHABLE, HOME_SILENT, HUB_START, and whatever stopped the hub from coming up.
 */
import { fileURLToPath } from 'node:url';
import { ControlClient } from '../../protocol/control-client.ts';
import { AppError } from '../../protocol/errors.ts';
import { sleep } from '../../protocol/ports.ts';
import { dialUnix } from '../../protocol/transports/unix.ts';
import { assertHomeAnswers } from '../../store/doctor/dead-home.ts';
import { openHome } from '../../store/home.ts';
import { findHubHome, type HubHome } from '../home.ts';
import type { HubClient } from '../hub/client.ts';
import type { Program } from '../ports.ts';

/** A hub that is being started by somebody else is looked for so often, this long apart. */
const awaitTriesMax = 100;
const awaitPauseMs = 50;

/** A connection to the hub that runs. Errors: HUB_UNREACHABLE, HOME_SILENT. */
export async function connectHub(program: Program, home: HubHome): Promise<HubClient> {
  await assertAnswers(program, home.directory);
  return dialHub(program, home);
}

/** The same on a disk that has answered just now. */
async function dialHub({ surface }: Program, home: HubHome): Promise<HubClient> {
  return new ControlClient(await dialUnix(home.socket), 'HUB_UNREACHABLE', surface);
}

/** The disk under this path must answer before we touch it. Errors: HOME_SILENT. */
export async function assertAnswers(program: Program, path: string): Promise<void> {
  await assertHomeAnswers(path, { ...program.ports, box: await program.openBox() });
}

/** A connection to the hub, which is started when none runs. */
export async function ensureHub(
  program: Program,
): Promise<{ readonly client: HubClient; readonly isNew: boolean }> {
  const home = findHubHome(program.env);
  const running = await connectHub(program, home).catch(keepUnreachable);
  if (running !== undefined) return { client: running, isNew: false };
  await openHome(home.directory);
  try {
    await program.startDaemon({
      script: findScript('wally.js'),
      args: ['up', '--foreground'],
      env: { WALLY_HOME: home.directory },
      logFile: home.hubLog,
      failure: 'HUB_START',
    });
    return { client: await dialHub(program, home), isNew: true };
  } catch (error) {
    // Somebody else was starting it at the same moment; theirs will answer shortly.
    if (!(error instanceof AppError) || error.code !== 'HUB_RUNNING') throw error;
    return { client: await awaitHub(program, home, error), isNew: false };
  }
}

/** Starts the hub of a home where none runs; resolves when it answers. */
export async function startHubOf(program: Program, home: HubHome): Promise<void> {
  const env = { ...program.env, WALLY_HOME: home.directory };
  const { client } = await ensureHub({ ...program, env });
  client.close();
}

/** None runs. */
function keepUnreachable(error: unknown): undefined {
  if (error instanceof AppError && error.code === 'HUB_UNREACHABLE') return undefined;
  throw error;
}

async function awaitHub(program: Program, home: HubHome, failure: AppError): Promise<HubClient> {
  for (let tries = 0; tries < awaitTriesMax; tries += 1) {
    const client = await dialHub(program, home).catch(keepUnreachable);
    if (client !== undefined) return client;
    await sleep(program.ports.timers, awaitPauseMs);
  }
  throw failure;
}

/** One of our own bundled programs, beside the one that runs. */
export function findScript(name: 'wally.js' | 'odally.js'): string {
  const here = fileURLToPath(import.meta.url);
  const dist = here.slice(0, here.lastIndexOf('/dist/') + '/dist/'.length);
  return `${dist}${name}`;
}
