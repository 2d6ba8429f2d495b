/*
 * What becomes of a failure while a copy of something is kept: the disk's, or ours.
 *
 * Whoever sent the piece still has it and sends it again, so a copy that the disk does not take now
 * is late, no more; that is said once, until a piece was kept. Anything else is a fault of the hub's
 * own and must never be taken for the disk's. Source: reliability facts R21, R23.
 */
import { wrapError } from '../../protocol/errors.ts';
import { isDiskTrouble } from '../../store/disk-guard.ts';

/** What is copied, in words, and who is told. */
export interface DiskWaitParts {
  readonly subject: string;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
}

/** Remembers only whether it was said already. No life cycle. */
export class DiskWait {
  readonly #parts: DiskWaitParts;
  #isSaid = false;

  constructor(parts: DiskWaitParts) {
    this.#parts = parts;
  }

  /** A piece was not kept. */
  missed(thrown: unknown): void {
    const { subject, failed, noticed } = this.#parts;
    if (!isDiskTrouble(thrown)) return failed(thrown);
    if (this.#isSaid) return;
    this.#isSaid = true;
    noticed(`${subject} waits for the disk: ${wrapError(thrown, 'STORE_IO').message}`);
  }

  /** A piece was kept: the next failure is news again. */
  kept(): void {
    this.#isSaid = false;
  }
}
