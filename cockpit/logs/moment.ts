/*
 * Instants as people say them: `14:03`, `10m` (ago), `2026-01-31T14:03`, and the offsets of a cut.
 *
 * A time of day is the latest such moment, by the clock and zone of this box. Pure: the present
 * is an argument. Errors: USAGE_ARGUMENT.
 */
import { AppError } from '../../protocol/errors.ts';

/** A place in logs as it was asked for. */
export type Anchor =
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  /** Just before this line of one of the logs. */
  | { readonly kind: 'line'; readonly log: number; readonly offset: number }
  | { readonly kind: 'cut'; readonly offsets: readonly number[] }
  | { readonly kind: 'instant'; readonly at: number };

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const dayMs = 86_400_000;

/** Reads an instant; `start`, `end`, offsets and `#LOG:OFFSET` too. Errors: USAGE_ARGUMENT. */
export function parseAnchor(text: string, wallMs: number): Anchor {
  const said = text.trim();
  if (said === 'start' || said === 'end') return { kind: said };
  if (/^\d{1,15}(?:,\d{1,15})*$/.test(said)) {
    return { kind: 'cut', offsets: said.split(',').map(Number) };
  }
  const line = /^#(\d{1,3}):(\d{1,15})$/.exec(said);
  if (line !== null) return { kind: 'line', log: Number(line[1]), offset: Number(line[2]) };
  return { kind: 'instant', at: parseMoment(said, wallMs) };
}

/** Wall milliseconds of an instant. Errors: USAGE_ARGUMENT. */
export function parseMoment(text: string, wallMs: number): number {
  const at = readAgo(text, wallMs) ?? readTimeOfDay(text, wallMs) ?? readDate(text);
  if (at !== undefined) return at;
  const detail = `"${text}" is no instant (say 14:03, 14:03:20, 10m for ten minutes ago, or 2026-01-31T14:03).`;
  throw new AppError('USAGE_ARGUMENT', detail);
}

function readAgo(text: string, wallMs: number): number | undefined {
  const parts = /^-?(\d{1,6}(?:\.\d+)?)([smhd])$/.exec(text);
  if (parts === null) return undefined;
  return wallMs - Number(parts[1]) * unitMs[parts[2] as keyof typeof unitMs];
}

function readTimeOfDay(text: string, wallMs: number): number | undefined {
  const parts = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?$/.exec(text);
  if (parts === null) return undefined;
  const [hours, minutes, seconds] = [parts[1], parts[2], parts[3] ?? 0].map(Number);
  if (hours === undefined || hours > 23 || Number(minutes) > 59 || Number(seconds) > 59) {
    return undefined;
  }
  const day = new Date(wallMs);
  const ms = Number((parts[4] ?? '0').padEnd(3, '0'));
  const at = day.setHours(hours, Number(minutes), Number(seconds), ms);
  // What has not been today was yesterday.
  return at <= wallMs ? at : at - dayMs;
}

function readDate(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/.test(text)) {
    return undefined;
  }
  const at = Date.parse(text.replace(' ', 'T'));
  return Number.isNaN(at) ? undefined : at;
}
