/*
 * Arguments that several verbs take: job ids, names, durations.
 *
 * A duration is a number with a unit (`500ms`, `90s`, `30m`, `2h`, `1d`), seconds where it has none.
 * In memory it is milliseconds.
 */
import { z } from 'zod';
import type { JobId } from '../../protocol/model.ts';
import type { Clock } from '../../protocol/ports.ts';
import { logsMergedMax } from '../logs/limits.ts';

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

/** A duration argument, as milliseconds. */
export const durationArgument = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  context.addIssue({
    code: 'custom',
    message: `"${text}" is not a duration (say 500ms, 90s, 30m, 2h or 1d)`,
  });
  return z.NEVER;
});

/** A moment as it was asked for: so long ago, or an instant in wall milliseconds. */
export type When = { readonly agoMs: number } | { readonly at: number };

/** `7d` for seven days ago, or an instant in ISO 8601. */
export const whenArgument = z.string().transform((text, context): When => {
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return { agoMs };
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return { at };
  const message = `"${text}" is neither a duration (7d) nor an instant (2026-11-25T12:00:00Z)`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** The moment in wall milliseconds. */
export function findWhen(when: When, clock: Pick<Clock, 'wallMs'>): number {
  return 'at' in when ? when.at : clock.wallMs() - when.agoMs;
}

/** `J12`, also written `j12` or `12`. */
export const jobArgument = z.string().transform((text, context): JobId => {
  const parts = /^[Jj]?([1-9]\d{0,11})$/.exec(text.trim());
  if (parts !== null) return `J${Number(parts[1])}`;
  context.addIssue({ code: 'custom', message: `"${text}" is not a job id (say J12)` });
  return z.NEVER;
});

/** A list given by repeating a flag, or with commas. */
export const listArgument = z
  .array(z.string())
  .default([])
  .transform((words) =>
    words
      .flatMap((word) => word.split(','))
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  );

/** A job, and which of its attempts where one was named. */
export interface NamedAttempt {
  readonly job: JobId;
  readonly n?: number;
}

/** `J12`, or `J12.1` for its first attempt. */
const attemptArgument = z.string().transform((text, context): NamedAttempt => {
  const parts = /^[Jj]?([1-9]\d{0,11})(?:\.([1-9]\d{0,8}))?$/.exec(text.trim());
  if (parts !== null) {
    const n = parts[2] === undefined ? {} : { n: Number(parts[2]) };
    return { job: `J${Number(parts[1])}`, ...n };
  }
  context.addIssue({ code: 'custom', message: `"${text}" is not a job id (say J12 or J12.1)` });
  return z.NEVER;
});

/** One job or attempt, or several. */
export const attemptsArgument = z.preprocess(
  (given) => (typeof given === 'string' ? [given] : given),
  z
    .array(attemptArgument)
    .min(1, 'name a job (say J12)')
    .max(logsMergedMax, `name ${logsMergedMax} jobs at most`),
);
