/*
 * The real ssh: a program of the person's, started for each command; and what our own program has to send.
 *
 * The only place of the fleet that starts processes. It decides nothing: what is run, and what came of
 * it, is decided by who asks. A channel that is closed leaves no process behind.
 */
import type { ChildProcess } from 'node:child_process';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { AppError } from '../../protocol/errors.ts';
import { readBundle } from './bundle.ts';
import { sshOutputBytesMax, sshRunMsDefault } from './limits.ts';
import { describeRuntime, findRuntime, type RunProgram } from './runtime.ts';
import {
  planSshCommand,
  readSshFailure,
  type Ssh,
  type SshResult,
  type SshRunOptions,
  type SshTarget,
  sshFailedStatus,
} from './ssh.ts';
import type { Supplies } from './supplies.ts';

/** How long what a program said last may take to be read once it has ended. */
const pipesMs = 1000;

/** Opens the person's ssh. `command` is the program with its first arguments, as `[ssh] command` says. */
export function openSsh(command: readonly string[]): Ssh {
  // What it says of itself is read, so it must not be in the person's language.
  const env = { LC_ALL: 'C' };
  return {
    async run(target, words, { stdin, timeoutMs = sshRunMsDefault, signal } = {}) {
      const [file = '', ...args] = planSshCommand(command, target, words);
      const child = execa(file, args, {
        env,
        reject: false,
        stripFinalNewline: false,
        ...planInput(stdin),
        timeout: timeoutMs,
        maxBuffer: sshOutputBytesMax,
        killDescendants: true,
        ...(signal === undefined ? {} : { cancelSignal: signal }),
      });
      letGoOfPipes(child.nodeChildProcess);
      const ended = await child;
      const failure = findFailure(target, ended, { file, timeoutMs });
      if (failure !== undefined) throw failure;
      return readResult(ended);
    },
    open(target, words) {
      const [file = '', ...args] = planSshCommand(command, target, words);
      const child = execa(file, args, {
        env,
        reject: false,
        stripFinalNewline: false,
        buffer: { stdout: false, stderr: true },
        // What it complains about is kept to its end; its bytes for us are not.
        maxBuffer: { stderr: sshOutputBytesMax },
        stdin: 'pipe',
      });
      const close = () => void child.kill();
      const ended = child.then((end) => {
        const failure = findFailure(target, end, { file, timeoutMs: 0 });
        return { ...readResult(end), ...(failure === undefined ? {} : { failure }) };
      });
      return { stream: joinPipes(child, close), ended, close };
    },
  };
}

/** The supplies of the program that runs; `cache` is where fetched runtimes are kept. */
export function openSupplies(cache: string): Supplies {
  // Our own place tells where dist is; run as sources there is none, which is said when it is asked for.
  const dist = fileURLToPath(import.meta.url).replace(/\/dist\/.*$/, '/dist');
  const own = {
    path: process.execPath,
    version: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
  const run: RunProgram = async (file, args) => {
    const {
      exitCode = 127,
      stdout,
      stderr,
    } = await execa(file, args, { reject: false, env: { LC_ALL: 'C' } });
    return { exitCode, stdout, stderr };
  };
  const parts = { own, cache, run, fetching: new Map() };
  return {
    bundle: (platform) => readBundle(dist, platform),
    describeRuntime: (platform) => describeRuntime(parts, platform),
    runtime: (platform) => findRuntime(parts, platform),
  };
}

/** What a program that has ended left behind (its own ssh, a master, a proxy) may hold its pipes open for ever. */
function letGoOfPipes(child: ChildProcess): void {
  child.once('exit', () => {
    const letGo = () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const timer = setTimeout(letGo, pipesMs);
    child.once('close', () => clearTimeout(timer));
  });
}

/** One stream of both pipes. What is written after the far end is gone is dropped: `ended` tells of it. */
function joinPipes(
  { stdin, stdout }: { readonly stdin: Writable; readonly stdout: Readable },
  close: () => void,
): Duplex {
  stdin.on('error', () => undefined);
  const stream = new Duplex({
    read: () => void stdout.resume(),
    write: (piece, _encoding, done) => void stdin.write(piece, () => done()),
    final: (done) => void stdin.end(() => done()),
    destroy: (error, done) => {
      close();
      done(error);
    },
  });
  stdout.on('data', (piece) => {
    if (!stream.push(piece)) stdout.pause();
  });
  stdout.on('end', () => stream.push(null));
  return stream;
}

/** Text is written as it is; what comes piece by piece is read as fast as ssh takes it. */
function planInput(stdin: SshRunOptions['stdin']) {
  if (stdin === undefined) return { stdin: 'ignore' } as const;
  if (typeof stdin === 'string' || stdin instanceof Uint8Array) return { input: stdin } as const;
  return { stdin: iterate(stdin) } as const;
}

/** A stream of Node's own is taken for a pipe, which this may not be. */
async function* iterate(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** As much of an end as we look at. */
interface Ended {
  readonly exitCode?: number | undefined;
  readonly stdout?: unknown;
  readonly stderr?: unknown;
  readonly code?: string | undefined;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isMaxBuffer: boolean;
  readonly signal?: string | undefined;
  readonly originalMessage?: string | undefined;
}

function findFailure(
  target: SshTarget,
  ended: Ended,
  { file, timeoutMs }: { readonly file: string; readonly timeoutMs: number },
): AppError | undefined {
  if (ended.code === 'ENOENT' || ended.code === 'EACCES') {
    return new AppError('SSH_MISSING', `The program ${file} cannot be run.`);
  }
  if (ended.timedOut) {
    const seconds = Math.round(timeoutMs / 1000);
    return new AppError('SSH_TIMEOUT', `${target.target} did not answer within ${seconds} s.`);
  }
  if (ended.isCanceled) return new AppError('SSH_FAILED', 'The command on the box was left.');
  // However it ended then: what was read of it is cut.
  if (ended.isMaxBuffer) {
    return new AppError('SSH_FAILED', `${target.target} says more than is read of a box.`);
  }
  const { exitCode } = ended;
  if (exitCode === undefined) {
    const why = ended.signal ?? ended.originalMessage?.split('\n')[0] ?? 'nobody knows what';
    return new AppError('SSH_FAILED', `The ssh to ${target.target} was ended by ${why}.`);
  }
  if (exitCode === sshFailedStatus) return readSshFailure(target, String(ended.stderr ?? ''));
  return undefined;
}

function readResult({ exitCode, stdout, stderr }: Ended): SshResult {
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { code: exitCode ?? sshFailedStatus, stdout: text(stdout), stderr: text(stderr) };
}
