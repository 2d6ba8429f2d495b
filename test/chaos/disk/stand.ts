/*
 * One hub and one agent as real processes whose homes, commands and ends a check decides.
 *
 * Verbs are asked over the control socket, as a screen does. Nothing starts a process again but the
 * check. Life cycle: `openStand`, then `close`, which ends everything and removes every file.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InviteShape, JobDetail, TeamRow } from '../../../cockpit/verbs/shapes.ts';
import { ControlClient } from '../../../protocol/control-client.ts';
import { dialUnix } from '../../../protocol/transports/unix.ts';
import { type Homes, openHomes } from '../../kit/homes.ts';
import { locateProgram } from '../../kit/processes.ts';

/** Which of the two. */
export type Side = 'hub' | 'agent';

/** How one is started: what wraps its command, and what its environment has besides. */
export interface StartPlan {
  readonly wrap?: (command: readonly string[]) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const readyMsMax = 40_000;

/** Opens an empty stand, in these homes or new ones; nothing runs yet. */
export function openStand(homes?: Homes): Stand {
  return new Stand(homes);
}

/** See the header. */
export class Stand implements AsyncDisposable {
  readonly homes: Homes;
  readonly #children = new Map<Side, ChildProcess>();

  constructor(homes: Homes = openHomes()) {
    this.homes = homes;
  }

  home(side: Side): string {
    return this.homes.folder(side);
  }

  /** A file outside both homes, which jobs append to. */
  get ledger(): string {
    return join(this.homes.root, 'ledger');
  }

  configure(side: Side, text: string): void {
    writeFileSync(join(this.home(side), 'config.toml'), text);
  }

  /** Starts one and resolves once it serves. Errors: throws when it ends before, with its words. */
  async start(side: Side, plan: StartPlan = {}): Promise<void> {
    const words = side === 'hub' ? ['up', '--foreground'] : ['run'];
    const program = locateProgram(side === 'hub' ? 'wally' : 'odally');
    const command = [process.execPath, program, ...words];
    const [file = '', ...args] = plan.wrap?.(command) ?? command;
    const variable = side === 'hub' ? 'WALLY_HOME' : 'ODALLY_HOME';
    const log = openSync(this.#logFile(side), 'a');
    const env = { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', ...plan.env };
    const child = spawn(file, args, {
      env: { ...env, HOME: this.homes.folder('home'), [variable]: this.home(side) },
      stdio: ['ignore', log, log, 'ipc'],
      cwd: '/',
    });
    closeSync(log);
    this.#children.set(side, child);
    const ready = new Promise<boolean>((resolve) => {
      child.once('message', (message) => resolve((message as { ready: boolean }).ready));
      child.once('exit', () => resolve(false));
      setTimeout(() => resolve(false), readyMsMax).unref();
    });
    const isReady = await ready;
    if (child.connected) child.disconnect();
    if (!isReady) throw new Error(`${side} does not start: ${this.lastWords(side)}`);
  }

  /** Is the process that was started last still there? */
  isUp(side: Side): boolean {
    const child = this.#children.get(side);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** SIGKILL to whatever runs in that home and is not a job's. */
  async kill(side: Side): Promise<void> {
    const child = this.#children.get(side);
    const pids = this.#pids(side);
    for (const pid of pids) kill(pid);
    if (child !== undefined && this.isUp(side)) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    // Not only out of its memory but out of its files: the lock of its store must be free.
    while (pids.some(holdsFiles)) await sleep(5);
  }

  /** SIGTERM; resolves when it has ended. */
  async stop(side: Side): Promise<void> {
    const child = this.#children.get(side);
    if (child === undefined || !this.isUp(side)) return;
    const ended = once(child, 'exit');
    for (const pid of this.#pids(side)) process.kill(pid, 'SIGTERM');
    await ended;
  }

  /** Pairs the agent's home with the hub, which serves. */
  async pair(): Promise<string> {
    const { code } = await this.ask<InviteShape>('invite');
    const child = spawn(process.execPath, [locateProgram('odally'), 'join', code], {
      env: {
        PATH: process.env.PATH ?? '',
        HOME: this.homes.folder('home'),
        ODALLY_HOME: this.home('agent'),
      },
      stdio: 'ignore',
    });
    const file = join(this.home('agent'), 'pairing.json');
    while (!existsSync(file)) await sleep(50);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    return (JSON.parse(readFileSync(file, 'utf8')) as { name: string }).name;
  }

  /** Asks a verb of the hub. Errors: the hub's, HUB_UNREACHABLE. */
  async ask<Answer>(verb: string, args: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    const client = new ControlClient(
      await dialUnix(join(this.home('hub'), 'hub.sock')),
      'HUB_UNREACHABLE',
    );
    try {
      return (await client.call(verb, args)) as Answer;
    } finally {
      client.close();
    }
  }

  /** What the agent says of itself. */
  async askAgent<Answer>(): Promise<Answer> {
    const link = await dialUnix(join(this.home('agent'), 'odally.sock'));
    const client = new ControlClient(link, 'AGENT_UNREACHABLE');
    try {
      return (await client.call('status', {})) as Answer;
    } finally {
      client.close();
    }
  }

  /** A job that runs this shell text; resolves with its id once it is accepted. */
  async dispatch(shell: string): Promise<string> {
    return (await this.ask<JobDetail>('dispatch', { command: [shell] })).id;
  }

  async untilLinked(msMax?: number): Promise<void> {
    await this.until(
      async () => {
        const team = await this.ask<readonly TeamRow[]>('team');
        return team.some(({ link }) => link === 'direct');
      },
      'the agent is linked',
      msMax,
    );
  }

  /** Looks until it is so. Errors: throws with `what` after a minute. */
  async until(isSo: () => Promise<boolean>, what: string, msMax = 60_000): Promise<void> {
    const giveUpAt = performance.now() + msMax;
    for (;;) {
      if (await isSo().catch(() => false)) return;
      if (performance.now() > giveUpAt) throw new Error(`not in ${msMax} ms: ${what}`);
      await sleep(50);
    }
  }

  lastWords(side: Side, lines = 3): string {
    if (!existsSync(this.#logFile(side))) return '';
    return readFileSync(this.#logFile(side), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(-lines)
      .join(' | ');
  }

  async close(): Promise<void> {
    await this.homes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Outside the home: a full disk must not silence it. */
  #logFile(side: Side): string {
    return join(this.homes.root, `${side}.log`);
  }

  #pids(side: Side): readonly number[] {
    const mark = `${side === 'hub' ? 'WALLY_HOME' : 'ODALLY_HOME'}=${this.home(side)}`;
    return this.homes.listProcesses().filter((pid) => readEnvironment(pid).includes(mark));
  }
}

function readEnvironment(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** A dead process that nobody asked for yet has closed its files; one that is dying may not have. */
function holdsFiles(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== 'ESRCH') throw thrown;
  }
}
