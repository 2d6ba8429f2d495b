/*
 * The world as arguments: clock, timers and chance.
 *
 * Nothing else in the product reads the time, sets a timer or draws a random number; everything
 * takes these ports. That is what lets the simulator replay any run from one seed. Elapsed time
 * is always `monotonicMs`; `wallMs` is for people and for records that outlive a process.
 */
import { uptime } from 'node:os';

/**
 * Three clocks, all in milliseconds. `monotonicMs` has an arbitrary origin and never steps back; it
 * stands still while the box sleeps. `uptimeMs` counts sleep too, is coarse (a second) and is for
 * what must be over in time even if the box slept. Source: CLOCK_MONOTONIC and CLOCK_BOOTTIME.
 */
export interface Clock {
  monotonicMs(): number;
  uptimeMs(): number;
  wallMs(): number;
}

/** Stops a pending timer; calling it again, or after the timer ran, does nothing. */
export type CancelTimer = () => void;

/** One-shot timers. The callback runs once, `delayMs` milliseconds from now or later. */
export interface Timers {
  after(delayMs: number, run: () => void): CancelTimer;
}

/** Chance. `bytes` must be fit for keys in the real port; `fraction` is uniform in [0, 1). */
export interface Random {
  bytes(count: number): Uint8Array;
  fraction(): number;
}

/** What every part of the product is given instead of globals. */
export interface Ports {
  /** Runs it in a turn of its own, once all that is ready now has been handled; without a delay. */
  readonly soon: (run: () => void) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** The real world, for the two programs' entry points only. Source: node:perf_hooks, node:os, node:crypto. */
export function openSystemPorts(): Ports {
  return {
    soon: (run) => void setImmediate(run),
    clock: {
      monotonicMs: () => performance.now(),
      uptimeMs: () => uptime() * 1000,
      wallMs: () => Date.now(),
    },
    timers: {
      after: startTimer,
    },
    random: {
      bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      fraction: () => Math.random(),
    },
  };
}

/** Longest delay of one setTimeout; it fires at once beyond that. Source: Node documentation. */
const timeoutMsMax = 2 ** 31 - 1;

/** One timer of any length, in slices that setTimeout can take. */
function startTimer(delayMs: number, run: () => void): CancelTimer {
  let timer: NodeJS.Timeout;
  const slice = (leftMs: number) => {
    const isLast = leftMs <= timeoutMsMax;
    timer = setTimeout(
      () => (isLast ? run() : slice(leftMs - timeoutMsMax)),
      Math.min(leftMs, timeoutMsMax),
    );
  };
  slice(delayMs);
  return () => clearTimeout(timer);
}

/** Runs once at the first SIGINT, SIGTERM or SIGHUP of this process. */
export function onEndSignal(run: (signal: string) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => run(signal));
  }
}

/** Ends this process with a status, after what was written has left, or so long after that was wanted. */
export function exitProgram(status: number, leaveMsMax?: number): void {
  process.exitCode = status;
  // Open handles of libraries must not keep a finished program alive.
  process.stdout.write('', () => process.exit());
  if (leaveMsMax !== undefined) setTimeout(() => process.exit(), leaveMsMax);
}

/** Resolves after `delayMs`; for loops that pace themselves. Never rejects. */
export function sleep(timers: Timers, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(delayMs, resolve);
  });
}
