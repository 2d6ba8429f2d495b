/*
 * What each command does to the state. Pure.
 *
 * The keymap says which key asks for a command; nothing here knows keys but the texts that name
 * one. A command that can't be done says why and changes nothing.
 */
import { type Command, keymap } from '../keys/keymap.ts';
import type { PaneId } from '../views/layout.ts';
import { applyFormCommand, openForm } from './dispatch-form.ts';
import { ask, still, type Update } from './effects.ts';
import { explainDisabled } from './guards.ts';
import { findSelectedJob, type State } from './model.ts';
import { type Move, move, scrollSideways } from './selection.ts';
import { tell } from './toast.ts';

const panes: readonly PaneId[] = ['team', 'jobs', 'log'];

const moves: Readonly<Partial<Record<Command, Move>>> = {
  down: { type: 'rows', count: 1 },
  up: { type: 'rows', count: -1 },
  'half-down': { type: 'pages', count: 0.5 },
  'half-up': { type: 'pages', count: -0.5 },
  'page-down': { type: 'pages', count: 1 },
  'page-up': { type: 'pages', count: -1 },
  top: { type: 'start' },
  bottom: { type: 'end' },
};

/** Does what a key asked for. */
export function applyCommand(state: State, command: Command): Update {
  const reason = explainDisabled(state, command);
  if (reason !== undefined) return tell(state, `${keyOf(command)}: ${reason}`);
  const how = moves[command];
  if (how !== undefined) return move(state, how);
  if (state.overlay?.type === 'form' && command.startsWith('form-')) {
    return applyFormCommand(state, state.overlay, command);
  }
  if (state.overlay?.type === 'confirm' && command.startsWith('confirm-')) {
    return applyConfirm(state, command);
  }
  return applyAction(state, command) ?? applyView(state, command);
}

function applyAction(state: State, command: Command): Update | undefined {
  const job = findSelectedJob(state)?.id;
  if (command === 'quit' || command === 'leave') return ask(state, { type: 'quit' });
  if (command === 'redraw') return ask(state, { type: 'redraw' });
  if (command === 'suspend') return ask(state, { type: 'suspend' });
  if (command === 'dispatch') return openForm(state);
  if (job === undefined) return undefined;
  if (command === 'cancel')
    return still({ ...state, overlay: { type: 'confirm', job, answer: 'no' } });
  if (command === 'retry') return ask(state, { type: 'request', request: { verb: 'retry', job } });
  return undefined;
}

function applyView(state: State, command: Command): Update {
  switch (command) {
    case 'help':
      return still({ ...state, overlay: { type: 'help', top: 0 } });
    case 'help-close':
      return still({ ...state, overlay: undefined });
    case 'pane-next':
      return still({ ...state, focus: stepPane(state.focus, 1) });
    case 'pane-previous':
      return still({ ...state, focus: stepPane(state.focus, -1) });
    case 'pane-team':
      return still({ ...state, focus: 'team' });
    case 'pane-jobs':
      return still({ ...state, focus: 'jobs' });
    case 'pane-log':
      return still({ ...state, focus: 'log' });
    case 'left':
    case 'right':
      return scrollSideways(state, command);
    case 'open':
      return openDrill(state);
    case 'back':
      return climbBack(state);
    default:
      return still(state);
  }
}

/** Details of what is selected, in the place of the log. */
function openDrill(state: State): Update {
  const { focus, drill } = state;
  if (focus === 'log' && drill.type !== 'log') return climbBack(state);
  if (focus === 'team' && state.worker !== undefined) {
    const worker = { type: 'worker', name: state.worker, from: focus, top: 0 } as const;
    return still({ ...state, focus: 'log', drill: worker });
  }
  if (state.job === undefined) return still(state);
  const next = { type: 'job', job: state.job, detail: undefined, from: focus, top: 0 } as const;
  return ask(
    { ...state, focus: 'log', drill: next },
    { type: 'request', request: { verb: 'job', job: state.job } },
  );
}

/** One step up: out of details, then out of the log. At the top there is nothing to leave. */
function climbBack(state: State): Update {
  if (state.drill.type !== 'log') {
    return still({ ...state, focus: state.drill.from, drill: { type: 'log' } });
  }
  return still(state.focus === 'log' ? { ...state, focus: 'jobs' } : state);
}

function applyConfirm(state: State, command: Command): Update {
  if (state.overlay?.type !== 'confirm') return still(state);
  const { job, answer } = state.overlay;
  if (command === 'confirm-switch') {
    return still({
      ...state,
      overlay: { ...state.overlay, answer: answer === 'no' ? 'yes' : 'no' },
    });
  }
  const closed: State = { ...state, overlay: undefined };
  const isYes = command === 'confirm-yes' || (command === 'confirm-accept' && answer === 'yes');
  return isYes ? ask(closed, { type: 'request', request: { verb: 'cancel', job } }) : still(closed);
}

function stepPane(pane: PaneId, step: number): PaneId {
  return panes[(panes.indexOf(pane) + step + panes.length) % panes.length] ?? 'jobs';
}

function keyOf(command: Command): string {
  return keymap.find((binding) => binding.command === command)?.keys[0] ?? command;
}
