/*
 * `wally invite`: one code that lets one box in, to work or to look in, once, for a short time.
 *
 * The code is a secret until it is used. Errors: STORE_FULL, USAGE_ARGUMENT, WORKER_NAME, WORKER_NAME_TAKEN.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { inviteMsDefault, inviteMsMax } from '../../protocol/limits.ts';
import { pickReach } from '../../protocol/reach.ts';
import { durationArgument } from './arguments.ts';
import { formatInstant } from './present.ts';
import type { InviteShape } from './shapes.ts';
import { defineVerb } from './verb.ts';

/** Makes a pairing code. */
export const inviteVerb = defineVerb({
  name: 'invite',
  summary: 'print a pairing code and the command to run on the box',
  operands: [],
  flags: {
    ttl: { value: 'DURATION', help: 'how long the code is good for (10m)' },
    cockpit: { help: 'for a cockpit on another machine, not for a worker' },
    name: { value: 'NAME', help: 'what the worker is to be called; else the next name' },
    ask: { help: 'let nobody in before you have approved it in the inbox' },
  },
  danger: 'changes',
  args: z
    .object({
      ttl: durationArgument.optional(),
      cockpit: z.boolean().default(false),
      ask: z.boolean().default(false),
      name: z.string().optional(),
    })
    .refine(({ cockpit, ask }) => !(cockpit && ask), {
      message: '--ask is about workers; a code for a cockpit lets in who has it',
    })
    .refine(({ cockpit, name }) => !(cockpit && name !== undefined), {
      message: '--name is about workers; a cockpit is called after its host',
    }),
  async run({ hub }, { ttl, cockpit, ask, name }): Promise<InviteShape> {
    const ttlMs = ttl ?? inviteMsDefault;
    if (ttlMs > inviteMsMax) throw new AppError('USAGE_ARGUMENT', 'A code lives 24 hours at most.');
    const kind = cockpit ? 'cockpit' : 'worker';
    const called = name === undefined ? {} : { name };
    const order = { kind, ...pickReach(hub.door), ttlMs, asks: ask, ...called } as const;
    const { code, expiresAt } = await hub.invites.create(order);
    const command = cockpit ? `wally --hub ${code}` : `odally join ${code}`;
    return { code, command, expiresAt: formatInstant(expiresAt) };
  },
  show: ({ command, expiresAt }, style) =>
    [
      command.startsWith('wally')
        ? 'Run this on the machine that is to look in (good for one machine, once):'
        : 'Run this on the box that joins (good for one box, once):',
      '',
      `  ${style.strong(command)}`,
      '',
      style.dim(`It expires at ${expiresAt}.`),
    ].join('\n'),
});
