/*
 * `wally uninstall NAME`: an agent leaves its box, with its service and files, and is trusted no more.
 *
 * It is refused with the list while work would be lost that `--discard` does not name.
 * Errors: WORKER_UNKNOWN, WORKER_REVOKED, WORKER_AWAY, LEAVE_*, UNINSTALL_OLD, SSH_*.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { type UninstallAnswer, uninstall } from '../fleet/uninstall.ts';
import { listArgument } from './arguments.ts';
import { getWorker } from './team.ts';
import { defineVerb } from './verb.ts';

const idSchema = z.string().regex(/^(all|J\d+(\.\d+)?)$/, 'give J12, J12.1 or all');

/** Takes an agent off its box. */
export const uninstallVerb = defineVerb({
  name: 'uninstall',
  summary: 'take an agent off its box, with its service and files',
  operands: ['name'],
  flags: {
    discard: { value: 'J', isList: true, help: 'this work may be lost: J12, J12.1 or all' },
    'dry-run': { help: 'ask the box what that would cost, and do nothing' },
  },
  danger: 'destroys',
  args: z.object({
    name: z.string(),
    discard: listArgument.pipe(z.array(idSchema)),
    'dry-run': z.boolean().default(false),
  }),
  async run({ hub, onDrop }, args): Promise<UninstallAnswer> {
    const worker = getWorker(hub, args.name);
    if (worker.revokedAt !== null) throw new AppError('WORKER_REVOKED');
    const left = new AbortController();
    onDrop(() => left.abort());
    const wish = { discard: args.discard, isPlan: args['dry-run'], signal: left.signal };
    return uninstall(hub, worker, wish);
  },
  show({ name, as, discarded, left }) {
    const given = discarded.map(({ attempt, what }) => `${attempt} (${what})`).join(', ');
    const lost = given === '' ? '' : ` Given up: ${given}.`;
    const stays = left.length === 0 ? '' : ` Not ours, and left there: ${left.join(', ')}.`;
    return as === 'would'
      ? `${name} would leave its box.${lost}${stays}`
      : `${name} left its box, and is trusted no more.${lost}${stays}`;
  },
});
