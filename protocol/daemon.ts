/*
 * Starting a program in the background, and hearing from it whether it came up.
 *
 * The child is detached in its own process group with its output in a log file; it says over a
 * private channel that it is ready or which error stopped it, and then the channel is cut, so that
 * neither process holds the other. Nothing is guessed from time or from pid files.
 */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { AppError, type ErrorCode, isErrorCode } from './errors.ts';
import type { Timers } from './ports.ts';

/**
 * What a program that stays up is given besides: glibc lets each thread keep what it freed in an arena of its own, up to
 * eight a core, which made a third of a busy hub's memory; two do as well. Source: mallopt(3), M_ARENA_MAX.
 */
export const daemonEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '2' };

/** A program that has not said anything for so long has failed to start. */
export const daemonStartMsMax = 20_000;

/** What to start. `failure` is the code for a child that ends without a word. */
export interface DaemonPlan {
  readonly script: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  readonly failure: ErrorCode;
  readonly timers: Timers;
}

type Report =
  | { readonly ready: true }
  | { readonly ready: false; readonly code: string; readonly message: string };

/** Starts it; resolves with its pid once it is ready. Errors: the child's own, or `failure`. */
export async function startDaemon(plan: DaemonPlan): Promise<number> {
  const log = await open(plan.logFile, 'a', 0o600);
  try {
    const child = spawn(process.execPath, [plan.script, ...plan.args], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      env: { ...daemonEnvironment, ...plan.env },
      cwd: '/',
    });
    await hearReport(child, plan);
    child.disconnect();
    child.unref();
    return child.pid ?? 0;
  } finally {
    await log.close();
  }
}

/** In the child: says that it is up. Does nothing when nobody started it this way. */
export function reportReady(): void {
  report({ ready: true });
}

/** In the child: says why it is not. */
export function reportFailure(error: AppError): void {
  report({ ready: false, code: error.code, message: error.message });
}

function report(message: Report): void {
  if (process.send === undefined || !process.connected) return;
  process.send(message);
}

function hearReport(child: ReturnType<typeof spawn>, plan: DaemonPlan): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      const sentence = new AppError(plan.failure).message;
      reject(new AppError(plan.failure, `${sentence} ${why} Its log: ${plan.logFile}`));
    };
    const cancel = plan.timers.after(daemonStartMsMax, () => {
      child.kill('SIGKILL');
      fail('It did not come up in time.');
    });
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => fail(`It ended with ${signal ?? code}.`));
    child.once('message', (message) => {
      cancel();
      const heard = message as Report;
      if (heard.ready) return resolve();
      const code = isErrorCode(heard.code) ? heard.code : plan.failure;
      reject(new AppError(code, heard.message));
    });
  });
}
