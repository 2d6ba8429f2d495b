/*
 * A person's shell on the agent's side: a process of its own holds the terminal, and is talked to.
 *
 * Where it opens, which shell it is and what it sees is decided here. When that process has ended,
 * whatever still carries the terminal's mark is ended too. Invariants: `exit` resolves once and never
 * rejects; output that nobody takes waits in pipes and in the terminal, not here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../protocol/errors.ts';
import type { AttemptId } from '../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import { type BoxUser, openIsolation } from '../policy/isolation.ts';
import { findTree } from './base-tree.ts';
import type { DirectoryLooks } from './directory-looks.ts';
import { buildTerminalEnvironment, type Environment, markVariable } from './environment.ts';
import {
  createReportDecoder,
  encodeOrder,
  type HostOrder,
  type HostPlan,
  type HostReport,
  reportFd,
} from './host-talk.ts';
import { coverInherited } from './inherited-files.ts';
import { requireDirectory } from './job-directory.ts';
import { hostEndMsMax } from './limits.ts';
import { findProcess } from './process-table.ts';
import { killTree } from './reaper.ts';
import { nameSharedFolder } from './shared-folder.ts';
import type { ProcessMark, Shell, ShellExit, ShellOrder } from './work.ts';

/** Shells that know `-l`; the others are started as they are. */
const loginShells: ReadonlySet<string> = new Set(['bash', 'zsh', 'fish', 'ksh', 'mksh', 'ash']);

/** What a shell needs to know of its box. */
export interface ShellScene {
  /** Folder of the attempts' temporary directories. */
  readonly directory: string;
  /** Folder of their checkouts. */
  readonly trees: string;
  readonly looks: Pick<DirectoryLooks, 'look'>;
  readonly ports: Ports;
  readonly baseEnv: Environment;
}

/** Opens one. Errors: TERMINAL_UNSUPPORTED where the box has no PTY for it. */
export async function openShell(scene: ShellScene, order: ShellOrder): Promise<Shell> {
  const { baseEnv, ports } = scene;
  const { columns, rows, mark, take } = order;
  const user = findShellUser(order);
  const home = user?.home ?? baseEnv.HOME ?? homedir();
  const directory = await chooseDirectory(scene, order, home);
  const file = await chooseShell(user === undefined ? baseEnv.SHELL : user.shell);
  const terms = { user, passed: order.rules?.passed ?? [] };
  const env = buildTerminalEnvironment({ base: baseEnv, terms, order, shell: file });
  const own = [file, ...(loginShells.has(basename(file)) ? ['-l'] : [])];
  const [program = '', ...args] = user === undefined ? own : [...(await switchWords(user)), ...own];
  const shell = new HostedShell({ host: startHost(mark), directory, mark, ports, take });
  await shell.open({ file: program, args, env, cwd: directory, columns, rows, mark });
  return shell;
}

/** Whom the shell runs as, where that is not the agent's user. Errors: POLICY_ISOLATION. */
function findShellUser({ rules }: ShellOrder): BoxUser | undefined {
  const isolation = rules?.isolation ?? openIsolation;
  if (isolation instanceof AppError) throw isolation;
  return isolation.user;
}

/**
 * The PTY's binding changes the user and keeps the groups of root, so util-linux does it.
 * Errors: POLICY_ISOLATION.
 */
