/*
 * The team pane's keys: the details of a worker. Pure.
 *
 * Verbs on jobs are refused here with the way to where they work.
 */
import type { Command } from '../keys/keymap.ts';
import { still, type Update } from './effects.ts';
import { chooseFirst, openTerminal } from './jobs-pane.ts';
import { findSelectedWorker, type State } from './model.ts';

/** A command of the team's own keys. */
export function applyTeamCommand(state: State, command: Command): Update | undefined {
  const name = findSelectedWorker(state)?.name;
  if (command === 'terminal') return openTerminal(state, name);
  if (command !== 'open') return undefined;
  if (name === undefined) return still(state);
  const drill = { type: 'worker', name, from: state.focus, top: 0 } as const;
  return still({ ...state, focus: 'log', drill });
}

/** Why a command can't be done in the team. */
export function explainTeam(state: State, command: Command): string | undefined {
  if (command === 'cancel' || command === 'retry') return chooseFirst;
  if (command !== 'open' && command !== 'terminal') return undefined;
  const worker = findSelectedWorker(state);
  if (worker === undefined) return 'no worker is selected';
  return command === 'terminal' && worker.link === 'none'
    ? `${worker.name} has no link now`
    : undefined;
}
