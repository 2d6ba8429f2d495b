/*
 * What `odally doctor` asks of the agent that runs, as it comes over the control socket.
 *
 * Whoever asks is a program of this user on this box, so every fix may be applied. An older program
 * says only `fix`. Errors: USAGE_ARGUMENT.
 */
import { z } from 'zod';
import { type DoctorWish, findingNameSchema } from '../../protocol/doctor.ts';
import { AppError } from '../../protocol/errors.ts';

const schema = z.object({
  fix: z.boolean().default(false),
  safe: z.boolean().default(false),
  only: findingNameSchema.exactOptional(),
  area: z.string().max(16).exactOptional(),
});

/** A wish as the socket carries it. */
export type WishArgs = z.input<typeof schema>;

/** Reads it. */
export function parseWish(args: unknown): DoctorWish {
  const parsed = schema.safeParse(args ?? {});
  if (!parsed.success) throw new AppError('USAGE_ARGUMENT', 'doctor: what is asked is not clear.');
  const { fix, safe, ...rest } = parsed.data;
  return { mode: fix ? (safe ? 'fix-safe' : 'fix') : 'look', ...rest };
}
