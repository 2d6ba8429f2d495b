/*
 * The rows around the panes: header, tabs of the narrow layout, footer. Pure.
 *
 * The header says what needs attention, the footer what can be pressed now; a message takes the
 * footer's place for a while, and a lost hub takes the header's until it is back.
 */

import { type Binding, type Context, listRenamed } from '../keys/keymap.ts';
import { explainDisabled } from '../state/guards.ts';
import { hubName } from '../state/hubs.ts';
import { modeOf, type Prompt, type State } from '../state/model.ts';
import { waitingTexts } from '../state/waiting.ts';
import { countFindings } from './doctor.ts';
import { fieldRow } from './field.ts';
import { type PaneId, paneIds } from './layout.ts';
import { fitRow, measureRow, type Role, type Row, type Span, span, spreadRow } from './row.ts';
import { tallyJobs, tallyTeam } from './tally.ts';
import { paneTitle } from './titles.ts';
import { isLongError } from './toast.ts';
import { measureCells, sliceCells } from './width.ts';

/** The first row. */
export function viewHeader(state: State, width: number): Row {
  if (state.link.type === 'gone') return viewBanner(state, state.link, width);
  const name: Row = [span(' WALLY  ', 'title'), ...hubPart(state)];
  const place = span(`${state.hub?.home ?? `version ${state.version}`}  `, 'dim');
  const long = [...workerCount(state), span('  '), ...jobCount(state)];
  const variants: readonly (readonly [Row, Row])[] = [
    [[...name, place, ...long], attention(state)],
    [[...name, ...long], attention(state)],
    [[...name, ...shortCounts(state)], attention(state)],
    [[...name, ...shortCounts(state)], shortAttention(state)],
  ];
  const fits = ([left, right]: readonly [Row, Row]) =>
    measureRow(left) + measureRow(right) + 3 <= width;
  const [left, right] = variants.find(fits) ?? [
    [...name, ...shortCounts(state)],
    shortAttention(state),
  ];
  return spreadRow(left, [...right, span(' ')], width);
}

/** Which hub this is, where there is more to look into than the home's own. */
function hubPart(state: State): Row {
  const name = hubName(state);
  if (name === undefined) return [];
  if (state.link.type === 'coming')
    return [span(`${name} `, 'accent'), span('connecting  ', 'dim')];
  return [span(`${name}  `, 'accent')];
}

/** The row of tabs: every pane by its number, and what waits in it. */
export function viewTabs(state: State, width: number): Row {
  return fitRow(tabSpans(state, width), width);
}

/** One span for each pane, in order. */
function tabSpans(state: State, width: number): Row {
  const words = paneIds.map((id, index) => ({ id, key: index + 1, ...tabWords(state, id) }));
  const long = words.map(({ id, key, title, count }) =>
    span(` ${key} ${title}${count === '' ? '' : ` ${count}`} `, tabRole(state, id)),
  );
  const short = words.map(({ id, key, title }) =>
    span(` ${key}${id === state.focus ? ` ${title}` : ''} `, tabRole(state, id)),
  );
  return measureRow(long) <= width ? long : short;
}

/** The pane whose tab is at this column. */
export function findTab(state: State, width: number, column: number): PaneId | undefined {
  const tabs = tabSpans(state, width);
  let end = 0;
  const index = tabs.findIndex((tab) => {
    end += measureCells(tab.text);
    return column < end;
  });
  return paneIds[index];
}

function tabRole(state: State, id: PaneId): Role {
  if (state.focus === id) return 'selected';
  return id === 'inbox' && state.inbox.length > 0 ? 'warn' : 'dim';
}

function tabWords(state: State, id: PaneId): { readonly title: string; readonly count: string } {
  switch (id) {
    case 'team':
      return { title: paneTitle(id), count: String(state.team.length) };
    case 'jobs':
      return { title: paneTitle(id), count: String(state.jobs.length) };
    case 'log':
      return { title: paneTitle(id), count: '' };
    case 'inbox':
      return {
        title: paneTitle(id),
        count: state.inbox.length === 0 ? '' : String(state.inbox.length),
      };
    case 'doctor': {
      const count = countFindings(state);
      return { title: paneTitle(id), count: count === 0 ? '' : String(count) };
    }
    case 'events':
      return { title: paneTitle(id), count: '' };
  }
}

