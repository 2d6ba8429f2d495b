/*
 * A pseudo-terminal with a program in it: bytes both ways with back-pressure, a size, an end.
 *
 * It uses the native binding of node-pty and none of its JavaScript, whose writes block the process
 * while the program reads nothing (libuv writes so to the master of a terminal). The binding's
 * descriptor is inherited by whatever is started beside it, so a process has one of these and starts
 * nothing else. Invariant: `ended` and `closed` resolve once and never reject.
 * Source: node-pty 1.1.0, unixTerminal.js; pty(7); libuv's tty.c.
 */
import { write } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { ReadStream } from 'node:tty';
import { promisify } from 'node:util';
import * as binary from '@lydell/node-pty/requireBinary.js';
import { hasSystemCode } from '../../protocol/errors.ts';
import { sleep, type Timers } from '../../protocol/ports.ts';
import { ptyRetryMsBase, ptyRetryMsMax } from './limits.ts';
import type { ShellExit } from './work.ts';

const writeSome = promisify(write);

/** What to run, and how large its terminal is. `file` must be there: the binding does not say why not. */
export interface PtyPlan {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly columns: number;
  readonly rows: number;
  readonly timers: Timers;
}

interface Native {
  fork(
    ...plan: [
      file: string,
      args: readonly string[],
      env: readonly string[],
      cwd: string,
      columns: number,
      rows: number,
      uid: number,
      gid: number,
      isUtf8: boolean,
      helper: string,
      ended: (code: number, signal: number) => void,
    ]
  ): { readonly fd: number; readonly pid: number };
  resize(fd: number, columns: number, rows: number): void;
}

/** Starts the program as the leader of a session with a terminal of its own. */
export function openPty(plan: PtyPlan): Pty {
  return new Pty(plan);
}

/** Life cycle: it runs from the start; `close` lets the terminal go, which hangs its programs up. */
export class Pty {
  readonly pid: number;
  /** Resolves when the program was waited for. */
  readonly ended: Promise<ShellExit>;
  /** Resolves when nothing more can be read: all its users have gone, or it was closed. */
  readonly closed: Promise<void>;
  readonly #native: Native;
  readonly #fd: number;
  readonly #stream: ReadStream;
  readonly #timers: Timers;
  #isClosed = false;

  constructor(plan: PtyPlan) {
    this.#native = binary.requireBinary('pty.node') as Native;
    let settle: (end: ShellExit) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      settle = resolve;
    });
    const env = Object.entries(plan.env).map(([name, value]) => `${name}=${value}`);
    const { fd, pid } = this.#native.fork(
      plan.file,
      plan.args,
      env,
      plan.cwd,
      plan.columns,
      plan.rows,
      // Nobody else: the same user.
      -1,
      -1,
      true,
      findHelper(),
      (code, signal) => settle(signal === 0 ? { exitCode: code } : { signal: nameSignal(signal) }),
    );
    this.pid = pid;
    this.#fd = fd;
    this.#timers = plan.timers;
    this.#stream = new ReadStream(fd);
    this.closed = new Promise((resolve) => {
      this.#stream.once('close', () => {
        this.#isClosed = true;
        resolve();
      });
    });
    // EIO says that the last user of the terminal has gone; whatever else it is, it is over too.
    this.#stream.on('error', () => this.close());
    this.#stream.on('end', () => this.close());
  }

  /** Hands over what comes. Call once. */
  onData(take: (bytes: Uint8Array) => void): void {
    this.#stream.on('data', take);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Resolves when the terminal has taken it, or is closed. One at a time. */
  async write(bytes: Uint8Array): Promise<void> {
    let pauseMs = ptyRetryMsBase;
    for (let at = 0; at < bytes.length && !this.#isClosed; ) {
      const count = await this.#writeSome(bytes.subarray(at));
      at += count;
      if (count > 0) pauseMs = ptyRetryMsBase;
      else {
        // Nothing tells when a full terminal takes more.
        await sleep(this.#timers, pauseMs);
        pauseMs = Math.min(ptyRetryMsMax, 2 * pauseMs);
      }
    }
  }

  resize(columns: number, rows: number): void {
    if (!this.#isClosed) this.#native.resize(this.#fd, columns, rows);
  }

  /** Safe to repeat. */
  close(): void {
    this.#isClosed = true;
    this.#stream.destroy();
  }

  async #writeSome(bytes: Uint8Array): Promise<number> {
    try {
      return (await writeSome(this.#fd, bytes)).bytesWritten;
    } catch (thrown) {
      // Anything else means that it has no program any more.
      if (!hasSystemCode(thrown, 'EAGAIN')) this.close();
      return 0;
    }
  }
}

/** macOS starts programs through a small helper beside the binding. */
function findHelper(): string {
  if (process.platform !== 'darwin') return '';
  if (binary.findHelper !== undefined) return binary.findHelper();
  const name = `@lydell/node-pty-${process.platform}-${process.arch}/spawn-helper`;
  return createRequire(import.meta.url).resolve(name);
}

function nameSignal(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `signal ${number}`;
}
