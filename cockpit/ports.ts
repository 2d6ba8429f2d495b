/*
 * The world of the `wally` program: its arguments, environment, streams, clock and children.
 *
 * The only file of the cockpit that touches `process`. Everything else is given a `Program`, so a
 * test can run any of it. Output is written with back-pressure; a reader that went away (`| head`) is no
 * failure, a disk that does not take what is printed is one.
 */
import { hostname } from 'node:os';
import type { ErrorCode } from '../protocol/errors.ts';
import { onEndSignal, openSystemPorts, type Ports } from '../protocol/ports.ts';
import type { Box } from '../store/doctor/box.ts';
import type { HomeEnv } from './home.ts';

/** A tmux that is asked answers at once, or hangs. */
const tmuxMsMax = 1000;

/** What the environment says about the terminal. */
export interface TerminalEnv {
  readonly NO_COLOR?: string | undefined;
  readonly TERM?: string | undefined;
  readonly PAGER?: string | undefined;
  readonly EDITOR?: string | undefined;
  readonly VISUAL?: string | undefined;
  readonly COLORTERM?: string | undefined;
  readonly TMUX?: string | undefined;
  readonly LC_ALL?: string | undefined;
  readonly LC_CTYPE?: string | undefined;
  readonly LANG?: string | undefined;
}

/** Another program that ran to its end. */
export interface ProgramEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a person, or a program for them, asks with. */
export type Surface = 'cli' | 'screen' | 'linear';

/** The process that `wally` is, as the rest of the cockpit sees it. */
export interface Program {
  readonly ports: Ports;
  readonly argv: readonly string[];
  readonly env: HomeEnv & TerminalEnv;
  /** Any other variable, by its name: what a person hands over by naming it. */
  findVariable(name: string): string | undefined;
  /** This box, as doctors ask it; what that takes is loaded then. */
  openBox(): Promise<Box>;
  readonly pid: number;
  /** What it is for whoever asks through it, as hubs write it down. */
  readonly surface: Surface;
  /** Of this box. */
  readonly hostname: string;
  /** Of the Node.js that runs this, without a `v`. */
  readonly nodeVersion: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly isTerminal: boolean;
  /** Writes to stdout; resolves when there is room for more. */
  print(text: string | Uint8Array): Promise<void>;
  /** With its reader the program ends, as a good one: all that it is for is what it prints. */
  endWithReader(): void;
  /** How long what was printed may still take to leave: without end, or not after a signal. */
  leaveMsMax(): number | undefined;
  /** Writes to stderr. */
  say(text: string): void;
  /** Runs once at the first SIGINT, SIGTERM or SIGHUP. */
  onSignal(run: (signal: string) => void): void;
  /** Runs another program on this terminal to its end; resolves with its status. */
  runInTerminal(command: readonly string[]): Promise<number>;
  /** Puts text into the clipboard of this box's desktop; false where it has none. */
  copy(text: string): Promise<boolean>;
  /** Starts a script of ours in the background. */
  startDaemon(plan: DaemonRequest): Promise<number>;
  /** What the tmux around us says in this format; undefined where it does not answer soon. */
  askTmux(format: string): Promise<string | undefined>;
  /** Runs a script of ours to its end. */
  runScript(script: string, args: readonly string[], env: HomeEnv): Promise<ProgramEnd>;
}

/** What is to run in the background. */
export interface DaemonRequest {
  readonly script: string;
  readonly args: readonly string[];
  readonly env: HomeEnv;
  readonly logFile: string;
  readonly failure: ErrorCode;
}

