/*
 * The palette: panes, what can be done here, verbs, workers and jobs, found by a few letters. Pure.
 *
 * It does nothing of its own: an entry is a command of the keymap, a place, or a verb that the `:`
 * line is opened with.
 */
import fuzzysort from 'fuzzysort';
import type { Command, Context } from '../keys/keymap.ts';
import { paletteRowsMax } from '../limits.ts';
import { paneIds } from '../views/layout.ts';
import { paneTitle } from '../views/titles.ts';
import { still, type Update } from './effects.ts';
import { explainDisabled } from './guards.ts';
import type { Palette, State } from './model.ts';
import type { Target } from './places.ts';
import { editText, emptyField, insertText } from './text-field.ts';

/** One thing that can be chosen. */
export interface PaletteEntry {
  readonly kind: 'hub' | 'pane' | 'do' | 'verb' | 'worker' | 'job';
  readonly text: string;
  readonly help: string;
  readonly does:
    | { readonly type: 'command'; readonly command: Command }
    | { readonly type: 'hub'; readonly at: number }
    | { readonly type: 'go'; readonly target: Target }
    | { readonly type: 'line'; readonly text: string };
}

/** Opens it; `of` leaves only the hubs in it, with the next one marked. */
export function openPalette(state: State, of?: 'hubs'): Update {
  const at = of === undefined ? 0 : (state.hubs.at + 1) % state.hubs.names.length;
  const only = of === undefined ? {} : { of };
  return still({ ...state, overlay: { type: 'palette', ...only, field: emptyField, at } });
}

/** What is found, the best first. */
export function findEntries(
  state: State,
  text: string,
  of?: Palette['of'],
): readonly PaletteEntry[] {
  const entries = of === 'hubs' ? listHubs(state) : listEntries(state);
  const query = text.trim();
  if (query === '') return entries.slice(0, paletteRowsMax);
  const found = fuzzysort.go(query, entries, {
    keys: [(entry) => entry.text, (entry) => entry.help],
    limit: paletteRowsMax,
    threshold: 0.2,
  });
  return found.map((result) => result.obj);
}

/** A command of the palette's own keys, but for choosing, which is the keymap's affair. */
export function applyPaletteCommand(state: State, palette: Palette, command: Command): Update {
  if (command === 'palette-close') return still({ ...state, overlay: undefined });
  const count = findEntries(state, palette.field.text, palette.of).length;
  const step = command === 'palette-down' ? 1 : command === 'palette-up' ? -1 : 0;
  if (step !== 0 && count > 0) {
    return still({ ...state, overlay: { ...palette, at: (palette.at + step + count) % count } });
  }
  const field = editText(palette.field, command);
  return field === palette.field
    ? still(state)
    : still({ ...state, overlay: { ...palette, field, at: 0 } });
}

/** Text typed or pasted into the palette. */
export function typeIntoPalette(state: State, palette: Palette, text: string): Update {
  const field = insertText(palette.field, text);
  return still({ ...state, overlay: { ...palette, field, at: 0 } });
}

function listEntries(state: State): readonly PaletteEntry[] {
  return [
    ...paneIds.map(
      (pane, index): PaletteEntry => ({
        kind: 'pane',
        text: paneTitle(pane),
        help: `key ${index + 1}`,
        does: { type: 'go', target: { pane } },
      }),
    ),
    ...listHubs(state),
    ...listDoings(state),
    ...listVerbs(state),
    ...state.team.map(
      (worker): PaletteEntry => ({
        kind: 'worker',
        text: worker.name,
        help: `${worker.state} · ${worker.host}`,
        does: { type: 'go', target: { worker: worker.name } },
      }),
    ),
    ...state.jobs.map(
      (job): PaletteEntry => ({
        kind: 'job',
        text: `${job.id} ${job.title}`,
        help: `${job.outcome ?? job.state} · ${job.worker ?? 'no worker'}`,
        does: { type: 'go', target: { job: job.id, shows: 'row' } },
      }),
    ),
  ];
}

/** Where there is a choice. How they are reached is known while all are looked into. */
function listHubs({ hubs }: State): readonly PaletteEntry[] {
  if (hubs.names.length < 2) return [];
  return hubs.names.map((name, at): PaletteEntry => {
    const news = hubs.news.find((one) => one.name === name);
    const reached = news === undefined ? '' : [news.is, news.reason ?? ''].join(' ').trim();
    return {
      kind: 'hub',
      text: name,
      help: at === hubs.at ? 'this one' : reached,
      does: { type: 'hub', at },
    };
  });
}

/** Verbs that show what a pane shows are there as the pane. */
function listVerbs(state: State): readonly PaletteEntry[] {
  const shown: ReadonlySet<string> = new Set(paneIds);
  return state.verbs
    .filter(({ name }) => !shown.has(name))
    .map(({ name, summary }) => ({
      kind: 'verb',
      text: name,
      help: summary,
      does: { type: 'line', text: `${name} ` },
    }));
}

/** What the keymap has for this place and what can be done now; moving about is no help here. */
function listDoings(state: State): readonly PaletteEntry[] {
  const here: readonly Context[] = ['global', state.focus];
  return state.keymap
    .filter(({ contexts }) => contexts.some((context) => here.includes(context)))
    .filter(({ command }) => !isMoving(command) && explainDisabled(state, command) === undefined)
    .map(({ command, title, keys }) => ({
      kind: 'do',
      text: title,
      help: `key ${keys[0]}`,
      does: { type: 'command', command },
    }));
}

function isMoving(command: Command): boolean {
  return /^(pane-|page-|half-)|^(up|down|top|bottom|left|right|palette|open|back|leave)$/.test(
    command,
  );
}