/** The last row: a message, or the keys that do something here. */
export function viewFooter(state: State, width: number): Row {
  if (state.overlay?.type === 'prompt') return viewPrompt(state.overlay, width);
  if (state.overlay?.type === 'command') {
    return fitRow([span(' :', 'accent'), ...fieldRow(state.overlay.field, width - 2)], width);
  }
  const isBoxed = state.overlay === undefined && isLongError(state, width);
  if (state.toast !== undefined && !isBoxed) {
    const role = state.toast.level === 'bad' ? 'bad' : 'strong';
    const mark = state.toast.level === 'bad' ? ' ✗ ' : ' › ';
    const waiting = state.toasts.length;
    const more: Row = waiting === 0 ? [] : [span(`${waiting} more `, 'dim')];
    return spreadRow([span(mark + state.toast.text, role)], more, width);
  }
  const mode = modeOf(state);
  const renamed = new Map(
    listRenamed(mode, state.keymap).map((binding) => [binding.command, binding]),
  );
  const contexts: readonly Context[] = state.overlay === undefined ? ['global', mode] : [mode];
  const hints = state.keymap
    .filter((binding) => binding.isShownInFooter)
    .filter((binding) => binding.contexts.some((context) => contexts.includes(context)))
    .map((binding) => hintOf(state, renamed.get(binding.command) ?? binding));
  const waiting = waitingRow(state, width);
  const room = width - 1 - measureRow(waiting);
  return spreadRow([span(' '), ...chooseHints(hints, room)], waiting, width);
}

/** What the hub takes long to answer, and for how long by now. */
function waitingRow(state: State, width: number): Row {
  const [first, ...others] = waitingTexts(state, state.nowMs);
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const text = sliceCells(` … ${first}${more} `, 0, Math.floor(width / 2)).text;
  return [span(text, 'accent')];
}

/** The line that is being typed, in place of the hints. */
function viewPrompt({ use, field }: Prompt, width: number): Row {
  const label = promptLabel(use);
  const room = Math.max(2, width - measureCells(label));
  return fitRow([span(label, 'accent'), ...fieldRow(field, room)], width);
}

function promptLabel(use: Prompt['use']): string {
  switch (use.for) {
    case 'filter':
    case 'search':
      return ' /';
    case 'log-at':
      return ' go to (14:03, 10m): ';
    case 'log-save':
      return ' save as: ';
    case 'decide':
      return ` answer ${use.decision}: `;
  }
}

/** As many hints as fit, shortened first; the last two of a place (help, the way out) stay. */
function chooseHints(hints: readonly Hint[], width: number): Row {
  const long = joinRows(
    hints.map((hint) => hint.long),
    '   ',
  );
  if (measureRow(long) <= width) return long;
  const short = hints.map((hint) => hint.short);
  for (let count = short.length - 2; count > 0; count -= 1) {
    const row = joinRows([...short.slice(0, count), ...short.slice(-2)], '  ');
    if (measureRow(row) <= width) return row;
  }
  return joinRows(short.slice(-2), '  ');
}

interface Hint {
  readonly long: Row;
  readonly short: Row;
}

/** A key and what it does; the short form ends where the title has a comma. */
function hintOf(state: State, binding: Binding): Hint {
  const isDisabled = explainDisabled(state, binding.command) !== undefined;
  const key = span(binding.keys[0] ?? '', isDisabled ? 'dim' : 'accent');
  const role = isDisabled ? 'dim' : 'plain';
  const [short = ''] = binding.title.split(',');
  return { long: [key, span(` ${binding.title}`, role)], short: [key, span(` ${short}`, role)] };
}

function joinRows(rows: readonly Row[], gap: string): Row {
  return rows.flatMap((row, index) => (index === 0 ? row : [span(gap), ...row]));
}

