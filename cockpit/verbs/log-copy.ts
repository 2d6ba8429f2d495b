/*
 * One attempt's log as a verb sees it: the hub's copy, whether more of it will come, and the wait for it.
 *
 * Following ends when the attempt has ended and the copy is whole, or can't become so.
 */
import type { AttemptId } from '../../protocol/model.ts';
import type { CancelTimer } from '../../protocol/ports.ts';
import type { LogGap, LogGapCause, LogRecord, LogSlice } from '../../store/log.ts';
import { logOfferMs } from '../hub/limits.ts';
import { judgeShortLog, type LogFate } from '../hub/log-loss.ts';
import type { HubAttemptState } from '../manager/attempt-machine.ts';
import { type CommandJob, formatAttemptId } from '../manager/job.ts';
import type { VerbContext } from './verb.ts';

/** After an attempt has ended without a word on its log's end, the copy is taken as whole. */
const logGraceMs = 2000;

/** Life cycle: `watch` begins to listen, `unwatch` ends it. */
export class LogCopy {
  readonly attempt: AttemptId;
  readonly job: CommandJob;
  readonly n: number;
  readonly #context: Pick<VerbContext, 'hub' | 'onDrop'>;
  /** Output that the worker told of and the copy lacks, where reading ended without it. */
  missingBytes = 0;
  /** How much of that the worker has no more: the copy lost it. */
  lostBytes = 0;
  /** False where following ended and nobody had said where the log does. */
  isEndKnown = true;
  #isWanted = true;
  /** Since when, monotonic, the copy has ended here with nobody to say whether more comes. */
  #quiet: { readonly end: number; readonly since: number } | undefined;
  #wake: () => void = () => undefined;
  #unwatch: () => void = () => undefined;

  constructor(context: Pick<VerbContext, 'hub' | 'onDrop'>, job: CommandJob, n: number) {
    this.#context = context;
    this.job = job;
    this.n = n;
    this.attempt = formatAttemptId(job.id, n);
  }

  /** Does the asker still listen? */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** The key of the worker that has the attempt. */
  get worker(): string {
    return this.job.attempts[this.n - 1]?.worker ?? '';
  }

  /** Nobody listens any more. */
  leave(): void {
    this.#isWanted = false;
    this.#wake();
  }

  /** A piece of the copy. */
  read(from: number, bytesMax: number): Promise<LogSlice> {
    return this.#context.hub.mirror.read(this.attempt, from, bytesMax);
  }

  /** The piece of the copy that lies before an offset. */
  readBack(before: number, bytesMax: number): Promise<readonly LogRecord[]> {
    return this.#context.hub.mirror.readBack(this.attempt, before, bytesMax);
  }

  /** Why a gap is there. */
  explainGap(gap: LogGap): Promise<LogGapCause> {
    return this.#context.hub.mirror.explainGap(this.attempt, gap);
  }

  /** Where the copy ends now. */
  findEnd(): Promise<number> {
    return this.#context.hub.mirror.findEnd(this.attempt);
  }

  /** What its worker said that there was, where retention has removed all of it; see `[keep]`. */
  async countForgotten(): Promise<number> {
    const state = this.job.attempts[this.n - 1]?.state;
    if (state?.is !== 'finished' || !this.#context.hub.retain.hasForgotten(state.times)) return 0;
    return (await this.findEnd()) > 0 ? 0 : (state.end.logBytes ?? 0);
  }

  /** Begins to listen for growth, for the attempt's end and for the asker's leave. */
  watch(): void {
    const { hub, onDrop } = this.#context;
    const wake = () => this.#wake();
    onDrop(() => this.leave());
    const unfollow = hub.mirror.follow(this.attempt, wake);
    const unfeed = hub.feed.follow((event) => {
      const isOwn = event.type === 'job' && event.job.id === this.job.id;
      if (isOwn || event.type === 'team') wake();
    });
    this.#unwatch = () => {
      unfollow();
      unfeed();
    };
  }

  /** Stops listening. Safe to repeat. */
  unwatch(): void {
    this.#unwatch();
  }

  /** For one who has read up to `offset`: true when no more can come, else waits until it may have. */
  async isWhole(offset: number): Promise<boolean> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const state = await this.#findState();
    const end = await this.findEnd();
    const fate = this.#noteLack(state, end);
    if (state === undefined || !this.#isWanted) return true;
    if (offset < end) return false;
    if (state.is === 'finished') {
      const { logBytes } = state.end;
      if (logBytes !== undefined && this.missingBytes === 0) return true;
      this.isEndKnown = logBytes !== undefined || !mayHaveRun(state);
      // Nobody said where it ends, or who has the rest is away: wait a moment, not for ever.
      if (fate !== 'comes') return this.#isQuiet(woken, end);
    }
    this.#quiet = undefined;
    // In time nothing wakes us for, a worker may turn out to have no more.
    if (state.is === 'finished') await this.#wait(woken, logOfferMs);
    else await woken;
    return false;
  }

  /** For one who reads no further: notes what the copy lacks now. */
  async look(): Promise<void> {
    this.#noteLack(await this.#findState(), await this.findEnd());
  }

  async #findState(): Promise<HubAttemptState | undefined> {
    const job = await this.#context.hub.desk.find(this.job.id);
    return job?.kind === 'command' ? job.attempts[this.n - 1]?.state : undefined;
  }

  /** What becomes of what is missing; undefined where nothing is known to be. */
  #noteLack(state: HubAttemptState | undefined, end: number): LogFate | undefined {
    this.missingBytes = 0;
    this.lostBytes = 0;
    this.isEndKnown = true;
    if (state?.is !== 'finished') return undefined;
    // Removed here when its time was over: it does not come again.
    if (end === 0 && this.#context.hub.retain.hasForgotten(state.times)) return undefined;
    const { logBytes = 0 } = state.end;
    this.missingBytes = Math.max(0, logBytes - end);
    if (this.missingBytes === 0) return undefined;
    const fate = this.#judge(logBytes);
    this.lostBytes = fate === 'lost' ? this.missingBytes : 0;
    return fate;
  }

  #judge(logBytes: number): LogFate {
    return judgeShortLog(this.#context.hub, {
      attempt: this.attempt,
      worker: this.worker,
      logBytes,
    });
  }

  /** What else goes on in the hub wakes us too, and begins no new wait. */
  async #isQuiet(woken: Promise<void>, end: number): Promise<boolean> {
    const nowMs = this.#context.hub.ports.clock.monotonicMs();
    if (this.#quiet?.end !== end) this.#quiet = { end, since: nowMs };
    const leftMs = this.#quiet.since + logGraceMs - nowMs;
    return leftMs <= 0 || (await this.#wait(woken, leftMs)) === 'late';
  }

  async #wait(woken: Promise<void>, ms: number): Promise<'woken' | 'late'> {
    let cancel: CancelTimer = () => undefined;
    const late = new Promise<'late'>((resolve) => {
      cancel = this.#context.hub.ports.timers.after(ms, () => resolve('late'));
    });
    const first = await Promise.race([woken.then(() => 'woken' as const), late]);
    cancel();
    return first;
  }
}

/** Those whose logs may go on where nobody can tell. */
export function listUnknownEnds(copies: readonly LogCopy[]): readonly AttemptId[] {
  return copies.filter(({ isEndKnown }) => !isEndKnown).map(({ attempt }) => attempt);
}

/** May there be output that nobody told of? One that was ended before it was sent has none. */
function mayHaveRun({ end, times }: Extract<HubAttemptState, { is: 'finished' }>): boolean {
  return end.outcome === 'lost' || times.sentAt !== undefined;
}
