/*
 * One program of ours as a real process that may be killed, stopped and started again at any time.
 *
 * It does what an init system would: a process that ends although nobody asked it to is started
 * again, and that is counted with its last words. The largest memory seen is kept over all of its
 * lives. Life cycle: `start`, any number of `kill` and `start`, then `close`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { daemonEnvironment } from '../../../protocol/daemon.ts';
import { locateProgram } from '../../kit/processes.ts';

/** What to run. */
export interface BoxPlan {
  readonly name: string;
  readonly program: 'wally' | 'odally';
  /** Another script in the program's place, which speaks as it does. */
  readonly script?: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** All its lives write here. */
  readonly logFile: string;
}

/** One that does not say that it is ready in this time has failed to start. */
const readyMsMax = 30_000;

/** Between an end that nobody asked for and the next start. */
const againMs = 300;

/** How often memory is looked at. */
const lookMs = 1000;

/** A process with its supervisor. */
export class Box {
  readonly plan: BoxPlan;
  /** Ends that nobody asked for, with what the log said last. */
  readonly ownEnds: string[] = [];
  memoryBytesPeak = 0;
  startCount = 0;
  #child: ChildProcess | undefined;
  #isWanted = false;
  #isReady = false;
  readonly #looker: NodeJS.Timeout;

  constructor(plan: BoxPlan) {
    this.plan = plan;
    this.#looker = setInterval(() => this.#look(), lookMs);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it; resolves once it says that it serves. Errors: throws when it ends or says nothing. */
  async start(): Promise<void> {
    this.#isWanted = true;
    const { program, args, env, logFile, script = locateProgram(program) } = this.plan;
    const log = openSync(logFile, 'a');
    // Who asks for its inspector (`collector.ts`) gets a port that is free.
    const child = spawn(process.execPath, ['--inspect-port=0', script, ...args], {
      env: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', ...daemonEnvironment, ...env },
      stdio: ['ignore', log, log, 'ipc'],
      cwd: '/',
    });
    closeSync(log);
    this.#child = child;
    this.startCount += 1;
    child.once('exit', (code, signal) => this.#ended(child, signal ?? String(code)));
    await hearReady(child, this.plan.name);
    this.#isReady = child === this.#child && !hasEnded(child);
  }

  /** SIGKILL; resolves when it is gone. Nothing starts it again but `start`. */
  async kill(): Promise<void> {
    this.#isWanted = false;
    this.#isReady = false;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.#look();
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Resolves once it serves, after a start that did not go well; its supervisor tries on and on. */
  async untilUp(): Promise<void> {
    while (this.#isWanted && !this.#isReady) await sleep(100);
  }

  /** SIGSTOP until `resume`. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async close(): Promise<void> {
    clearInterval(this.#looker);
    await this.kill();
  }

  /** Asked for or not, a life is over. */
  #ended(child: ChildProcess, how: string): void {
    if (!this.#isWanted || child !== this.#child) return;
    this.#isReady = false;
    this.ownEnds.push(`${how}: ${readLastLine(this.plan.logFile)}`);
    void this.#again();
  }

  async #again(): Promise<void> {
    await sleep(againMs);
    // Somebody may have killed it for good, or started it, meanwhile.
    if (!this.#isWanted || !hasEnded(this.#child)) return;
    // One that does not come up is heard of by its end, which leads here again.
    await this.start().catch(() => undefined);
  }

  #look(): void {
    const { pid } = this;
    if (pid === undefined || hasEnded(this.#child)) return;
    this.memoryBytesPeak = Math.max(this.memoryBytesPeak, readMemory(pid, 'VmHWM'));
  }
}

/** A memory figure of a process, bytes; 0 for one that is gone. */
export function readMemory(pid: number, field: 'VmHWM' | 'VmRSS' | 'RssAnon'): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function hasEnded(child: ChildProcess | undefined): boolean {
  return child === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** The programs say over their channel that they serve; then it is cut, as their own starter does. */
function hearReady(child: ChildProcess, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} is not ready`)), readyMsMax);
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      finish();
    };
    child.once('exit', () => settle(() => reject(new Error(`${name} ended before it was ready`))));
    child.once('message', (message) => {
      const { ready, code } = message as { readonly ready: boolean; readonly code?: string };
      if (child.connected) child.disconnect();
      settle(ready ? resolve : () => reject(new Error(`${name} does not start: ${code}`)));
    });
  });
}

function readLastLine(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '';
}
