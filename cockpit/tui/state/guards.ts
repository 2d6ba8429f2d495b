/*
 * Why something can't be done right now, in words.
 *
 * The footer dims what is refused here and a press says the reason, so that a key never fails in
 * silence. Pure. Only what the screen knows for certain is refused; the hub has the last word.
 */
import type { Command } from '../keys/keymap.ts';
import type { State } from './model.ts';
import { paneModules } from './panes.ts';

/** Commands that ask something of the hub. */
const asking: ReadonlySet<Command> = new Set([
  'dispatch',
  'cancel',
  'retry',
  'approve',
  'reject',
  'answer',
  'terminal',
  'install',
  'open-pager',
  'open-editor',
  'fix',
  'fix-all',
  'diagnose',
]);

/** The reason why `command` would do nothing, or undefined when it would. */
export function explainDisabled(state: State, command: Command): string | undefined {
  if (asking.has(command) && state.link.type === 'gone') return 'the hub is gone; `:up` starts it';
  if (asking.has(command) && state.link.type === 'coming') return 'the hub has not answered yet';
  if (command === 'hubs' && state.hubs.names.length < 2) {
    return 'there is only this hub; `wally --hub` looks into others';
  }
  if (command === 'dispatch') return explainNoWorker(state);
  if (command === 'history-back' && state.trail.back.length === 0) return 'nowhere to go back to';
  if (command === 'history-forth' && state.trail.forth.length === 0) return 'nowhere to go on to';
  const pane = paneModules[state.focus];
  const hasNone = pane.list === undefined && pane.hasLines !== true;
  if (hasNone && listCommands.has(command)) return 'there is no list here';
  return pane.explain?.(state, command);
}

const listCommands: ReadonlySet<Command> = new Set(['filter', 'mark', 'mark-range']);

function explainNoWorker(state: State): string | undefined {
  if (!state.hasTeam) return 'the hub has not answered yet';
  const canWork = state.team.some((worker) => worker.state !== 'revoked');
  return canWork ? undefined : 'no worker is paired yet; `wally invite` pairs one';
}
