/*
 * What running work uses: processor time and memory of each attempt's whole tree.
 *
 * One sampler serves all attempts and paces itself below 0.1 % of a core, but where work has limits: then it
 * looks ten times a second, and tells who goes over. It never kills. On Linux cpuMs
 * is exact to 10 ms for the command and what was waited for, from what the kernel adds to this program at
 * its end; a lower bound for descendants never waited for and for commands that ended in one instant.
 * memoryBytesPeak is the largest sampled sum of resident memory (shared pages count for each process), at
 * least the kernel's own peak of any sampled process; what lived only between two samples is not in it.
 * Elsewhere both are undefined. Source: getrusage(2), proc_pid_stat(5).
 */
import type { WorkUsage } from '../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import type { WorkLimits } from '../policy/isolation.ts';
import { findBreach, type TreeUse } from './breach.ts';
import {
  limitSampleMsMax,
  sampleMsFirst,
  sampleMsMax,
  samplePauseFactor,
  ticksPerSecond,
} from './limits.ts';
import type { ProcessRow } from './process-table.ts';
import { findMemory, findProcess, findReapedTicks, listPids } from './process-table.ts';
import type { Breach, ProcessMark } from './work.ts';

/** The measured part of a usage. */
export type MeasuredUsage = Pick<WorkUsage, 'cpuMs' | 'memoryBytesPeak'>;

/** What names a process for ever, in ticks since boot. */
export type ProcessName = Pick<ProcessRow, 'pid' | 'start'>;

/** The measuring of one attempt, from its spawn on. */
export interface Watch {
  /** Must be called in the very callback that tells of the command's exit, or its share is lost. */
  leaderEnded(): void;
  /** The processes seen in the tree when it was last sampled. */
  members(): readonly ProcessName[];
  /** Stops measuring. `leftoverTicks` is what descendants used that had to be killed. */
  close(leftoverTicks: number): MeasuredUsage;
}

/** Limits of a tree, and who is told when it has passed one. */
export interface LimitWatch {
  readonly limits: WorkLimits;
  readonly over: (breach: Breach) => void;
}

interface Account {
  readonly limit: LimitWatch | undefined;
  readonly leader: number;
  isLeaderRunning: boolean;
  /** The most that living members had used in any sample. */
  sampledTicks: number | undefined;
  /** What the command and everything it waited for had used in the end. */
  reapedTicks: number | undefined;
  memoryBytes: number | undefined;
}

interface Owned {
  readonly start: number;
  readonly account: Account;
}

/** Samples while at least one watch is open, and sets no timer otherwise. */
export class UsageMeter {
  readonly #ports: Ports;
  readonly #accounts = new Set<Account>();
  /** Members of any attempt and processes of none; both hold only what lived at the last sample. */
  readonly #owned = new Map<number, Owned>();
  readonly #strangers = new Set<number>();
  #cancelTimer: CancelTimer | undefined;
  #pauseMs = sampleMsFirst;
  #reapedTicks: number | undefined;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Begins with one look at the command's memory, as it may end before the first sample. */
  watch(leader: Pick<ProcessMark, 'pid' | 'start'>, limit?: LimitWatch): Watch {
    const account: Account = {
      limit,
      leader: leader.pid,
      isLeaderRunning: true,
      sampledTicks: undefined,
      reapedTicks: undefined,
      memoryBytes: findMemory(leader.pid)?.residentBytesPeak,
    };
    if (this.#accounts.size === 0) this.#reapedTicks = findReapedTicks();
    this.#accounts.add(account);
    if (leader.start !== '') {
      this.#owned.set(leader.pid, { start: Number(leader.start), account });
      this.#arm(sampleMsFirst);
    }
    return {
      leaderEnded: () => this.#endLeader(account),
      members: () => this.#findMembers(account),
      close: (leftoverTicks) => this.#close(account, leftoverTicks),
    };
  }

  #arm(pauseMs: number): void {
    this.#cancelTimer?.();
    this.#pauseMs = pauseMs;
    this.#cancelTimer = this.#ports.timers.after(pauseMs, () => this.#sample());
  }

