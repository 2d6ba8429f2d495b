/*
 * The patient clock of a store: what it believed, and for how long it has doubted, outlive the process.
 *
 * A process that begins with a wall clock that is set wrong has nothing to hold it against: what its store says of the time
 * cannot be told from having been away for long. So to have been away for over a day is a leap like any other, and counts
 * once the processes of this store have run for a day with it. It is written now and then, and may be a little old.
 * Errors: STORE_*.
 */
import { z } from 'zod';
import type { Clock } from '../protocol/ports.ts';
import { metaKey } from './keys.ts';
import type { Kv } from './kv.ts';
import { clockSaveMs } from './limits.ts';
import { PatientClock } from './patient-clock.ts';
import { findRow, planRow } from './row-codec.ts';

const knownSchema = z.object({ believedAt: z.number(), doubtedMs: z.number().nonnegative() });

/** What it is made from. Its row is `meta/NAME`; each loop has its own. */
export interface KeptClockParts {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly name: 'keep-clock' | 'audit-clock';
}

/** Life cycle: it lives as long as its loop; one reading at a time. */
export class KeptClock {
  readonly #parts: KeptClockParts;
  #patient: PatientClock | undefined;
  #savedAt: number | undefined;

  constructor(parts: KeptClockParts) {
    this.#parts = parts;
  }

  /** Wall milliseconds, as they are believed. */
  async read(): Promise<number> {
    const { kv, clock, name } = this.#parts;
    const key = metaKey(name);
    this.#patient ??= new PatientClock(clock, await findRow(kv, key, knownSchema));
    const known = this.#patient.read();
    const nowMs = clock.monotonicMs();
    if (this.#savedAt === undefined || nowMs - this.#savedAt >= clockSaveMs) {
      await kv.batch([planRow(key, known)], 'synced');
      this.#savedAt = nowMs;
    }
    return known.believedAt;
  }
}