/** The real program; for the entry point only. */
export function openProgram(): Program {
  const { stdin, stdout, stderr, env, pid } = process;
  const ports = openSystemPorts();
  stderr.on('error', () => undefined);
  const say = (text: string) => void stderr.write(`${text}\n`);
  const { left, ...output } = openOutput(stdout, say);
  return {
    ports,
    ...output,
    argv: process.argv.slice(2),
    env,
    findVariable: (name) => env[name],
    openBox: async () => (await import('../store/doctor/box.ts')).openBox(env),
    pid,
    surface: 'cli',
    hostname: hostname(),
    nodeVersion: process.versions.node,
    stdin,
    stdout,
    isTerminal: stdout.isTTY === true && stdin.isTTY === true,
    say,
    onSignal: (run) =>
      onEndSignal((signal) => {
        run(signal);
        left();
      }),
    async runInTerminal([file = '', ...args]) {
      const { execa } = await import('execa');
      const { exitCode } = await execa(file, args, { stdio: 'inherit', reject: false });
      return exitCode ?? 1;
    },
    copy: (text) => copyToDesktop(text, findCopyCommand(process.platform, env)),
    async startDaemon(plan) {
      const { startDaemon } = await import('../protocol/daemon.ts');
      return startDaemon({ ...plan, env: { ...env, ...plan.env }, timers: ports.timers });
    },
    async askTmux(format) {
      const { execa } = await import('execa');
      const { failed, stdout: said } = await execa('tmux', ['display-message', '-p', format], {
        reject: false,
        stdin: 'ignore',
        timeout: tmuxMsMax,
      });
      return failed ? undefined : said;
    },
    async runScript(script, args, more) {
      const { execa } = await import('execa');
      const {
        exitCode,
        stdout: out,
        stderr: err,
      } = await execa(process.execPath, [script, ...args], {
        env: { ...more },
        reject: false,
        stdin: 'ignore',
      });
      return { exitCode: exitCode ?? 1, stdout: out, stderr: err };
    },
  };
}

/** What was printed before a signal has so long to be read. */
const leaveMsMax = 500;

/** What goes to stdout. When its reader is gone the rest is dropped, and the status is still true. */
function openOutput(
  stdout: NodeJS.WriteStream,
  say: Program['say'],
): Pick<Program, 'print' | 'endWithReader' | 'leaveMsMax'> & { left(): void } {
  const waiting: (() => void)[] = [];
  let isRead = true;
  let isLeft = false;
  let endsWithReader = false;
  const wake = () => {
    for (const goOn of waiting.splice(0)) goOn();
  };
  const leave = () => {
    if (!isRead && endsWithReader) process.exit(0);
  };
  stdout.on('drain', wake);
  // Its code is read here, for the table of all codes is not loaded before the version was looked at.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A terminal that was closed has no reader either.
    if (isRead && error.code !== 'EPIPE' && !stdout.isTTY) {
      say(`wally: what is printed cannot be written: ${error.message}`);
      process.exit(1);
    }
    isRead = false;
    leave();
    wake();
  });
  return {
    print: (text) =>
      new Promise((resolve) => {
        if (!isRead || stdout.write(text) || isLeft) resolve();
        else waiting.push(resolve);
      }),
    // Whoever leaves waits for no reader that reads nothing.
    left() {
      isLeft = true;
      wake();
    },
    leaveMsMax: () => (isLeft ? leaveMsMax : undefined),
    endWithReader() {
      endsWithReader = true;
      leave();
    },
  };
}

async function copyToDesktop(
  text: string,
  command: readonly [string, ...string[]] | undefined,
): Promise<boolean> {
  if (command === undefined) return false;
  const { execa } = await import('execa');
  const [file, ...args] = command;
  // xclip stays to serve what it was given; its output is not waited for.
  const options = { input: text, reject: false, stdout: 'ignore', stderr: 'ignore' } as const;
  const { failed } = await execa(file, args, { ...options, timeout: copyMsMax });
  return !failed;
}

/** A clipboard that does not answer is given up; nothing waits for it but a message. */
const copyMsMax = 2000;

/** The program that puts its input into the desktop's clipboard; undefined where there is no desktop. */
export function findCopyCommand(
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): readonly [string, ...string[]] | undefined {
  if (platform === 'darwin') return ['pbcopy'];
  if (env.WAYLAND_DISPLAY) return ['wl-copy'];
  if (env.DISPLAY) return ['xclip', '-selection', 'clipboard'];
  return undefined;
}
