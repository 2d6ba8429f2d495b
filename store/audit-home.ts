/*
 * The audit trail of a home in which nobody runs, for who looks at it from outside.
 *
 * It takes the store's lock for as long as it reads and changes no row. Errors: STORE_*, HOME_FOREIGN.
 */
import { Archive } from './archive.ts';
import type { AuditTail } from './audit.ts';
import { openAuditFiles } from './audit-files.ts';
import { type AuditRow, type AuditWish, listAudit } from './audit-list.ts';
import { type AuditProof, verifyAudit } from './audit-read.ts';
import { openRestingKv } from './witness.ts';

/** Where the trail of a home lies. */
export interface AuditPlace {
  /** The store's directory. */
  readonly store: string;
  /** The files of what is old. */
  readonly audit: string;
}

/** Reads the trail of a home where nobody runs: what is wanted, or its proof. Errors: STORE_*, HOME_FOREIGN. */
export async function readHomeAudit(
  { store, audit }: AuditPlace,
  wish: AuditWish | { readonly noted: AuditTail | undefined },
): Promise<readonly AuditRow[] | AuditProof> {
  const kv = await openRestingKv(store);
  try {
    const port = openAuditFiles(audit);
    const mark = await new Archive(kv, port, 'audit-file').findMark();
    const source = { kv, port, mark };
    return 'noted' in wish ? await verifyAudit(source, wish.noted) : await listAudit(source, wish);
  } finally {
    await kv.close();
  }
}