  #sample(): void {
    const startedAt = this.#ports.clock.monotonicMs();
    const members = this.#sortOut(this.#readCandidates());
    for (const [account, rows] of members) noteSample(account, rows);
    const isLimited = [...members.keys()].some(({ limit }) => limit !== undefined);
    // What this program has waited for since was no command of ours, so no attempt pays for it.
    this.#reapedTicks = findReapedTicks();
    const costMs = this.#ports.clock.monotonicMs() - startedAt;
    const next = this.#pauseMs * 2;
    const usualMs = next < sampleMsMax ? next : Math.max(sampleMsMax, costMs * samplePauseFactor);
    this.#arm(isLimited ? Math.min(next, limitSampleMsMax) : usualMs);
  }

  /** Every process that is or may be ours, parents before their children. */
  #readCandidates(): readonly ProcessRow[] {
    const pids = new Set(listPids());
    for (const pid of this.#strangers) if (!pids.has(pid)) this.#strangers.delete(pid);
    for (const pid of this.#owned.keys()) if (!pids.has(pid)) this.#owned.delete(pid);
    return [...pids]
      .filter((pid) => !this.#strangers.has(pid))
      .flatMap((pid) => findProcess(pid) ?? [])
      .sort((one, other) => one.start - other.start || one.pid - other.pid);
  }

  #sortOut(rows: readonly ProcessRow[]): Map<Account, ProcessRow[]> {
    const byLeader = new Map([...this.#accounts].map((account) => [account.leader, account]));
    const members = new Map<Account, ProcessRow[]>();
    for (const row of rows) {
      const known = this.#owned.get(row.pid);
      const account =
        known?.start === row.start
          ? known.account
          : (this.#owned.get(row.parent)?.account ?? byLeader.get(row.group));
      if (account === undefined) {
        this.#owned.delete(row.pid);
        this.#strangers.add(row.pid);
        continue;
      }
      this.#owned.set(row.pid, { start: row.start, account });
      members.set(account, [...(members.get(account) ?? []), row]);
    }
    return members;
  }

  #endLeader(account: Account): void {
    account.isLeaderRunning = false;
    const before = this.#reapedTicks;
    this.#reapedTicks = findReapedTicks();
    if (before === undefined || this.#reapedTicks === undefined) return;
    // Another command that has vanished too was waited for in the same instant: the sum cannot be parted.
    const isShared = [...this.#accounts].some(
      (other) => other.isLeaderRunning && findProcess(other.leader) === undefined,
    );
    if (!isShared) account.reapedTicks = this.#reapedTicks - before;
  }

  #findMembers(account: Account): readonly ProcessName[] {
    return [...this.#owned]
      .filter(([, owned]) => owned.account === account)
      .map(([pid, { start }]) => ({ pid, start }));
  }

  #close(account: Account, leftoverTicks: number): MeasuredUsage {
    this.#accounts.delete(account);
    for (const { pid } of this.#findMembers(account)) this.#owned.delete(pid);
    if (this.#accounts.size === 0) {
      this.#cancelTimer?.();
      this.#strangers.clear();
    }
    return measure(account, leftoverTicks);
  }
}

function noteSample(account: Account, rows: readonly ProcessRow[]): void {
  const ticks = rows.reduce((sum, row) => sum + row.cpuTicks, 0);
  account.sampledTicks = Math.max(account.sampledTicks ?? 0, ticks);
  const memories = rows.flatMap((row) => findMemory(row.pid) ?? []);
  const memoryBytes = memories.reduce((sum, memory) => sum + memory.residentBytes, 0);
  noteLimit(account.limit, { memoryBytes, processCount: memories.length });
  if (memories.length === 0) return;
  account.memoryBytes = Math.max(
    account.memoryBytes ?? 0,
    memoryBytes,
    ...memories.map((memory) => memory.residentBytesPeak),
  );
}

function noteLimit(limit: LimitWatch | undefined, use: TreeUse): void {
  const breach = limit === undefined ? undefined : findBreach(limit.limits, use);
  if (breach !== undefined) limit?.over(breach);
}

function measure(account: Account, leftoverTicks: number): MeasuredUsage {
  const { sampledTicks, reapedTicks, memoryBytes } = account;
  const isTimed = sampledTicks !== undefined || reapedTicks !== undefined;
  const ticks = Math.max(
    sampledTicks ?? 0,
    reapedTicks === undefined ? 0 : reapedTicks + leftoverTicks,
  );
  return {
    ...(isTimed ? { cpuMs: (ticks * 1000) / ticksPerSecond } : {}),
    ...(memoryBytes === undefined ? {} : { memoryBytesPeak: memoryBytes }),
  };
}
