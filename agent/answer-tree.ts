/*
 * Answering the hub's wish that what an attempt left is removed.
 *
 * Only a checkout of an attempt that has ended, or that nobody here knows any more; whether anything in it
 * is nowhere else is looked at here, at this moment. A failure is an answer too: it is still there.
 */
import { wrapError } from '../protocol/errors.ts';
import type { OwnerFrame } from '../protocol/frames.ts';
import type { Desk } from './desk.ts';
import type { Workshop } from './work/work.ts';

/** What an answer needs. */
export interface TreeAnswerParts {
  readonly desk: Pick<Desk, 'find'>;
  readonly workshop: Pick<Workshop, 'clearTree'>;
  readonly send: (frame: OwnerFrame) => void;
}

/** Removes it, or says what is kept. Never rejects. */
export async function answerTree(
  { id, attempt, discard }: Extract<OwnerFrame, { t: 'tree-ask' }>,
  { desk, workshop, send }: TreeAnswerParts,
): Promise<void> {
  const state = desk.find(attempt)?.state.is ?? 'finished';
  const still = (note: string) => ({ directory: attempt, changes: 0, commits: 0, note });
  if (state !== 'finished') {
    send({ t: 'tree', id, kept: still('the attempt has not ended') });
    return;
  }
  const kept = await workshop
    .clearTree(attempt, discard ? 'discard' : 'careful')
    .catch((error: unknown) => still(wrapError(error, 'JOB_BASE').message.slice(0, 200)));
  send({ t: 'tree', id, ...(kept === undefined ? {} : { kept }) });
}