async function switchWords({ uid, gid }: BoxUser): Promise<readonly string[]> {
  for (const folder of ['/usr/bin', '/bin', '/usr/local/bin']) {
    const file = join(folder, 'setpriv');
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return [file, `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
  }
  const detail =
    'policy.toml: isolation.user: a terminal as another user needs setpriv, which is not here.';
  throw new AppError('POLICY_ISOLATION', detail);
}

/** Errors: TERMINAL_UNSUPPORTED where the box has no descriptor or process left; then it has no streams. */
function startHost(mark: string): ChildProcess {
  const cover = coverInherited(reportFd + 1);
  const host = spawn(process.execPath, [findHost()], {
    cwd: '/',
    env: { [markVariable]: mark },
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore', 'pipe', ...cover.files],
  });
  cover.close();
  // It is told in a turn of its own, when nobody else may listen, and would end the agent.
  host.on('error', () => undefined);
  if (host.pid !== undefined) return host;
  throw new AppError('TERMINAL_UNSUPPORTED', 'The box cannot start another process now.');
}

/** Beside our own bundle, or the source that this runs from. */
function findHost(): string {
  const here = fileURLToPath(import.meta.url);
  const at = here.lastIndexOf('/dist/');
  if (at < 0) return join(dirname(here), '../odally-terminal.ts');
  return `${here.slice(0, at)}/dist/odally-terminal.js`;
}

/** Where the work runs, while that is there; else the person's home. */
async function chooseDirectory(
  scene: ShellScene,
  order: ShellOrder,
  home: string,
): Promise<string> {
  const { rules } = order;
  const { looks } = scene;
  const named = order.directory === undefined ? [] : [{ path: order.directory, rules }];
  // What we made ourselves no rule is about.
  const own = (await listOwn(scene, order.attempt)).map((path) => ({ path, rules: undefined }));
  for (const place of [...named, ...own]) {
    const box = { home, looks, rules: place.rules };
    const found = await requireDirectory(place.path, box).catch(() => undefined);
    if (found !== undefined) return found;
  }
  return (await looks.look(home)).is === 'directory' ? home : '/';
}

/** What was made for the attempt and may be there yet: its checkout, which may outlive it, first. */
async function listOwn(
  { trees, directory }: ShellScene,
  attempt: AttemptId | undefined,
): Promise<readonly string[]> {
  if (attempt === undefined) return [];
  const tree = await findTree(trees, attempt);
  const own = [directory, nameSharedFolder(directory)].map((folder) => join(folder, attempt));
  return [...(tree === undefined ? [] : [tree]), ...own];
}

/** The person's own, where it is one that can be started. */
async function chooseShell(named: string | undefined): Promise<string> {
  if (named === undefined || !named.startsWith('/')) return '/bin/sh';
  return access(named, constants.X_OK).then(
    () => named,
    () => '/bin/sh',
  );
}

interface HostedShellParts {
  readonly host: ChildProcess;
  readonly directory: string;
  readonly mark: string;
  readonly ports: Ports;
  readonly take: ShellOrder['take'];
}

/** Life cycle: `open` once; it closes by itself when the shell has ended, or sooner by `end`. */
class HostedShell implements Shell {
  readonly directory: string;
  readonly exit: Promise<ShellExit>;
  readonly #parts: HostedShellParts;
  readonly #input: Writable;
  readonly #output: Readable;
  readonly #opened: Promise<HostReport>;
  #process: ProcessMark;
  #end: ShellExit | undefined;
  #isEnding = false;
  #cancelKill: CancelTimer | undefined;

  constructor(parts: HostedShellParts) {
    const { host, mark } = parts;
    this.#parts = parts;
    this.directory = parts.directory;
    this.#input = host.stdin as Writable;
    this.#output = host.stdout as Readable;
    const pid = host.pid ?? 0;
    this.#process = { pid, start: String(findProcess(pid)?.start ?? ''), mark };
    // It goes while we write to it, and that is told by its exit.
    this.#input.on('error', () => undefined);
    this.#output.on('data', (bytes: Uint8Array) => this.#take(bytes));
    this.#opened = this.#hearReports();
    this.exit = this.#awaitExit();
  }

  /** Resolves when the shell runs. Errors: TERMINAL_UNSUPPORTED. */
  async open(plan: HostPlan): Promise<void> {
    void this.#say({ is: 'plan', plan });
    const report = await this.#opened;
    if (report.is !== 'failed') return;
    await this.exit;
    throw new AppError('TERMINAL_UNSUPPORTED', 'The box could not make a terminal.', {
      cause: report.reason,
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#say({ is: 'data', bytes });
  }

  resize(columns: number, rows: number): void {
    void this.#say({ is: 'size', columns, rows });
  }

  resume(): void {
    this.#output.resume();
  }

  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { host, ports } = this.#parts;
    host.kill('SIGTERM');
    this.#output.resume();
    this.#cancelKill = ports.timers.after(hostEndMsMax, () => host.kill('SIGKILL'));
  }

  /** Resolves when the pipe has taken it, or there is nobody to read it. */
  #say(order: HostOrder): Promise<void> {
    if (this.#isEnding || this.#input.destroyed) return Promise.resolve();
    return new Promise((resolve) => this.#input.write(encodeOrder(order), () => resolve()));
  }

  #take(bytes: Uint8Array): void {
    if (!this.#isEnding && this.#parts.take(bytes) === 'pause') this.#output.pause();
  }

  /** Resolves with the first report, or a failure where none comes. */
  #hearReports(): Promise<HostReport> {
    const reports = this.#parts.host.stdio[reportFd] as Readable;
    const decode = createReportDecoder();
    return new Promise((resolve) => {
      reports.on('error', () => undefined);
      reports.on('close', () => resolve({ is: 'failed', reason: 'its process ended' }));
      reports.on('data', (text: Buffer) => {
        for (const report of decode(text.toString())) {
          if (report.is === 'ended') this.#end = report.exit;
          resolve(report);
        }
      });
    });
  }

  async #awaitExit(): Promise<ShellExit> {
    const { host, ports } = this.#parts;
    // Its output was read to the end by then, however slowly.
    const closed = once(host, 'close').catch(() => []);
    const [code, signal] = await closed;
    this.#cancelKill?.();
    await killTree({ leader: this.#process, ownsGroup: true, members: [] }, ports.timers);
    return this.#end ?? (signal === null ? { exitCode: Number(code ?? 1) } : { signal });
  }
}
