/*
 * A source of guards for agents whose work never has a lease: to ask it for one is a fault.
 */
import type { GuardSource } from '../../agent/guard/guard-process.ts';

/** See the header. */
export const unguarded: GuardSource = {
  graceMs: 0,
  open: () => {
    throw new Error('this work has no leases');
  },
  readNotes: () => new Map(),
  dropNotes: () => undefined,
};