function viewBanner(
  { hubs }: State,
  link: Extract<State['link'], { type: 'gone' }>,
  width: number,
): Row {
  const again = link.tryCount === 0 ? '' : ` (${link.tryCount + 1})`;
  // One that was named is started where it is.
  const start = hubs.names.length > 0 ? '' : ' · :up starts it';
  const text = ` HUB GONE · trying again${again}${start} · work goes on, q leaves · ${link.reason}`;
  return [
    span(
      fitRow([span(text)], width)
        .map((part) => part.text)
        .join(''),
      'banner',
    ),
  ];
}

/** What is not known yet is not shown as none. */
const unknown = span('…', 'dim');

function workerCount(state: State): Row {
  if (!state.hasTeam) return [span('workers ', 'dim'), unknown];
  const { live, known } = tallyTeam(state.team);
  return [span('workers ', 'dim'), span(`${live}/${known}`)];
}

function jobCount(state: State): Row {
  if (!state.hasJobs) return [span('jobs ', 'dim'), unknown];
  const { running, waiting } = tallyJobs(state.jobs);
  return [
    span('jobs ', 'dim'),
    span(`${running} running`, running > 0 ? 'good' : 'plain'),
    span(` ${waiting} waiting`, waiting > 0 ? 'accent' : 'plain'),
  ];
}

function shortCounts(state: State): Row {
  if (!state.hasTeam || !state.hasJobs) return [unknown];
  const { live } = tallyTeam(state.team);
  const { running, waiting } = tallyJobs(state.jobs);
  return [span(`${live} up  ${running} run  ${waiting} wait`)];
}

function shortAttention(state: State): Row {
  const silent = tallyTeam(state.team).silent.length;
  const gone = goneHubs(state).length;
  return [
    ...(gone > 0 ? [span(`△ ${gone} hub `, 'warn')] : []),
    ...(state.inbox.length > 0 ? [span(`! ${state.inbox.length} `, 'warn')] : []),
    ...(silent > 0 ? [span(`△ ${silent} `, 'warn')] : []),
    ...(state.unseen.length > 0 ? [span(`✗ ${state.unseen.length} `, 'bad')] : []),
  ];
}

/** What somebody should look at: silent workers, jobs that ended badly and were not opened since. */
function attention(state: State): Row {
  const { silent } = tallyTeam(state.team);
  const needs = state.inbox.length;
  const gone = goneHubs(state);
  const parts: Span[] = [];
  if (gone.length > 0) parts.push(span(`△ hub ${namesText(gone, (name) => name)} gone`, 'warn'));
  const late = state.hubs.news.filter(({ is }) => is === 'coming').map(({ name }) => name);
  if (late.length > 0) parts.push(span(`… hub ${namesText(late, (name) => name)}`, 'dim'));
  if (needs > 0) parts.push(span(`! ${needs} ${needs === 1 ? 'needs' : 'need'} you`, 'warn'));
  if (silent.length > 0)
    parts.push(span(`△ ${namesText(silent, ({ name }) => name)} silent`, 'warn'));
  if (state.unseen.length > 0)
    parts.push(span(`✗ ${namesText(state.unseen, (id) => id)} ended badly`, 'bad'));
  const isKnown = state.hasTeam && state.hasJobs && state.hasInbox;
  if (parts.length === 0) return [isKnown ? span('✓ nothing needs you', 'dim') : unknown];
  return parts.flatMap((part, index) => (index === 0 ? [part] : [span('  '), part]));
}

/** Hubs that should be seen in the view of all, and can't be reached. */
function goneHubs({ hubs }: State): readonly string[] {
  return hubs.news.filter(({ is }) => is === 'gone').map(({ name }) => name);
}

/** Two by name, or one and how many more: never all of five thousand. */
function namesText<T>(rows: readonly T[], nameOf: (row: T) => string): string {
  const [first = '', second] = rows.slice(0, 2).map(nameOf);
  if (second === undefined) return first;
  return rows.length === 2 ? `${first}, ${second}` : `${first} and ${rows.length - 1} more`;
}
