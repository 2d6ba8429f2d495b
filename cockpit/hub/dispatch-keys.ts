/*
 * Dispatch under a key: the same key never makes a second job.
 *
 * Who dispatches may not hear the answer, because the hub was killed or the line was cut, and then
 * does not know whether there is a job. With a key of its own choice it just asks again. The key's
 * row is written in the batch that makes the job, so there is never one without the other.
 * Source: reliability facts R8.
 */
import { z } from 'zod';
import type { JobId } from '../../protocol/model.ts';
import { dispatchKey } from '../../store/keys.ts';
import type { Kv, KvOp } from '../../store/kv.ts';
import { findRow, planRow } from '../../store/row-codec.ts';
import type { JobRecord } from '../manager/job.ts';

const jobId = z.custom<JobId>((value) => typeof value === 'string' && /^J[1-9]\d*$/.test(value));

/** The row that binds a key to its job. */
export function planKey(key: string, job: JobId): KvOp {
  return planRow(dispatchKey(key), job);
}

/** What the asker calls a job. */
interface AskedNames {
  readonly key?: string;
  readonly labels?: readonly string[];
}

/** What it was called when it was asked for, as fields of the job's record. A part has no key of its own. */
export function pickNames({ key, labels = [] }: AskedNames, parent: JobId | null): AskedNames {
  return {
    ...(key === undefined || parent !== null ? {} : { key }),
    ...(labels.length === 0 ? {} : { labels }),
  };
}

/** Makes a job once a key, also when two ask in the same moment. */
export class DispatchKeys {
  readonly #kv: Kv;
  readonly #underWay = new Map<string, Promise<JobRecord>>();

  constructor(kv: Kv) {
    this.#kv = kv;
  }

  /** `make` must write the key's row with the job. Errors: those of `make` and `get`. */
  once(
    key: string,
    make: () => Promise<JobRecord>,
    get: (id: JobId) => Promise<JobRecord>,
  ): Promise<JobRecord> {
    const running = this.#underWay.get(key);
    if (running !== undefined) return running;
    const run = async () => {
      const id = await findRow(this.#kv, dispatchKey(key), jobId);
      return id === undefined ? make() : get(id);
    };
    const making = run().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, making);
    return making;
  }
}
