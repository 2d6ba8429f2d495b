/*
 * The team pane's keys: what a row opens, and folding staff or odallies away. Pure.
 *
 * Every row acts: the M2's is the way to what waits for them, Wally's opens the hub, a heading folds.
 * Cancelling is about all that the selected worker holds, and asks first.
 */
import { isLinked } from '../../manager/ladder.ts';
import type { JobRow } from '../../verbs/shapes.ts';
import type { Command } from '../keys/keymap.ts';
import { findOpenCard, openCard, openWorker } from './card.ts';
import { openCommandLine } from './command-line.ts';
import { still, type Update } from './effects.ts';
import { fold, unfold } from './fold.ts';
import { askToCancel, openTerminal } from './jobs-pane.ts';
import { closedDetail, type State } from './model.ts';
import { findTeamItem, type TeamItem } from './organisation.ts';
import { teamForm } from './scroll.ts';

/** A command of the team's own keys. */
export function applyTeamCommand(state: State, command: Command): Update | undefined {
  // The rest of the line is whose box it is; its steps come where the line was.
  if (command === 'install') return openCommandLine(state, 'install ');
  const item = findTeamItem(state, teamForm(state));
  if (item === undefined) return undefined;
  if (command === 'open') return openItem(state, item);
  if (command === 'terminal' && item.type === 'worker') {
    return openTerminal(state, item.worker.name);
  }
  if (command === 'cancel' && item.type === 'worker') {
    return askToCancel(state, openJobsOf(state, item));
  }
  if (item.type !== 'heading') return undefined;
  if (command === 'fold') return still(fold(state, item.id));
  if (command === 'unfold') return still(unfold(state, item.id));
  return undefined;
}

function openItem(state: State, item: TeamItem): Update {
  // Enter in details that are open has nothing further to open.
  if (findOpenCard(state) !== undefined) return still(state);
  switch (item.type) {
    case 'm2':
      return still({ ...state, focus: 'inbox', detail: closedDetail });
    case 'hub':
      return openCard(state, 'team', { type: 'hub' });
    case 'heading':
      return still(item.isFolded ? unfold(state, item.id) : fold(state, item.id));
    case 'worker':
      return openWorker(state, item.worker.name);
  }
}

/** Why a command can't be done in the team. */
export function explainTeam(state: State, command: Command): string | undefined {
  const item = findTeamItem(state, teamForm(state));
  if (command === 'open') return item === undefined ? 'no worker is selected' : undefined;
  if (command === 'terminal') return explainTerminal(item);
  if (command === 'cancel') return explainCancel(state, item);
  if (command === 'mark') return item?.type === 'worker' ? undefined : 'only workers are marked';
  if (command !== 'fold' && command !== 'unfold') return undefined;
  return item?.type === 'heading' ? undefined : 'only staff and odallies fold, on their heading';
}

/** The jobs that a worker holds, as far as the screen knows them. */
function openJobsOf(
  state: State,
  { worker }: Extract<TeamItem, { type: 'worker' }>,
): readonly JobRow[] {
  const held = new Set(worker.jobs);
  return state.jobs.filter((job) => held.has(job.id) && job.outcome === null);
}

function explainCancel(state: State, item: TeamItem | undefined): string | undefined {
  if (item?.type !== 'worker') return 'no worker is selected';
  return openJobsOf(state, item).length > 0 ? undefined : `${item.worker.name} holds no job`;
}

function explainTerminal(item: TeamItem | undefined): string | undefined {
  if (item?.type !== 'worker') return 'no worker is selected';
  return isLinked(item.worker.link) ? undefined : `${item.worker.name} has no link now`;
}
