/*
 * `wally logs`: what jobs printed, from the hub's copies, as it arrives when followed.
 *
 * One job, plainly, is streamed as it came: pieces in order with their offset and stream; a hole left
 * by the log's cap, or by damage, is said, not skipped. Several jobs, and all that looks at lines (a filter, the
 * last ones, an instant), give lines, merged by their instants. A reader who is slow holds up
 * nobody: output is read from the store when it is wanted.
 */

import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import type { LogStream } from '../../protocol/model.ts';
import type { LogRecord } from '../../store/log.ts';
import type { CommandJob } from '../manager/job.ts';
import { attemptsArgument, type NamedAttempt } from './arguments.ts';
import { filterArgs, filterFlags } from './line-filter.ts';
import { LogCopy, listUnknownEnds } from './log-copy.ts';
import { showLack } from './log-lack.ts';
import { streamLines } from './log-stream.ts';
import { LogText } from './log-text.ts';
import { formatInstant } from './present.ts';
import type { LogItem } from './shapes.ts';
import { defineVerb, type VerbContext } from './verb.ts';

/** Output read from the copy in one go. */
const readBytesMax = 64 * 1024;

/** Lines that `--tail` may ask for. */
const tailLinesMax = 100_000;

/** Output of one attempt, or lines of several. */
export const logsVerb = defineVerb({
  name: 'logs',
  summary: 'print what jobs wrote; -f follows them to their end',
  operands: ['job…'],
  flags: {
    follow: { short: 'f', help: 'go on until the job has ended' },
    since: { value: 'OFFSET', help: 'begin at this byte of the output' },
    attempt: { value: 'N', help: 'this attempt, not the latest' },
    tail: { value: 'N', help: 'only the last N lines' },
    at: { value: 'TIME', help: 'begin at an instant: 14:03, 10m (ago), 2026-01-31T14:03' },
    ...filterFlags,
    timestamps: { short: 't', help: 'with the instant of each line' },
  },
  danger: 'looks',
  args: z
    .object({
      job: attemptsArgument,
      follow: z.boolean().default(false),
      since: z.coerce.number().int().min(0).optional(),
      attempt: z.coerce.number().int().min(1).optional(),
      tail: z.coerce.number().int().min(0).max(tailLinesMax).optional(),
      at: z.string().optional(),
      ...filterArgs,
      timestamps: z.boolean().default(false),
    })
    .refine(({ since, job }) => since === undefined || job.length === 1, {
      message: '--since is an offset in one log; name one job',
      path: ['since'],
    })
    .refine(({ since, at, tail }) => [since, at, tail].filter((x) => x !== undefined).length < 2, {
      message: '--since, --at and --tail exclude each other',
      path: ['at'],
    }),
  async run(context, args) {
    const [only] = args.job;
    const isPlain =
      args.job.length === 1 &&
      args.tail === undefined &&
      args.at === undefined &&
      args.grep === undefined &&
      !args.errors &&
      !args.timestamps;
    if (!isPlain || only === undefined) return streamLines(context, args);
    const named = { ...only, ...(args.attempt === undefined ? {} : { n: args.attempt }) };
    return streamPieces(context, named, args);
  },
  show: ({ forgottenBytes, ...lack }) => {
    // By its age, or by the room of all: which of the two it was is not kept.
    if (forgottenBytes > 0)
      return `[${forgottenBytes} bytes were removed: the log was over its time, or all logs over their room]`;
    return showLack(lack);
  },
});

async function streamPieces(
  context: VerbContext,
  { job: id, n }: NamedAttempt,
  { since = 0, follow }: { readonly since?: number | undefined; readonly follow: boolean },
) {
  const job = await context.hub.desk.get(id);
  if (job.kind === 'group') {
    throw new AppError('JOB_GROUP', `${id} is a group; ask for a part’s log.`);
  }
  const number = n ?? job.attempts.length;
  if (number > job.attempts.length) {
    throw new AppError('JOB_UNKNOWN', `${id} has no attempt ${number}.`);
  }
  let reader = new LogReader(context, job, number);
  const copies = [reader.copy];
  await reader.send(since, follow ? 'to-the-end' : 'what-is-there');
  // Unless one attempt was asked for it is the job that is followed, and that may have begun another.
  for (let next = number + 1; follow && n === undefined && reader.isWanted; next += 1) {
    const now = await context.hub.desk.find(id);
    if (now?.kind !== 'command' || next > now.attempts.length) break;
    reader = new LogReader(context, now, next);
    copies.push(reader.copy);
    await reader.send(0, 'to-the-end');
  }
  const { attempt, offset, forgottenBytes } = reader;
  const { missingBytes, lostBytes } = reader.copy;
  const lack = { missingBytes, lostBytes, unknownEnds: listUnknownEnds(copies) };
  return { attempt, offset, forgottenBytes, ...lack };
}

/** Sends one attempt's log as items. */
class LogReader {
  readonly #context: VerbContext;
  /** The log that it reads. */
  readonly copy: LogCopy;
  readonly #texts: Record<LogStream, LogText> = { stdout: new LogText(), stderr: new LogText() };
  #offset = 0;
  #at = '';
  forgottenBytes = 0;

  constructor(context: VerbContext, job: CommandJob, n: number) {
    this.#context = context;
    this.copy = new LogCopy(context, job, n);
  }

  get attempt() {
    return this.copy.attempt;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Does the asker still listen? */
  get isWanted(): boolean {
    return this.copy.isWanted;
  }

  async send(since: number, until: 'what-is-there' | 'to-the-end'): Promise<void> {
    this.#offset = since;
    this.forgottenBytes = await this.copy.countForgotten();
    if (this.forgottenBytes > 0) return;
    this.copy.watch();
    try {
      await this.#sendRest();
      while (until === 'to-the-end' && !(await this.copy.isWhole(this.#offset))) {
        await this.#sendRest();
      }
      await this.#sendBegun();
      if (until === 'what-is-there') await this.copy.look();
    } finally {
      this.copy.unwatch();
    }
  }

  /** Everything that the copy has now. */
  async #sendRest(): Promise<void> {
    while (this.copy.isWanted) {
      const slice = await this.copy.read(this.#offset, readBytesMax);
      for (const record of slice.records) await this.#sendRecord(record);
      if (slice.next > this.#offset) await this.#sendGap(slice.next);
      if (slice.records.length === 0) return;
    }
  }

  async #sendRecord(record: LogRecord): Promise<void> {
    if (record.offset > this.#offset) await this.#sendGap(record.offset);
    const { stream, offset } = record;
    const piece = this.#texts[stream].take(record.bytes);
    this.#at = formatInstant(record.at);
    await this.#say({ attempt: this.attempt, offset, at: this.#at, stream, ...piece });
    this.#offset = offset + record.bytes.length;
  }

  /** Letters that were begun and do not go on. */
  async #sendBegun(): Promise<void> {
    for (const stream of ['stdout', 'stderr'] as const) {
      const piece = this.#texts[stream].rest();
      if (piece === undefined) continue;
      const place = { attempt: this.attempt, offset: this.#offset, at: this.#at, stream };
      await this.#say({ ...place, ...piece });
    }
  }

  async #sendGap(to: number): Promise<void> {
    await this.#sendBegun();
    const offset = this.#offset;
    const isLost = (await this.copy.explainGap({ from: offset, to })) === 'lost';
    await this.#say({ attempt: this.attempt, offset, gapBytes: to - offset, isLost });
    this.#offset = to;
  }

  async #say(item: LogItem): Promise<void> {
    if (!(await this.#context.item(item))) this.copy.leave();
  }
}
