/*
 * What host and guest tell each other, and where: files of a folder that both see, outside the disk.
 */

/** The folder as the guest sees it. */
export const guestProof = '/run/proof';

/** Where the guest has mounted the disk whose power is cut. */
export const guestDisk = '/run/disk';

/** The files of the folder. `accepted` and `ended` are the oracle: what the hub had acknowledged. */
export const proofFiles = {
  plan: 'plan.json',
  said: 'said',
  accepted: 'accepted',
  ended: 'ended',
  ledger: 'ledger',
  /** How long the ledger was before the switch. */
  ledgerBytes: 'ledger-bytes',
} as const;

/** One life: first it looks at what earlier ones were promised. */
export interface LifePlan {
  /** So many jobs are accepted before the switch, and it is so much later; no job is given where absent. */
  readonly cut?: { readonly afterJobs: number; readonly afterMs: number };
  /** A library that hub and agent are started with. */
  readonly preload?: string;
}

/** What a life says, a line of JSON each, in this order. */
export type LifeWord =
  | { readonly is: 'judged'; readonly faults: readonly string[] }
  | { readonly is: 'dropping'; readonly status: number | null };
