/*
 * States, outcomes, ages and sizes as people read them: a still glyph, a word, a role.
 *
 * The word alone says everything; glyph and colour only make it quicker to find. Every glyph is one
 * cell wide in every terminal we know. Pure; clocks are arguments.
 */
import { unreachable } from '../../../protocol/errors.ts';
import { type Outcome, receipts } from '../../../protocol/model.ts';
import { isLinked } from '../../manager/ladder.ts';
import type { AttemptRow, JobRow, StatusShape, TeamRow, WorkerState } from '../../verbs/shapes.ts';
import { type Role, type Row, type Span, span } from './row.ts';

interface Mark {
  readonly glyph: string;
  readonly role: Role;
}

const workerMarks: Readonly<Record<WorkerState, Mark>> = {
  new: { glyph: '◌', role: 'accent' },
  idle: { glyph: '○', role: 'good' },
  working: { glyph: '●', role: 'good' },
  draining: { glyph: '◐', role: 'warn' },
  stale: { glyph: '△', role: 'warn' },
  lost: { glyph: '✗', role: 'bad' },
  revoked: { glyph: '⊘', role: 'dim' },
};

const outcomeMarks: Readonly<Record<Outcome, Mark & { readonly word: string }>> = {
  succeeded: { glyph: '✓', role: 'good', word: 'ok' },
  failed: { glyph: '✗', role: 'bad', word: 'FAILED' },
  cancelled: { glyph: '⊘', role: 'warn', word: 'cancelled' },
  expired: { glyph: '✗', role: 'bad', word: 'expired' },
  refused: { glyph: '✗', role: 'bad', word: 'refused' },
  lost: { glyph: '?', role: 'bad', word: 'lost' },
};

/** `● working` */
export function workerStateSpan(state: WorkerState): Span {
  const mark = workerMarks[state];
  return span(`${mark.glyph} ${state}`, mark.role);
}

/**
 * What a worker is doing: `! needs you` where one of its jobs waits for the M2, else its state, with
 * the age of its last word where it is silent.
 */
export function workerSpans(
  worker: TeamRow,
  look: { readonly age: string; readonly needsYou: boolean },
): Row {
  const isSilent = look.age !== 'now' && worker.state !== 'new';
  const mark = span('! needs you', 'warn');
  if (!isSilent) return [look.needsYou ? mark : workerStateSpan(worker.state)];
  const state = workerStateSpan(worker.state);
  const age = { ...state, text: `${state.text} ${look.age}` };
  return look.needsYou ? [age, span(' !', 'warn')] : [age];
}

/** `12% 3.1 GiB`: how much of its cpus is asked for, and its free memory; empty while not known. */
export function loadText({ load, capabilities }: TeamRow): string {
  if (load == null) return '';
  const share = Math.round((100 * load.cpuLoad) / Math.max(1, capabilities?.cpus ?? 1));
  return `${share}% ${sizeText(load.memoryFreeBytes)}`;
}

/** By which way the worker is linked: quiet where it is as usual, loud where none of them goes through. */
export function linkSpan({ link }: TeamRow): Span {
  if (link === 'blocked') return span('blocked', 'warn');
  return span(
    link === 'none' ? 'no link' : link,
    link === 'ssh' || link === 'relayed' ? 'plain' : 'dim',
  );
}

/** Has the worker been heard within the time in which the hub would call it silent? */
export function isHeard(worker: TeamRow): boolean {
  return isLinked(worker.link) && !['stale', 'lost', 'revoked'].includes(worker.state);
}

/**
 * How long ago the worker was heard: `now`, `12s`, `3m`; `never` when it never was. While the hub
 * is there it would have told of silence; without it every age grows from the last report.
 */
export function workerAge(
  worker: TeamRow,
  report: { readonly agoMs: number; readonly link: 'live' | 'coming' | 'gone' },
): string {
  if (worker.lastSeenMs === null) return 'never';
  if (isHeard(worker) && report.link === 'live') return 'now';
  return ageText(worker.lastSeenMs + report.agoMs);
}

