/*
 * What each command does to the state. Pure.
 *
 * The keymap says which key asks for a command; nothing here knows keys but the texts that name
 * one. A command that can't be done says why and changes nothing. What belongs to one pane is that
 * pane's (`panes.ts`); here is what is the same everywhere.
 */
import { unreachable } from '../../../protocol/errors.ts';
import type { Command } from '../keys/keymap.ts';
import { type PaneId, paneIds } from '../views/layout.ts';
import { themeNames } from '../views/theme.ts';
import { findOpenCard } from './card.ts';
import { applyLineCommand, openCommandLine } from './command-line.ts';
import { applyFormCommand, holdsUnsent, openForm } from './dispatch-form.ts';
import { ask, still, type Update } from './effects.ts';
import { explainDisabled } from './guards.ts';
import { lookInto } from './hubs.ts';
import { type Move, moveNumber, toggleMark, toggleRange } from './list.ts';
import {
  type Confirm,
  closedDetail,
  type Overlay,
  type Palette,
  type State,
  withList,
} from './model.ts';
import { applyPaletteCommand, findEntries, openPalette } from './palette.ts';
import { moveInPane, paneModules, visibleIds } from './panes.ts';
import { goTo, stepInTrail } from './places.ts';
import { applyPromptCommand, openFilter, setFilter } from './prompt.ts';
import { readingRoom } from './scroll.ts';
import { tell } from './toast.ts';

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

const panesByCommand: Readonly<Partial<Record<Command, PaneId>>> = {
  'pane-team': 'team',
  'pane-jobs': 'jobs',
  'pane-log': 'log',
  'pane-inbox': 'inbox',
  'pane-doctor': 'doctor',
  'pane-events': 'events',
};

/** Does what a key asked for. */
export function applyCommand(state: State, command: Command): Update {
  const { overlay } = state;
  const program = applyProgramCommand(state, command);
  if (program !== undefined) return program;
  if (overlay !== undefined) return applyOverlay(state, overlay, command);
  const how = moves[command];
  if (how !== undefined) return moveInPane(state, how);
  const reason = explainDisabled(state, command);
  if (reason !== undefined) return tell(state, `${keyOf(state, command)}: ${reason}`);
  return paneModules[state.focus].apply?.(state, command) ?? applyView(state, command);
}

/** What does the same wherever one is. */
function applyProgramCommand(state: State, command: Command): Update | undefined {
  if (command === 'leave' && state.overlay?.type === 'form' && holdsUnsent(state.overlay)) {
    return applyFormCommand(state, state.overlay, 'form-close');
  }
  if (command === 'quit' || command === 'leave') return ask(state, { type: 'quit' });
  if (command === 'redraw') return ask(state, { type: 'redraw' });
  if (command === 'suspend') return ask(state, { type: 'suspend' });
  if (command === 'mouse') return toggle(state, 'hasMouse', 'the mouse');
  if (command === 'bell') return toggle(state, 'hasBell', 'the bell');
  if (command === 'theme') return nextTheme(state);
  return undefined;
}

function toggle(state: State, pref: 'hasMouse' | 'hasBell', what: string): Update {
  const isOn = !state.screen[pref];
  const next = { ...state, screen: { ...state.screen, [pref]: isOn } };
  return tell(next, `${what} is ${isOn ? 'on' : 'off'}`);
}

function nextTheme(state: State): Update {
  const index = themeNames.indexOf(state.screen.theme) + 1;
  const theme = themeNames[index % themeNames.length] ?? state.screen.theme;
  return tell({ ...state, screen: { ...state.screen, theme } }, `theme: ${theme}`);
}

function applyOverlay(state: State, overlay: Overlay, command: Command): Update {
  switch (overlay.type) {
    case 'form':
      return applyFormCommand(state, overlay, command);
    case 'prompt':
      return applyPromptCommand(state, overlay, command);
    case 'command':
      return applyLineCommand(state, overlay, command);
    case 'palette':
      return command === 'palette-accept'
        ? acceptEntry(state, overlay)
        : applyPaletteCommand(state, overlay, command);
    case 'confirm':
      return applyConfirm(state, overlay, command);
    case 'help':
    case 'words':
      return applyReading(state, overlay, command);
    default:
      return unreachable(overlay);
  }
}

/** What only scrolls and closes. */
function applyReading(
  state: State,
  overlay: Extract<Overlay, { type: 'help' | 'words' }>,
  command: Command,
): Update {
  if (command === 'help-close') return still({ ...state, overlay: undefined });
  if (command === 'help-whole' && overlay.type === 'help') {
    return still({ ...state, overlay: { ...overlay, isWhole: !overlay.isWhole, top: 0 } });
  }
  if (command === 'copy-answer' && overlay.type === 'words') {
    const text = `${overlay.lines.join('\n')}\n`;
    return ask(state, { type: 'copy', text, what: `${overlay.lines.length} lines` });
  }
  const how = moves[command];
  if (how === undefined) return still(state);
  const bounds = { room: readingRoom(state, overlay), last: Number.MAX_SAFE_INTEGER };
  return still({ ...state, overlay: { ...overlay, top: moveNumber(overlay.top, how, bounds) } });
}

