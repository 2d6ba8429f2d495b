/*
 * The cockpit record: a screen on another machine that the hub lets look in and ask.
 *
 * It names a key, as a worker's record does, and never the same key. A cockpit that is not trusted any
 * more has no record: its key is a stranger's again, and its name is free. Pure.
 */
import { z } from 'zod';

/** The shape of a `cp/` row; instants are wall milliseconds. */
export const cockpitRowSchema = z.object({
  key: z.string(),
  name: z.string(),
  host: z.string(),
  pairedAt: z.number(),
  /** When it last opened a connection; null when it never did. */
  lastSeenAt: z.number().nullable(),
});

/** One cockpit. */
export type CockpitRecord = z.infer<typeof cockpitRowSchema>;

/** Longest name made of a host's, so that a number still fits behind it. */
const nameCharsMax = 28;

/** A name after the host that it is on, which nobody in `taken` bears. */
export function nameCockpit(host: string, taken: ReadonlySet<string>): string {
  const words =
    host
      .split('.')[0]
      ?.toLowerCase()
      .replace(/[^a-z0-9]+/g, '-') ?? '';
  const trimmed = words
    .replace(/^[^a-z]+/, '')
    .slice(0, nameCharsMax)
    .replace(/-+$/, '');
  const base = trimmed === '' ? 'cockpit' : trimmed;
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(name)) return name;
  }
}
