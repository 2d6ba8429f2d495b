/*
 * The world of the `odally` program: arguments, environment, streams and signals.
 *
 * The only file of the agent that touches `process`.
 */
import { hostname, userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { onEndSignal, openSystemPorts, type Ports } from '../protocol/ports.ts';
import type { StdioBytes } from '../protocol/transports/stdio.ts';

/** The process that `odally` is, as the rest of the agent sees it. */
export interface Program {
  readonly ports: Ports;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** Of the Node.js that runs this, without a `v`. */
  readonly nodeVersion: string;
  readonly hostname: string;
  /** The file that runs, for starting itself again in the background. */
  readonly script: string;
  /** The guard of leases, beside it. */
  readonly guardScript: string;
  /** What keeps an agent where the box has nothing better, beside it too. */
  readonly supervisorScript: string;
  /** The Node that runs all of them. */
  readonly node: string;
  /** What comes in and goes out of it as bare bytes, for who speaks no words there. */
  bytes(): StdioBytes;
  /** As Node names it: `linux`, `darwin`. */
  readonly platform: string;
  /** Who runs this, by number and by name. */
  readonly uid: number;
  readonly user: string;
  print(text: string): void;
  say(text: string): void;
  /** Runs once at the first SIGINT, SIGTERM or SIGHUP. */
  onSignal(run: (signal: string) => void): void;
  /** Sends a signal to a process; nothing happens where it is gone. */
  signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void;
}

/** The real program; for the entry point only. */
export function openProgram(entryUrl: string): Program {
  const { stdout, stderr } = process;
  const script = fileURLToPath(entryUrl);
  // What cannot be written is looked at where it is; as an event it would end the process.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
  const say = (text: string) => void stderr.write(`${text}\n`);
  return {
    ports: openSystemPorts(),
    argv: process.argv.slice(2),
    env: process.env,
    pid: process.pid,
    nodeVersion: process.versions.node,
    hostname: hostname(),
    script,
    // Built or as it was written, both have the same ending.
    guardScript: script.replace(/odally(\.\w+)$/, 'odally-guard$1'),
    supervisorScript: script.replace(/odally(\.\w+)$/, 'odally-supervisor$1'),
    node: process.execPath,
    bytes: () => ({ incoming: process.stdin, outgoing: stdout }),
    platform: process.platform,
    ...findUser(),
    // By the callback, which comes before that of the program's end.
    print: (text) => void stdout.write(`${text}\n`, (error) => noteUnwritten(error, say)),
    say,
    onSignal: onEndSignal,
    signal: sendSignal,
  };
}

/** What a pipe or a dropped ssh says when its reader is gone. */
const readerGone: readonly (string | undefined)[] = ['EPIPE', 'ECONNRESET'];

/**
 * Whoever read our words may be gone; a disk that did not take them is a failure, which the status says in the end. What
 * serves goes on either way.
 */
function noteUnwritten(error: NodeJS.ErrnoException | null | undefined, say: Program['say']): void {
  if (error == null || process.stdout.isTTY || readerGone.includes(error.code)) return;
  say(`odally: what is printed cannot be written: ${error.message}`);
  process.once('exit', () => {
    if (process.exitCode === 0) process.exitCode = 1;
  });
}

/** A user that the box has no name for is named by number, which its tools take too. */
function findUser(): Pick<Program, 'uid' | 'user'> {
  const uid = process.getuid?.() ?? 0;
  try {
    return { uid, user: userInfo().username };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { uid, user: String(uid) };
  }
}

function sendSignal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
