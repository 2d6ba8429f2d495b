/*
 * Policies without a file: of a text that a test can change, or of none.
 */

import type { IsolationBox } from '../../../agent/policy/isolation.ts';
import { Policies } from '../../../agent/policy/policies.ts';
import { findPolicy, type PolicyState, parsePolicy } from '../../../agent/policy/policy.ts';
import { AppError } from '../../../protocol/errors.ts';

/** Where the box stands; `write` is what an editor would do. */
export interface PoliciesInHand {
  readonly policies: Policies;
  write(text: string): void;
}

/** What the agent's own environment holds. */
const ownEnv = { PATH: '/bin', BOX_TOKEN: 'value-of-the-box' };

/** A box that isolates nothing. */
const bareBox: IsolationBox = {
  uid: 1000,
  findUser: () => undefined,
  scopes: 'none',
  isWatchable: true,
};

/** Policies of this text; roots are taken as they are written. */
export function openPoliciesInHand(
  text?: string,
  isTerminalAllowed = true,
  box = bareBox,
): PoliciesInHand {
  let state: PolicyState = { is: 'open' };
  const write = (next: string) => {
    try {
      state = { is: 'ruled', policy: parsePolicy(next, 'policy.toml') };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      state = { is: 'broken', error };
    }
  };
  if (text !== undefined) write(text);
  const source = { look: () => state, listRoots: () => findPolicy(state)?.directories.roots };
  return { policies: new Policies({ source, isTerminalAllowed, env: ownEnv, box }), write };
}

/** Nothing is forbidden. */
export const freePolicies: Policies = openPoliciesInHand().policies;
