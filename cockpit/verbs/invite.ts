/*
 * `wally invite`: one code that lets one box in, once, for a short time.
 *
 * The code is a secret until it is used. Errors: STORE_FULL, USAGE_ARGUMENT.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { inviteMsDefault, inviteMsMax } from '../../protocol/limits.ts';
import { durationArgument } from './arguments.ts';
import { formatInstant } from './present.ts';
import type { InviteShape } from './shapes.ts';
import { defineVerb } from './verb.ts';

/** Makes a pairing code. */
export const inviteVerb = defineVerb({
  name: 'invite',
  summary: 'print a pairing code and the command to run on the box',
  operands: [],
  flags: { ttl: { value: 'DURATION', help: 'how long the code is good for (10m)' } },
  danger: 'changes',
  args: z.object({ ttl: durationArgument.optional() }),
  async run({ hub }, { ttl }): Promise<InviteShape> {
    const ttlMs = ttl ?? inviteMsDefault;
    if (ttlMs > inviteMsMax) throw new AppError('USAGE_ARGUMENT', 'A code lives 24 hours at most.');
    const { addresses, rendezvous } = hub.door;
    const { code, expiresAt } = await hub.invites.create({ addresses, rendezvous }, ttlMs);
    return { code, command: `odally join ${code}`, expiresAt: formatInstant(expiresAt) };
  },
  show: ({ command, expiresAt }, style) =>
    [
      'Run this on the box that joins (good for one box, once):',
      '',
      `  ${style.strong(command)}`,
      '',
      style.dim(`It expires at ${expiresAt}.`),
    ].join('\n'),
});
