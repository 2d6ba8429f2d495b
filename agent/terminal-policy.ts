/*
 * The box's word on terminals: may its hub open any here?
 *
 * One function, asked before anything starts, so that a policy file can later decide more finely. Pure.
 */
import { AppError } from '../protocol/errors.ts';

/** Why none may be opened; undefined where they may. */
export function findTerminalRefusal(policy: {
  readonly isTerminalAllowed: boolean;
}): AppError | undefined {
  if (policy.isTerminalAllowed) return undefined;
  return new AppError('TERMINAL_REFUSED', 'The box says `[terminal] allowed = false`.');
}
