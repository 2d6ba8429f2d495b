/*
 * Every mutant.
 */
import { auditMutants } from './audit.ts';
import { deliveryMutants } from './delivery.ts';
import { jobMutants } from './jobs.ts';
import { leaseMutants } from './leases.ts';
import type { Mutant } from './mutant.ts';
import { storeMutants } from './store.ts';

/** In the order in which they are tried. */
export const mutants: readonly Mutant[] = [
  ...deliveryMutants,
  ...jobMutants,
  ...leaseMutants,
  ...storeMutants,
  ...auditMutants,
];
