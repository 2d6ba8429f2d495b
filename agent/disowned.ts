/*
 * Attempts that an earlier store of the hub gave, while their processes are being ended.
 *
 * When the hub speaks from another store nothing of the old one is held or reported any more, but what runs has its grace.
 * An agent that is killed meanwhile would leave processes that nobody knows: so each has a row of its own, written in
 * the batch that gives it up, which goes once it has ended, and by which the next start ends it. For the guard they
 * are known here as long. Nothing of them is ever told to a hub. Errors: STORE_*.
 */
import type { AttemptId } from '../protocol/model.ts';
import type { Committer } from '../store/committer.ts';
import { disownedKey, prefixRange } from '../store/keys.ts';
import type { Kv, KvOp, KvRow } from '../store/kv.ts';
import { isReadable, planRow, readRow } from '../store/row-codec.ts';
import { type HeldAttempt, processSchema } from './attempts.ts';
import { attemptsKeptMax } from './limits.ts';
import type { ProcessMark } from './work/work.ts';

/** What they are kept with. */
export interface DisownedParts {
  readonly committer: Pick<Committer, 'commit' | 'defer'>;
  /** What processes of an attempt carry. */
  readonly mark: (attempt: AttemptId) => string;
}

/** No life cycle: it lives as long as its store. */
export class Disowned {
  readonly #parts: DisownedParts;
  readonly #held = new Map<AttemptId, HeldAttempt>();

  constructor(parts: DisownedParts) {
    this.#parts = parts;
  }

  /** This one, while anything of it may run. */
  find(attempt: AttemptId): HeldAttempt | undefined {
    return this.#held.get(attempt);
  }

  /** Those of these that may have processes; what comes back goes with the batch that gives them up. */
  take(given: Iterable<HeldAttempt>): readonly KvOp[] {
    const ops: KvOp[] = [];
    for (const held of given) {
      const { attempt, state } = held;
      if (state.is !== 'starting' && state.is !== 'running') continue;
      this.#held.set(attempt, held);
      ops.push(planRow(disownedKey(attempt), this.#describe(held)));
    }
    return ops;
  }

  /** Nothing of it runs any more. Its row may outlive a crash; then nothing is found by it. */
  ended(attempt: AttemptId): void {
    if (!this.#held.delete(attempt)) return;
    this.#parts.committer.defer([{ type: 'del', key: disownedKey(attempt) }]);
  }

  /** Ends what an agent that was killed meanwhile left of them. To be called before anything is started. */
  async reapLeft(kv: Kv, reap: (process: ProcessMark) => Promise<unknown>): Promise<void> {
    const left = await readDisowned(kv);
    for (const { process } of left) await reap(process);
    if (left.length === 0) return;
    await this.#parts.committer.commit(left.map(({ key }) => ({ type: 'del', key })));
  }

  /** Before its pid is written down the mark alone finds its processes. */
  #describe({ attempt, state }: HeldAttempt): ProcessMark {
    if (state.is === 'running') return state.process;
    return { pid: 0, start: '0', mark: this.#parts.mark(attempt) };
  }
}

/** Those of which an agent that is no more may have left something, with their rows. */
export async function readDisowned(
  kv: Kv,
): Promise<readonly { readonly key: string; readonly process: ProcessMark }[]> {
  const range = { ...prefixRange('ax/'), countMax: attemptsKeptMax, order: 'ascending' } as const;
  const rows = await kv.range(range);
  return rows.map((row) => ({ key: row.key, process: readRow(processSchema, row) }));
}

/** Can this row be read back, if it is one of these? */
export function canReadDisowned(row: KvRow): boolean {
  return !row.key.startsWith('ax/') || isReadable(processSchema, row);
}
