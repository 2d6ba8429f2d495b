/*
 * The box record: how the box of a worker is reached over ssh, who made it, and what was installed on it.
 *
 * A worker that was paired by hand has none. It says nothing of trust: that is the worker's record. It
 * outlives a revoke, because the files on the box do. Pure.
 */
import { z } from 'zod';
import { upgradeToldSchema } from '../../protocol/box-frames.ts';

/** How the person's own OpenSSH reaches a box, and where the agent's home is there. */
export const sshPlaceSchema = z.object({
  /** `USER@HOST`, or a name of the person's ssh config. */
  target: z.string(),
  port: z.number().int().exactOptional(),
  /** A key file on the hub's box. */
  identity: z.string().exactOptional(),
  /** A program that runs a command on the box as ssh would, in its place; the target is only its name then. */
  wrapper: z.array(z.string()).exactOptional(),
  /** `$ODALLY_HOME` on the box, as an absolute path; `~/.odally` where absent. */
  home: z.string().exactOptional(),
});

/** The same, as a type. */
export type SshPlace = z.infer<typeof sshPlaceSchema>;

/** The shape of a `b/` row; instants are wall milliseconds. */
export const boxRowSchema = z.object({
  worker: z.string(),
  ssh: sshPlaceSchema.exactOptional(),
  provider: z
    .object({
      name: z.string(),
      /** What the provider calls the box. */
      id: z.string(),
      spawnedAt: z.number(),
      ttlMs: z.number().exactOptional(),
      /** The warm pool that it was made for. */
      pool: z.string().exactOptional(),
    })
    .exactOptional(),
  /** What it said last of a change of version. */
  upgrade: upgradeToldSchema.exactOptional(),
  installed: z
    .object({
      version: z.string(),
      at: z.number(),
      /** Which kind of service keeps the agent up there. */
      service: z.string(),
    })
    .exactOptional(),
});

/** One box. */
export type BoxRecord = z.infer<typeof boxRowSchema>;
