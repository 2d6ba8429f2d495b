/*
 * Starting a program that outlives whoever asked for it: an ssh that goes, an agent that ends.
 *
 * It has a session of its own, and its words go into the agent's log. Where systemd keeps this user's services,
 * it is started there, because logging out may end what was started from a login, and stopping a unit ends what is in it.
 */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Environment } from '../work/environment.ts';
import type { ServiceRecord } from './service-record.ts';
import type { RunTool } from './tools.ts';

/** What is started. */
export interface BehindPlan {
  readonly command: readonly string[];
  readonly env: Environment;
  readonly logFile: string;
}

/** Starts it as a process of its own; resolves with its pid. */
export async function startBehind({ command, env, logFile }: BehindPlan): Promise<number> {
  const log = await open(logFile, 'a', 0o600);
  try {
    const [file = '', ...args] = command;
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...env },
      cwd: '/',
    });
    child.once('error', () => undefined);
    child.unref();
    return child.pid ?? 0;
  } finally {
    await log.close();
  }
}

/** The same, apart from the login and from the unit that we may run in. */
export async function startApart(
  plan: BehindPlan,
  { record, tools }: { readonly record: ServiceRecord | undefined; readonly tools: RunTool },
): Promise<void> {
  if (record?.kind === 'systemd') {
    const { PATH = '', HOME = '', ODALLY_HOME = '' } = plan.env;
    const env = Object.entries({ PATH, HOME, ODALLY_HOME }).map(
      ([name, value]) => `--setenv=${name}=${value}`,
    );
    const words = ['--user', '--collect', '--quiet', ...env, '--', ...plan.command];
    if ((await tools('systemd-run', words)).code === 0) return;
  }
  await startBehind(plan);
}
