/*
 * The logs that a verb was asked for by jobs and attempts, ready to be read by lines.
 *
 * A group stands for its parts. Lines leave the hub as text: what is not UTF-8 is replaced, and a
 * character that was cut in half is left out. Errors: JOB_UNKNOWN, USAGE_ARGUMENT.
 */
import { AppError } from '../../protocol/errors.ts';
import { logsMergedMax } from '../logs/limits.ts';
import type { CutLine } from '../logs/line-cutter.ts';
import type { Cut, MergedLine } from '../logs/merge.ts';
import { type Anchor, parseAnchor } from '../logs/moment.ts';
import type { WindowLine } from '../logs/near-hits.ts';
import { createRest } from '../logs/slice-rest.ts';
import { seekInstant } from '../logs/window.ts';
import type { CommandJob } from '../manager/job.ts';
import type { NamedAttempt } from './arguments.ts';
import { LogCopy } from './log-copy.ts';
import { formatInstant } from './present.ts';
import type { LogLineRow, LogSource } from './shapes.ts';
import type { VerbContext } from './verb.ts';

/** Logs, side by side. */
export interface OpenLogs {
  readonly copies: readonly LogCopy[];
  readonly sources: readonly LogSource[];
  readonly rest: () => Promise<void>;
}

/** Finds the logs. Errors: JOB_UNKNOWN, USAGE_ARGUMENT where they are too many. */
export async function openLogs(
  context: VerbContext,
  named: readonly NamedAttempt[],
): Promise<OpenLogs> {
  const copies: LogCopy[] = [];
  for (const { job: id, n } of named) {
    for (const job of await listParts(context, id)) copies.push(openCopy(context, job, n));
  }
  if (copies.length > logsMergedMax) {
    const detail = `${copies.length} logs are too many to read as one; name ${logsMergedMax} at most.`;
    throw new AppError('USAGE_ARGUMENT', detail);
  }
  const sources = await Promise.all(copies.map((copy) => describeSource(context, copy)));
  return { copies, sources, rest: createRest(context.hub.ports) };
}

async function listParts(
  { hub }: VerbContext,
  id: CommandJob['id'],
): Promise<readonly CommandJob[]> {
  const job = await hub.desk.get(id);
  if (job.kind === 'command') return [job];
  const parts = await Promise.all(job.children.map((child) => hub.desk.get(child)));
  return parts.filter((part) => part.kind === 'command');
}

function openCopy(context: VerbContext, job: CommandJob, n: number | undefined): LogCopy {
  const number = n ?? job.attempts.length;
  if (number > job.attempts.length) {
    throw new AppError('JOB_UNKNOWN', `${job.id} has no attempt ${number}.`);
  }
  return new LogCopy(context, job, number);
}

/** A log as answers name it. */
export async function describeSource({ hub }: VerbContext, copy: LogCopy): Promise<LogSource> {
  const worker = hub.workers.find(copy.worker);
  const job = await hub.desk.find(copy.job.id);
  const attempts = job?.kind === 'command' ? job.attempts : copy.job.attempts;
  const state = attempts.find(({ n }) => n === copy.n)?.state;
  return {
    attempt: copy.attempt,
    job: copy.job.id,
    worker: worker?.name ?? copy.worker,
    host: worker?.host ?? '',
    end: await copy.findEnd(),
    isEnded: state?.is === 'finished',
    forgottenBytes: await copy.countForgotten(),
  };
}

/** The cut that was asked for. Errors: USAGE_ARGUMENT. */
export async function findCut(
  { copies, sources, rest }: OpenLogs,
  said: string,
  wallMs: number,
): Promise<Cut> {
  const anchor: Anchor = parseAnchor(said, wallMs);
  if (anchor.kind === 'start') return sources.map(() => 0);
  if (anchor.kind === 'end') return sources.map(({ end }) => end);
  if (anchor.kind === 'instant') return seekInstant(copies, anchor.at, rest);
  if (anchor.kind === 'line') return findLine(copies, anchor, rest);
  if (anchor.offsets.length !== copies.length) {
    const detail = `A cut of ${copies.length} logs has as many offsets, not ${anchor.offsets.length}.`;
    throw new AppError('USAGE_ARGUMENT', detail);
  }
  return anchor.offsets;
}

/** The cut just before a line of one log: lines of equal instants are in the order of their logs. */
async function findLine(
  copies: readonly LogCopy[],
  line: { readonly log: number; readonly offset: number },
  rest: () => Promise<void>,
): Promise<Cut> {
  const own = copies[line.log];
  if (own === undefined) throw new AppError('USAGE_ARGUMENT', `There is no log ${line.log}.`);
  if (copies.length === 1) return [line.offset];
  const { records } = await own.read(line.offset, 1);
  const at = records[0]?.at ?? Number.MAX_SAFE_INTEGER;
  const cut: number[] = [];
  for (const [log, copy] of copies.entries()) {
    const [offset = 0] =
      log === line.log
        ? [line.offset]
        : await seekInstant([copy], log < line.log ? at + 1 : at, rest);
    cut.push(offset);
  }
  return cut;
}

/** Lines as they leave the hub. */
export function presentLines(
  copies: readonly LogCopy[],
  lines: readonly (MergedLine & Partial<WindowLine>)[],
): Promise<readonly LogLineRow[]> {
  return Promise.all(
    lines.map(async (line) => {
      const row = presentLine(line);
      if (line.stream !== 'gap') return row;
      const gap = { from: line.offset, to: line.offset + line.bytes };
      return { ...row, isLost: (await copies[line.log]?.explainGap(gap)) === 'lost' };
    }),
  );
}

function presentLine(line: MergedLine & Partial<WindowLine>): LogLineRow {
  const { log, offset, at, stream, bytes, hiddenBytes, isCut, isOpen, isContext = false } = line;
  const text = decodeText(line);
  const instant = formatInstant(at);
  return { log, offset, at: instant, stream, text, bytes, hiddenBytes, isCut, isOpen, isContext };
}

function decodeText({ text, isCut }: CutLine): string {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  return bytes.subarray(0, isCut ? findWholeEnd(bytes) : bytes.length).toString('utf8');
}

/** Where the last character that is whole ends. */
function findWholeEnd(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte < 0xc0) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return size > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
