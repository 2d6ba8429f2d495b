/*
 * Pairings in the audit trail: who came with an invite, and what came of it.
 *
 * What a box says of itself is its own word; its key is proven only later, by its links. A box that knocks while
 * the M2 is asked is not written down each time. Errors: those of the pairing.
 */
import { AppError, wrapError } from '../../protocol/errors.ts';
import type { PairRequest } from '../../protocol/pairing.ts';
import type { AuditTrail } from '../../store/audit-trail.ts';

/** Does the pairing and writes it down; resolves with the name that the hub gives. */
export async function notePairing(
  trail: AuditTrail,
  { key, host }: PairRequest,
  pair: () => Promise<string>,
): Promise<string> {
  const asked = { who: `key ${key.slice(0, 8)}`, surface: 'invite', verb: 'pair', args: { host } };
  try {
    const worker = await pair();
    trail.note({ ...asked, worker, result: 'done' });
    return worker;
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'PAIRING_ASKED') {
      trail.note({ ...asked, result: wrapError(thrown, 'HUB_INTERNAL').code });
    }
    throw thrown;
  }
}
