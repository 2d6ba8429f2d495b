/*
 * The audit trail: who asked what, from where, and what came of it, in a chain of hashes.
 *
 * An entry is one line of JSON and holds the SHA-256 of the line before it, so a line that was changed,
 * taken out or put elsewhere is found. Lines are kept as the very bytes that were hashed: nothing is ever
 * encoded again. They go to disk in the batch of what they tell of, or in one before it, never after it, and
 * `meta/audit` says where the chain ends. It decides nothing and holds no secret: what may be one is cut
 * (`audit-words.ts`). Source: FIPS 180-4; RFC 6962 for the idea of a log that shows tampering.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { auditKey, auditTailKey } from './keys.ts';
import type { Kv, KvOp } from './kv.ts';
import { auditPerRowMax } from './limits.ts';
import { findRow, planRow } from './row-codec.ts';

/** Where a chain begins: the hash of no line. */
export const auditStart = '0'.repeat(64);

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** The end of a chain: the number of its last entry, and the hash of that. */
export interface AuditTail {
  readonly n: number;
  readonly hash: string;
}

const tailSchema = z.object({ n: z.number().int().nonnegative(), hash: hashSchema });

const gapSchema = z.object({ after: z.number().int(), before: z.number().int() });

/** Entries that a damaged store lost: all after the one and before the other. */
export type AuditGap = z.infer<typeof gapSchema>;

/** What is known to be lost, as `meta/audit-gaps` has it. */
export const auditGapsSchema = z.array(gapSchema);

/** What was asked, by whom and from where. */
export interface Asked {
  /** `owner` of the home, or the name or key of a peer. */
  readonly who: string;
  /** The kind of program that the asker says it is; for a peer also how it is linked. */
  readonly surface: string;
  readonly verb: string;
  /** What it was asked with, cut to size. */
  readonly args?: unknown;
  /** The worker that it is about, where there is one. */
  readonly worker?: string;
  /** The job, attempt or other thing that came of it. */
  readonly about?: string;
  /** `done`, or a code; absent while nothing has come of it. */
  readonly result?: string;
  /** The entry that this one is the result of. */
  readonly of?: number;
}

const entrySchema = z.object({
  n: z.number().int().positive(),
  at: z.iso.datetime(),
  who: z.string(),
  surface: z.string(),
  verb: z.string(),
  args: z.unknown().optional(),
  worker: z.string().optional(),
  about: z.string().optional(),
  result: z.string().optional(),
  of: z.number().int().positive().optional(),
  prev: hashSchema,
});

/** One entry as it was read. */
export type AuditEntry = z.infer<typeof entrySchema>;

/** Reads a line; undefined for one that is no entry. */
export function parseAuditLine(line: string): AuditEntry | undefined {
  try {
    return entrySchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** What the next line holds of this one. */
export function hashAuditLine(line: string): string {
  return hash('sha256', line, 'hex');
}

/** Where the chain in these rows ends; undefined where none was begun. Errors: STORE_DAMAGED. */
export function findAuditTail(kv: Pick<Kv, 'get'>): Promise<AuditTail | undefined> {
  return findRow(kv as Kv, auditTailKey, tailSchema);
}

/** Entries that wait for the batch they go in. It lives as long as its committer, which seals it. */
export class AuditPage {
  #tail: AuditTail;
  #lines: string[] = [];
  #instant = { at: Number.NaN, text: '' };

  constructor(tail: AuditTail) {
    this.#tail = tail;
  }

  /** The end of the chain, with what waits. */
  get tail(): AuditTail {
    return this.#tail;
  }

  /** Is there something that is not on its way to the disk? */
  get isWaiting(): boolean {
    return this.#lines.length > 0;
  }

  /** Takes an entry, which goes with the next batch; resolves with its number. `at`: wall milliseconds. */
  add(asked: Asked, at: number): number {
    const n = this.#tail.n + 1;
    // The order of the fields is a part of what is hashed, and for people who read the lines.
    const line = JSON.stringify({
      n,
      at: this.#describe(at),
      who: asked.who,
      surface: asked.surface,
      verb: asked.verb,
      args: asked.args,
      worker: asked.worker,
      about: asked.about,
      result: asked.result,
      of: asked.of,
      prev: this.#tail.hash,
    });
    this.#lines.push(line);
    this.#tail = { n, hash: hashAuditLine(line) };
    return n;
  }

  /** Many come in one millisecond. */
  #describe(at: number): string {
    const known = this.#instant;
    if (known.at === at) return known.text;
    this.#instant = { at, text: new Date(at).toISOString() };
    return this.#instant.text;
  }

  /** The rows of all that was added since the last call, with where the chain ends then. */
  seal(): readonly KvOp[] {
    const lines = this.#lines;
    if (lines.length === 0) return [];
    this.#lines = [];
    const ops: KvOp[] = [];
    const first = this.#tail.n - lines.length + 1;
    for (let from = 0; from < lines.length; from += auditPerRowMax) {
      const some = lines.slice(from, from + auditPerRowMax);
      const key = auditKey(first + from + some.length - 1);
      ops.push({ type: 'put', key, value: new TextEncoder().encode(some.join('\n')) });
    }
    ops.push(planRow(auditTailKey, this.#tail));
    return ops;
  }
}