/** An age in one unit: `now` below three seconds, then `12s`, `3m`, `5h`, `2d`. */
export function ageText(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  if (seconds < 3) return 'now';
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** The same where a second is no news: `now` for the whole first minute. */
export function minutesText(ms: number): string {
  return ms < 60_000 ? 'now' : ageText(ms);
}

/** For how long the hub has been up. */
export function uptimeText(
  { startedAt }: Pick<StatusShape['hub'], 'startedAt'>,
  wallMs: number,
): string {
  return minutesText(wallMs - Date.parse(startedAt));
}

/** A duration: `41ms`, `0.4s`, then in at most two units: `1m 05s`, `2h`. */
export function durationText(ms: number): string {
  if (ms < 100) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return twoUnits([minutes, 'm'], [seconds % 60, 's']);
  return twoUnits([Math.floor(minutes / 60), 'h'], [minutes % 60, 'm']);
}

function twoUnits(large: readonly [number, string], small: readonly [number, string]): string {
  const head = `${large[0]}${large[1]}`;
  return small[0] === 0 ? head : `${head} ${String(small[0]).padStart(2, '0')}${small[1]}`;
}

/** A size in one binary unit: `12 B`, `3.4 KiB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
  const power = Math.min(
    units.length - 1,
    Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)),
  );
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

/** No date lies after it. Source: ECMA-262, time values and time range. */
const dateMsMax = 8.64e15;

/** `14:03:22` in the zone that lies `zoneMinutes` east of UTC. */
export function clockText(iso: string, zoneMinutes: number): string {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? iso : dayClock(at, zoneMinutes).slice(0, 8);
}

/** `14:03:22.123` in that zone. A box may say any instant, also the last that there is, which has no zone east of it. */
export function dayClock(at: number, zoneMinutes: number): string {
  const local = Math.min(at + zoneMinutes * 60_000, dateMsMax);
  return new Date(local).toISOString().slice(-13, -1);
}

/** How far a job has provably come, as five dots. */
export function receiptDots(job: Pick<JobRow, 'state' | 'receipts'>): string {
  const { sentAt, acceptedAt, startedAt } = job.receipts;
  const reached = {
    queued: true,
    sent: sentAt !== null,
    accepted: acceptedAt !== null,
    started: startedAt !== null,
    finished: job.state === 'finished',
  };
  return receipts.map((receipt) => (reached[receipt] ? '●' : '○')).join('');
}

/** `●●●●○ started 3m` while it goes on; the dots and the outcome once it has ended. */
export function jobStateRow(job: JobRow, wallMs: number): Row {
  const ended = outcomeRow(job);
  if (ended.length > 0) return [span(receiptDots(job), 'dim'), span(' '), ...ended];
  const since = job.receipts.startedAt === null ? 0 : wallMs - Date.parse(job.receipts.startedAt);
  const age = since >= 60_000 ? ` ${ageText(since)}` : '';
  const role: Role = job.state === 'started' ? 'good' : 'accent';
  return [span(receiptDots(job), role), span(` ${job.state}${age}`)];
}

/** `✓ ok exit 0 · 1.2s`, `✗ FAILED exit 3 · 0.4s`, `? lost: box is gone`; empty while it goes on. */
export function outcomeRow(
  ended: Pick<AttemptRow, 'outcome' | 'exitCode' | 'reason' | 'durationMs'>,
): Row {
  if (ended.outcome === null) return [];
  const mark = outcomeMarks[ended.outcome];
  const duration = ended.durationMs === null ? '' : ` · ${durationText(ended.durationMs)}`;
  return [
    span(`${mark.glyph} ${mark.word}`, mark.role),
    span(`${outcomeDetail(ended.outcome, ended)}${duration}`),
  ];
}

function outcomeDetail(outcome: Outcome, ended: Pick<AttemptRow, 'exitCode' | 'reason'>): string {
  const reason = ended.reason === null ? '' : `: ${ended.reason}`;
  switch (outcome) {
    case 'succeeded':
    case 'failed':
      return ended.exitCode === null ? reason : ` exit ${ended.exitCode}`;
    case 'cancelled':
    case 'expired':
    case 'refused':
    case 'lost':
      return reason;
    default:
      return unreachable(outcome);
  }
}

/** Did it end after its deadline, or is it going on beyond it? */
export function isLate(job: JobRow, wallMs: number): boolean {
  if (job.deadlineAt == null) return false;
  if (job.outcome === 'expired') return true;
  const endedAt = job.receipts.finishedAt ?? job.deadlineAt;
  return (job.outcome === null ? wallMs : Date.parse(endedAt)) > Date.parse(job.deadlineAt);
}

/** `in 12m` before a deadline, `now` in its last seconds, `late 3m` after it, `late` for what ended so; empty without one. */
export function dueText(job: JobRow, wallMs: number): string {
  if (job.deadlineAt == null) return '';
  if (job.outcome !== null) return isLate(job, wallMs) ? 'late' : '';
  const leftMs = Date.parse(job.deadlineAt) - wallMs;
  if (leftMs <= -60_000) return `late ${ageText(-leftMs)}`;
  if (leftMs < 0) return 'late';
  const left = ageText(leftMs);
  return left === 'now' ? left : `in ${left}`;
}

/** The five receipts: when it was queued, and how long after that each of the others came. */
export function receiptTexts(
  { receipts: at }: Pick<JobRow, 'receipts'>,
  zoneMinutes: number,
): readonly (string | undefined)[] {
  const after = (instant: string | null) =>
    instant === null
      ? undefined
      : `+${durationText(Math.max(0, Date.parse(instant) - Date.parse(at.queuedAt)))}`;
  const queued = clockText(at.queuedAt, zoneMinutes);
  return [queued, ...[at.sentAt, at.acceptedAt, at.startedAt, at.finishedAt].map(after)];
}

/** Did it end in a way that somebody should look at? */
export function isBadOutcome(outcome: Outcome | null): boolean {
  return outcome !== null && outcome !== 'succeeded' && outcome !== 'cancelled';
}
