/*
 * Following boxes until they are where somebody wants them, each step told once.
 *
 * The boxes go on either way. Errors: WAIT_TIMEOUT, and those of `until`.
 */
import { AppError } from '../../protocol/errors.ts';
import type { SpawnRecord } from '../manager/spawn-state.ts';
import { presentBox } from './present-boxes.ts';
import type { VerbContext } from './verb.ts';

const gone = { is: 'over', as: 'vanished', reason: 'It went before it was followed.' } as const;

/** Which boxes, and until when. */
export interface BoxWait {
  readonly records: readonly SpawnRecord[];
  /** Is it where it is wanted? Throws where it cannot come there any more. */
  readonly until: (record: SpawnRecord) => boolean;
  readonly timeoutMs: number | undefined;
  /** What sets them going, where they do not go already: begun once they are followed. */
  readonly begin?: () => Promise<void>;
}

/** Sends a row whenever a box changes; resolves with what each was last, when all are where they are wanted. */
export async function followBoxes(
  { hub, item, onDrop }: Pick<VerbContext, 'hub' | 'item' | 'onDrop'>,
  { records, until, timeoutMs, begin }: BoxWait,
): Promise<readonly SpawnRecord[]> {
  const waiting = new Set(records.map(({ name }) => name));
  const last = new Map(records.map((record) => [record.name, record]));
  const said = new Map<string, string>();
  const over = Promise.withResolvers<void>();
  // It may come to its end before anybody waits for it, and a rejection that nobody hears ends the hub.
  over.promise.catch(() => undefined);
  const look = (record: SpawnRecord) => {
    if (!waiting.has(record.name)) return;
    last.set(record.name, record);
    const row = presentBox(hub, record);
    const words = `${row.state} ${row.note}`;
    if (said.get(record.name) !== words) void item(row).catch(() => undefined);
    said.set(record.name, words);
    try {
      if (until(record)) waiting.delete(record.name);
    } catch (error) {
      over.reject(error);
    }
    if (waiting.size === 0) over.resolve();
  };
  const late = new AppError(
    'WAIT_TIMEOUT',
    'It was left before it had come to its end; it goes on.',
  );
  onDrop(() => over.reject(late));
  const unfollow = hub.spawned.follow(look);
  const cancel =
    timeoutMs === undefined
      ? undefined
      : hub.ports.timers.after(timeoutMs, () => over.reject(late));
  try {
    await begin?.();
    // What happened before anybody followed: one that is not there any more came to its end then.
    for (const record of records) look(hub.spawned.find(record.name) ?? { ...record, state: gone });
    if (waiting.size > 0) await over.promise;
    return [...last.values()];
  } finally {
    unfollow();
    cancel?.();
  }
}
