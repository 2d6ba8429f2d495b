/*
 * The port to the programs of providers: run one to its end, bounded in time and output.
 *
 * No shell, no input but what is given, and of the hub's environment only the variables that are named. It
 * decides nothing: what an exit status means is for who asks.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { commandBytesMax } from './limits.ts';

/** What is to be run. */
export interface ProgramPlan {
  readonly command: readonly string[];
  readonly timeoutMs: number;
  /** Variables of the hub's environment that it sees, besides the few that every program needs. */
  readonly passes?: readonly string[] | 'all';
  /** Further variables. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** How it ended. */
export interface ProgramEnd {
  /** Null where a signal or its time ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly isTimedOut: boolean;
  /** There is no such program here, so nothing was done. */
  readonly isAbsent: boolean;
}

/** Runs programs. Never rejects. */
export type RunProgram = (plan: ProgramPlan) => Promise<ProgramEnd>;

/** What every program needs: where programs and homes are, in which language, and the way out. */
const passedAlways = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL', 'LC_CTYPE'],
  ...['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME', 'XDG_RUNTIME_DIR'],
  ...['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'no_proxy'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'SSH_AUTH_SOCK'],
];

/** A process that was told to end is given so long before it is killed. */
const killAfterMs = 5000;

/** The real port; `env` is the hub's own environment. */
export function openPrograms(env: NodeJS.ProcessEnv = process.env): RunProgram {
  return async ({ command: [file = '', ...args], timeoutMs, passes = [], env: more, stdin }) => {
    const ended = await execa(file, args, {
      env: { ...pickVariables(env, passes), ...more },
      extendEnv: false,
      cwd: env.HOME ?? '/',
      reject: false,
      timeout: timeoutMs,
      forceKillAfterDelay: killAfterMs,
      maxBuffer: commandBytesMax,
      ...(stdin === undefined ? { stdin: 'ignore' as const } : { input: stdin }),
    });
    return {
      exitCode: ended.exitCode ?? null,
      stdout: ended.stdout,
      stderr: ended.stderr,
      isTimedOut: ended.timedOut,
      isAbsent: ended.code === 'ENOENT' || ended.code === 'EACCES',
    };
  };
}

/** The agent that came with this hub, as a command: it lies beside the hub's own program in dist. */
export function planOdally(): readonly string[] {
  const here = fileURLToPath(import.meta.url);
  const dist = here.slice(0, here.lastIndexOf('/dist/') + '/dist/'.length);
  return [process.execPath, `${dist}odally.js`];
}

function pickVariables(
  env: NodeJS.ProcessEnv,
  passes: readonly string[] | 'all',
): Readonly<Record<string, string | undefined>> {
  const { WALLY_HOME: _ours, ...rest } = env;
  if (passes === 'all') return rest;
  const names = [...passedAlways, ...passes].filter((name) => env[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, env[name]]));
}

/** Does this process of ours still run? One that only waits to be reaped by a lazy init does not. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    // ESRCH: there is none. It is ours, so it cannot be EPERM.
    return false;
  }
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/^\d+ \(.*\) Z/s.test(text);
}
