/*
 * The worker record: whom the hub trusts, under which name, and what its box has.
 *
 * A name belongs to a key for good: it is sticky across restarts, changed only by the M2, and not
 * given to another after a revoke. What a worker is doing right now is not here; that is derived
 * from its session and its attempts.
 */
import { z } from 'zod';
import { capabilitiesSchema } from '../../protocol/frames.ts';

/** The shape of a `w/` row. `store` is the peer's store as last seen; `lastSeenAt` wall milliseconds. */
export const workerRowSchema = z.object({
  key: z.string(),
  name: z.string(),
  /** Names that it bore before; nobody else is given them, so that old reports stay true. */
  formerNames: z.array(z.string()),
  kind: z.enum(['staff', 'odally']),
  host: z.string(),
  pairedAt: z.number(),
  store: z.string().nullable(),
  /** Where this hub's store went back: no message above it ever left for `store`; absent once a link was served. */
  sentMax: z.number().exactOptional(),
  lastSeenAt: z.number().nullable(),
  capabilities: capabilitiesSchema.nullable(),
  revokedAt: z.number().nullable(),
});

/** One worker. */
export type WorkerRecord = z.infer<typeof workerRowSchema>;

/** Could this be a name? Short, lower-case, speakable. */
export function isWorkerName(name: string): boolean {
  return /^[a-z][a-z0-9-]{0,31}$/.test(name);
}
