/*
 * Durations and moments as people write them.
 *
 * A duration is a number with a unit (`500ms`, `90s`, `30m`, `2h`, `1d`), seconds where it has none. In memory it
 * is milliseconds. Pure.
 */
import type { Clock } from './ports.ts';

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Longest duration that an argument may name: a year. */
export const durationMsMax = 366 * unitMs.d;

/** Milliseconds, or undefined where the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  if (parts === null) return undefined;
  const unit = (parts[2] ?? 's') as keyof typeof unitMs;
  const ms = Math.round(Number(parts[1]) * unitMs[unit]);
  return ms > 0 && ms <= durationMsMax ? ms : undefined;
}

/** A moment as it was asked for: so long ago, or an instant in wall milliseconds. */
export type When = { readonly agoMs: number } | { readonly at: number };

/** `7d` for seven days ago, or an instant in ISO 8601; undefined where it is neither. */
export function parseWhen(text: string): When | undefined {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return { agoMs };
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : { at };
}

/** The moment in wall milliseconds. */
export function findWhen(when: When, clock: Pick<Clock, 'wallMs'>): number {
  return 'at' in when ? when.at : clock.wallMs() - when.agoMs;
}
