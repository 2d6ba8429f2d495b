/*
 * The port to the programs of providers: run one to its end, bounded in time and output, whatever it starts or leaves.
 *
 * No shell, no input but what is given, and of the hub's environment only the variables that are named. It
 * decides nothing: what an exit status means is for who asks.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { hasSystemCode } from '../../../protocol/errors.ts';
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

/** What a program that has ended left behind may hold its output open for ever: an ssh master does. */
const pipesMs = 1000;

/** The real port; `env` is the hub's own environment. */
export function openPrograms(env: NodeJS.ProcessEnv = process.env): RunProgram {
  return (plan) => new Promise((resolve) => new ProgramRun(plan, env, resolve).start());
}

/** Those that run now; they end with this process, which is who bounds their time. */
const running = new Set<ProgramRun>();
process.once('exit', () => {
  for (const one of running) one.signal('SIGTERM');
});

/** Life cycle: `start` once; it ends by itself, in the time of its plan, `killAfterMs` and `pipesMs` at most. */
class ProgramRun {
  readonly #plan: ProgramPlan;
  readonly #child: ChildProcess;
  readonly #resolve: (end: ProgramEnd) => void;
  readonly #said = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  readonly #timers: NodeJS.Timeout[] = [];
  #bytes = 0;
  #isTimedOut = false;

  constructor(plan: ProgramPlan, env: NodeJS.ProcessEnv, resolve: (end: ProgramEnd) => void) {
    this.#plan = plan;
    this.#resolve = resolve;
    const [file = '', ...args] = plan.command;
    this.#child = spawn(file, args, {
      env: { ...pickVariables(env, plan.passes ?? []), ...plan.env },
      cwd: env.HOME ?? '/',
      stdio: [plan.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // A group of its own, so that what it started ends with it.
      detached: true,
    });
  }

  start(): void {
    const child = this.#child;
    running.add(this);
    child.once('error', (error) => {
      const isAbsent = hasSystemCode(error, 'ENOENT') || hasSystemCode(error, 'EACCES');
      this.#finish({ exitCode: null, isAbsent, more: error.message });
    });
    for (const side of ['stdout', 'stderr'] as const) {
      child[side]?.on('data', (piece: Buffer) => this.#take(side, piece));
    }
    // One that reads nothing may be gone before all is written.
    child.stdin?.on('error', () => undefined).end(this.#plan.stdin);
    child.once('close', (exitCode) => this.#finish({ exitCode }));
    child.once('exit', (exitCode) => this.#after(pipesMs, () => this.#finish({ exitCode })));
    this.#after(this.#plan.timeoutMs, () => {
      this.#isTimedOut = true;
      this.#end();
    });
  }

  #take(side: 'stdout' | 'stderr', piece: Buffer): void {
    if (this.#bytes > commandBytesMax) return;
    this.#bytes += piece.length;
    if (this.#bytes <= commandBytesMax) this.#said[side].push(piece);
    else this.#end();
  }

  #end(): void {
    this.signal('SIGTERM');
    this.#after(killAfterMs, () => {
      this.signal('SIGKILL');
      // One that runs as somebody else, or hangs in the kernel, is left to itself.
      this.#after(pipesMs, () => this.#finish({ exitCode: null }));
    });
  }

  /** Sends it to the program and to what it started. */
  signal(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch (error) {
      // All of them are gone; or they run as somebody else, or macOS has not buried them yet.
      if (!hasSystemCode(error, 'ESRCH') && !hasSystemCode(error, 'EPERM')) throw error;
    }
  }

  #after(ms: number, run: () => void): void {
    this.#timers.push(setTimeout(run, ms));
  }

  /** Called more than once; the first counts. */
  #finish({
    exitCode,
    isAbsent = false,
    more = '',
  }: Pick<ProgramEnd, 'exitCode'> & { isAbsent?: boolean; more?: string }): void {
    running.delete(this);
    // One that lives on must not keep us from ending.
    this.#child.unref();
    for (const timer of this.#timers) clearTimeout(timer);
    // What hangs on to the pipes of one that was ended is ended too.
    if (this.#isTimedOut) this.signal('SIGKILL');
    for (const side of ['stdout', 'stderr'] as const) this.#child[side]?.destroy();
    const isCut = this.#bytes > commandBytesMax;
    const words = isCut ? `it says more than is read of a program` : more;
    this.#resolve({
      exitCode: this.#isTimedOut || isCut ? null : exitCode,
      stdout: join(this.#said.stdout),
      stderr: words === '' ? join(this.#said.stderr) : words,
      isTimedOut: this.#isTimedOut,
      isAbsent,
    });
  }
}

/** Without the last newline. */
function join(pieces: readonly Buffer[]): string {
  return Buffer.concat(pieces)
    .toString('utf8')
    .replace(/\r?\n$/, '');
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