/** Does what is marked in the palette. */
function acceptEntry(state: State, palette: Palette): Update {
  const entry = findEntries(state, palette.field.text, palette.of)[palette.at];
  const closed: State = { ...state, overlay: undefined };
  if (entry === undefined) return still(closed);
  const { does } = entry;
  if (does.type === 'go') return goTo(closed, does.target);
  if (does.type === 'hub') return lookInto(closed, does.at);
  return does.type === 'line'
    ? openCommandLine(closed, does.text)
    : applyCommand(closed, does.command);
}

function applyView(state: State, command: Command): Update {
  const pane = panesByCommand[command];
  if (pane !== undefined) return still(focusPane(state, pane));
  switch (command) {
    case 'dispatch':
      return openForm(state);
    case 'help':
      return still({
        ...state,
        overlay: { type: 'help', top: 0, isWhole: false, of: state.focus, keymap: state.keymap },
      });
    case 'command-line':
      return openCommandLine(state, '');
    case 'palette':
      return openPalette(state);
    case 'hubs':
      return openPalette(state, 'hubs');
    case 'history-back':
      return stepInTrail(state, 'back');
    case 'history-forth':
      return stepInTrail(state, 'forth');
    case 'pane-next':
      return still(focusPane(state, stepPane(state.focus, 1)));
    case 'pane-previous':
      return still(focusPane(state, stepPane(state.focus, -1)));
    case 'zoom':
      return still({ ...state, isZoomed: !state.isZoomed });
    case 'open':
      return still({ ...state, detail: { isOpen: true, top: 0 } });
    case 'back':
      return climbBack(state);
    default:
      return applyListCommand(state, command);
  }
}

/** What is the same in every list: narrowing it and marking in it. */
function applyListCommand(state: State, command: Command): Update {
  const id = paneModules[state.focus].list;
  if (id === undefined) return still(state);
  const list = state.lists[id];
  if (command === 'filter') return openFilter(state, id);
  if (command === 'mark') {
    const marked = withList(state, id, toggleMark(list));
    return moveInPane(marked, { type: 'rows', count: 1 });
  }
  if (command !== 'mark-range') return still(state);
  return still(withList(state, id, toggleRange(list, visibleIds(state, id))));
}

/** Gives the keys to a pane. */
function focusPane(state: State, pane: PaneId): State {
  return { ...state, focus: pane, detail: closedDetail };
}

/**
 * One step up: out of details, then marks, then the filter, then the zoom, then the log. At the top
 * there is nothing to leave.
 */
function climbBack(state: State): Update {
  const { focus, detail } = state;
  if (detail.isOpen) {
    const from = findOpenCard(state)?.from ?? focus;
    return still({ ...state, focus: from, detail: closedDetail });
  }
  const left = paneModules[focus].leave?.(state);
  if (left !== undefined) return left;
  const id = paneModules[focus].list;
  const list = id === undefined ? undefined : state.lists[id];
  if (id !== undefined && list !== undefined) {
    const isMarking = list.marked.length > 0 || list.rangeFrom !== undefined;
    if (isMarking) {
      return still(withList(state, id, { ...list, marked: [], rangeFrom: undefined }));
    }
    if (list.filter !== '') return still(setFilter(state, id, ''));
  }
  if (state.isZoomed) return still({ ...state, isZoomed: false });
  return still(focus === 'jobs' || focus === 'team' ? state : focusPane(state, 'jobs'));
}

function applyConfirm(state: State, overlay: Confirm, command: Command): Update {
  if (command === 'confirm-switch') {
    const answer = overlay.answer === 'no' ? 'yes' : 'no';
    return still({ ...state, overlay: { ...overlay, answer } });
  }
  const isYes =
    command === 'confirm-yes' || (command === 'confirm-accept' && overlay.answer === 'yes');
  const isNo = command === 'confirm-no' || command === 'confirm-accept';
  if (!isYes && !isNo) return still(state);
  const closed: State = { ...state, overlay: undefined };
  if (!isYes) return still(closed);
  const told = overlay.said === undefined ? still(closed) : tell(closed, overlay.said);
  return ask(told.state, ...told.effects, ...overlay.effects);
}

function stepPane(pane: PaneId, step: number): PaneId {
  const index = paneIds.indexOf(pane) + step + paneIds.length;
  return paneIds[index % paneIds.length] ?? 'jobs';
}

function keyOf(state: State, command: Command): string {
  return state.keymap.find((binding) => binding.command === command)?.keys[0] ?? command;
}
