/*
 * Arguments that several verbs take: job ids, names, durations.
 *
 * Each says what is wrong with a word that it does not take, and how one is written.
 */
import { z } from 'zod';
import { parseDuration, parseWhen, type When } from '../../protocol/duration.ts';
import type { JobId } from '../../protocol/model.ts';
import { logsMergedMax } from '../logs/limits.ts';

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

/** `7d` for seven days ago, or an instant in ISO 8601. */
export const whenArgument = z.string().transform((text, context): When => {
  const when = parseWhen(text);
  if (when !== undefined) return when;
  const message = `"${text}" is neither a duration (7d) nor an instant (2026-11-25T12:00:00Z)`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

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
