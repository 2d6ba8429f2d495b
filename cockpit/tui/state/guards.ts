/*
 * Why something can't be done right now, in words.
 *
 * The footer dims what is refused here and a press says the reason, so that a key never fails in
 * silence. Pure. Only what the screen knows for certain is refused; the hub has the last word.
 */
import type { Command } from '../keys/keymap.ts';
import { findSelectedJob, findSelectedWorker, type State } from './model.ts';

/** The reason why `command` would do nothing, or undefined when it would. */
export function explainDisabled(state: State, command: Command): string | undefined {
  if (command === 'dispatch') return explainGone(state) ?? explainNoWorker(state);
  if (command === 'cancel') return explainGone(state) ?? explainCancel(state);
  if (command === 'retry') return explainGone(state) ?? explainRetry(state);
  if (command === 'open') return explainOpen(state);
  return undefined;
}

function explainGone(state: State): string | undefined {
  return state.link.type === 'live' ? undefined : 'the hub is gone';
}

function explainNoWorker(state: State): string | undefined {
  if (!state.hasTeam) return 'the hub has not answered yet';
  const canWork = state.team.some((worker) => worker.state !== 'revoked');
  return canWork ? undefined : 'no worker is paired yet; `wally invite` pairs one';
}

function explainNoJob(state: State): string | undefined {
  const isElsewhere =
    state.focus === 'team' || (state.focus === 'log' && state.drill.type === 'worker');
  if (isElsewhere) return 'choose a job first; 2 goes to the jobs';
  return findSelectedJob(state) === undefined ? 'no job is selected' : undefined;
}

function explainCancel(state: State): string | undefined {
  const reason = explainNoJob(state);
  if (reason !== undefined) return reason;
  const job = findSelectedJob(state);
  return job?.outcome == null ? undefined : `${job.id} has already ended`;
}

function explainRetry(state: State): string | undefined {
  const reason = explainNoJob(state);
  if (reason !== undefined) return reason;
  const job = findSelectedJob(state);
  return job?.outcome == null ? `${job?.id} has not ended yet` : undefined;
}

function explainOpen(state: State): string | undefined {
  if (state.focus === 'log' && state.drill.type !== 'log') return undefined;
  if (state.focus !== 'team') {
    return findSelectedJob(state) === undefined ? 'no job is selected' : undefined;
  }
  return findSelectedWorker(state) === undefined ? 'no worker is selected' : undefined;
}
