/*
 * Reaching the hub of this home, and starting it where that is asked.
 *
 * Errors: HUB_UNREACHABLE, HUB_START, and whatever stopped the hub from coming up.
 */
import { fileURLToPath } from 'node:url';
import { ControlClient } from '../../protocol/control.ts';
import { AppError } from '../../protocol/errors.ts';
import { dialUnix } from '../../protocol/transports/unix.ts';
import { openHome } from '../../store/home.ts';
import { findHubHome, type HubHome } from '../home.ts';
import type { HubClient } from '../hub/client.ts';
import type { Program } from '../ports.ts';

/** A connection to the hub that runs. Errors: HUB_UNREACHABLE. */
export async function connectHub(home: HubHome): Promise<HubClient> {
  return new ControlClient(await dialUnix(home.socket), 'HUB_UNREACHABLE');
}

/** A connection to the hub, which is started when none runs. */
export async function ensureHub(
  program: Program,
): Promise<{ readonly client: HubClient; readonly isNew: boolean }> {
  const home = findHubHome(program.env);
  try {
    return { client: await connectHub(home), isNew: false };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'HUB_UNREACHABLE') throw error;
  }
  await openHome(home.directory);
  await program.startDaemon({
    script: findScript('wally.js'),
    args: ['up', '--foreground'],
    env: { WALLY_HOME: home.directory },
    logFile: home.hubLog,
    failure: 'HUB_START',
  });
  return { client: await connectHub(home), isNew: true };
}

/** One of our own bundled programs, beside the one that runs. */
export function findScript(name: 'wally.js' | 'odally.js'): string {
  const here = fileURLToPath(import.meta.url);
  const dist = here.slice(0, here.lastIndexOf('/dist/') + '/dist/'.length);
  return `${dist}${name}`;
}
