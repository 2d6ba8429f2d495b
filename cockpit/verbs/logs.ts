/*
 * `wally logs`: what a job's attempt printed, from the hub's copy, as it arrives when followed.
 *
 * It streams pieces in order with their offset and stream; a hole left by the log's cap is said, not
 * skipped. Following ends when the attempt has ended and the copy is whole, or can't become so.
 * A reader who is slow holds up nobody: pieces are read from the store when they are wanted.
 */
import { TextDecoder } from 'node:util';
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import type { AttemptId, LogStream } from '../../protocol/model.ts';
import type { CancelTimer } from '../../protocol/ports.ts';
import type { LogRecord } from '../../store/log.ts';
import { type CommandJob, formatAttemptId } from '../manager/job.ts';
import { jobArgument } from './arguments.ts';
import { formatInstant } from './present.ts';
import type { LogItem } from './shapes.ts';
import { defineVerb, type VerbContext } from './verb.ts';

/** Output read from the copy in one go. */
const readBytesMax = 64 * 1024;

/** After an attempt has ended without a word on its log's end, the copy is taken as whole. */
const logGraceMs = 2000;

/** One attempt's output. */
export const logsVerb = defineVerb({
  name: 'logs',
  summary: 'print what a job wrote; -f follows it to its end',
  operands: ['job'],
  flags: {
    follow: { short: 'f', help: 'go on until the job has ended' },
    since: { value: 'OFFSET', help: 'begin at this byte of the output' },
    attempt: { value: 'N', help: 'this attempt, not the latest' },
  },
  danger: 'looks',
  args: z.object({
    job: jobArgument,
    follow: z.boolean().default(false),
    since: z.coerce.number().int().min(0).default(0),
    attempt: z.coerce.number().int().min(1).optional(),
  }),
  async run(context, { job: id, follow, since, attempt: n }) {
    const job = await context.hub.desk.get(id);
    if (job.kind === 'group')
      throw new AppError('JOB_GROUP', `${id} is a group; ask for a part’s log.`);
    const number = n ?? job.attempts.length;
    if (number > job.attempts.length) {
      throw new AppError('JOB_UNKNOWN', `${id} has no attempt ${number}.`);
    }
    const reader = new LogReader(context, job, number);
    await reader.send(since, follow ? 'to-the-end' : 'what-is-there');
    const { offset, missingBytes, forgottenBytes } = reader;
    return { attempt: formatAttemptId(id, number), offset, missingBytes, forgottenBytes };
  },
  show: ({ missingBytes, forgottenBytes }) => {
    if (forgottenBytes > 0)
      return `[${forgottenBytes} bytes were removed: the log is over its age]`;
    return missingBytes === 0 ? '' : `[${missingBytes} bytes are still on the worker]`;
  },
});

/** Sends one attempt's log as items. */
class LogReader {
  readonly #context: VerbContext;
  readonly #job: CommandJob;
  readonly #n: number;
  readonly #attempt: AttemptId;
  readonly #decoders: Record<LogStream, TextDecoder> = {
    stdout: new TextDecoder(),
    stderr: new TextDecoder(),
  };
  #offset = 0;
  /** Output that the worker has and the copy lacks, where following ended without it. */
  missingBytes = 0;
  /** Output that was kept here once; see `[keep]` in the config. */
  forgottenBytes = 0;
  #isWanted = true;
  #wake: () => void = () => undefined;

  constructor(context: VerbContext, job: CommandJob, n: number) {
    this.#context = context;
    this.#job = job;
    this.#n = n;
    this.#attempt = formatAttemptId(job.id, n);
  }

  get offset(): number {
    return this.#offset;
  }

  async send(since: number, until: 'what-is-there' | 'to-the-end'): Promise<void> {
    this.#offset = since;
    this.forgottenBytes = await this.#countForgotten();
    if (this.forgottenBytes > 0) return;
    const { hub, onDrop } = this.#context;
    const wake = () => this.#wake();
    onDrop(() => {
      this.#isWanted = false;
      wake();
    });
    const unfollow = hub.mirror.follow(this.#attempt, wake);
    const unfeed = hub.feed.follow((event) => {
      if (event.type !== 'job' || event.job.id === this.#job.id) wake();
    });
    try {
      await this.#sendRest();
      while (until === 'to-the-end' && this.#isWanted && !(await this.#isWhole())) {
        await this.#sendRest();
      }
    } finally {
      unfollow();
      unfeed();
    }
  }

  /** What its worker said that there was, where retention has removed all of it. */
  async #countForgotten(): Promise<number> {
    const { hub } = this.#context;
    const state = this.#job.attempts[this.#n - 1]?.state;
    if (state?.is !== 'finished' || state.times.queuedAt > hub.retain.logsForgottenAt) return 0;
    return (await hub.mirror.findEnd(this.#attempt)) > 0 ? 0 : (state.end.logBytes ?? 0);
  }

  /** Everything that the copy has now. */
  async #sendRest(): Promise<void> {
    const { hub } = this.#context;
    while (this.#isWanted) {
      const slice = await hub.mirror.read(this.#attempt, this.#offset, readBytesMax);
      for (const record of slice.records) await this.#sendRecord(record);
      if (slice.next > this.#offset) await this.#sendGap(slice.next);
      if (slice.records.length === 0) return;
    }
  }

  async #sendRecord(record: LogRecord): Promise<void> {
    if (record.offset > this.#offset) await this.#sendGap(record.offset);
    const text = this.#decoders[record.stream].decode(record.bytes, { stream: true });
    const { stream } = record;
    const at = formatInstant(record.at);
    await this.#say({ attempt: this.#attempt, offset: record.offset, at, stream, text });
    this.#offset = record.offset + record.bytes.length;
  }

  async #sendGap(to: number): Promise<void> {
    const gapBytes = to - this.#offset;
    await this.#say({ attempt: this.#attempt, offset: this.#offset, gapBytes });
    this.#offset = to;
  }

  async #say(item: LogItem): Promise<void> {
    if (!(await this.#context.item(item))) this.#isWanted = false;
  }

  /** True when no more can come; else waits until something may have changed. */
  async #isWhole(): Promise<boolean> {
    const { hub } = this.#context;
    const woken = new Promise<'woken'>((resolve) => {
      this.#wake = () => resolve('woken');
    });
    const job = await hub.desk.find(this.#job.id);
    const attempt = job?.kind === 'command' ? job.attempts[this.#n - 1] : undefined;
    const end = await hub.mirror.findEnd(this.#attempt);
    if (attempt === undefined) return true;
    if (this.#offset < end) return false;
    if (attempt.state.is === 'finished') {
      const { logBytes } = attempt.state.end;
      if (logBytes !== undefined && end >= logBytes) return true;
      this.missingBytes = logBytes === undefined ? 0 : logBytes - end;
      const isComing = logBytes !== undefined && hub.session(attempt.worker)?.isLinked === true;
      // Nobody said where it ends, or who has the rest is away: wait a moment, not for ever.
      if (!isComing) return this.#isQuiet(woken);
    }
    await woken;
    this.missingBytes = 0;
    return false;
  }

  async #isQuiet(woken: Promise<'woken'>): Promise<boolean> {
    const { timers } = this.#context.hub.ports;
    let cancel: CancelTimer = () => undefined;
    const late = new Promise<'quiet'>((resolve) => {
      cancel = timers.after(logGraceMs, () => resolve('quiet'));
    });
    const first = await Promise.race([woken, late]);
    cancel();
    return first === 'quiet';
  }
}
