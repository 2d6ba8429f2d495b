/*
 * The rows around the panes: header, tabs of the narrow layout, footer. Pure.
 *
 * The header says what needs attention, the footer what can be pressed now; a message takes the
 * footer's place for a while, and a lost hub takes the header's until it is back.
 */

import type { TeamRow } from '../../verbs/shapes.ts';
import { type Binding, type Context, keymap } from '../keys/keymap.ts';
import { explainDisabled } from '../state/guards.ts';
import { modeOf, type State } from '../state/model.ts';
import type { PaneId } from './layout.ts';
import { isHeard } from './phrases.ts';
import { fitRow, measureRow, type Row, type Span, span, spreadRow } from './row.ts';

/** The first row. */
export function viewHeader(state: State, width: number): Row {
  if (state.link.type === 'gone') return viewBanner(state.link, width);
  const name = span(' WALLY  ', 'title');
  const place = span(`${state.hub?.home ?? `version ${state.version}`}  `, 'dim');
  const long = [...workerCount(state), span('  '), ...jobCount(state)];
  const variants: readonly (readonly [Row, Row])[] = [
    [[name, place, ...long], attention(state)],
    [[name, ...long], attention(state)],
    [[name, ...shortCounts(state)], attention(state)],
    [[name, ...shortCounts(state)], shortAttention(state)],
  ];
  const fits = ([left, right]: readonly [Row, Row]) =>
    measureRow(left) + measureRow(right) + 3 <= width;
  const [left, right] = variants.find(fits) ?? [
    [name, ...shortCounts(state)],
    shortAttention(state),
  ];
  return spreadRow(left, [...right, span(' ')], width);
}

/** The row of tabs where only one pane has room. */
export function viewTabs(state: State, width: number): Row {
  const tab = (id: PaneId, text: string): Span =>
    span(` ${text} `, state.focus === id ? 'selected' : 'dim');
  const third = { log: 'Log', job: 'Job', worker: 'Worker' }[state.drill.type];
  const row = [
    tab('team', `1 Team ${state.team.length}`),
    span(' '),
    tab('jobs', `2 Jobs ${state.jobs.length}`),
    span(' '),
    tab('log', `3 ${third}`),
  ];
  return fitRow(row, width);
}

/** The last row: a message, or the keys that do something here. */
export function viewFooter(state: State, width: number): Row {
  if (state.toast !== undefined) {
    const role = state.toast.level === 'bad' ? 'bad' : 'strong';
    const mark = state.toast.level === 'bad' ? ' ✗ ' : ' › ';
    return fitRow([span(mark + state.toast.text, role)], width);
  }
  const mode = modeOf(state);
  const contexts: readonly Context[] = state.overlay === undefined ? ['global', mode] : [mode];
  const hints = keymap
    .filter((binding) => binding.isShownInFooter)
    .filter((binding) => binding.contexts.some((context) => contexts.includes(context)))
    .map((binding) => hintOf(state, binding));
  return fitRow([span(' '), ...chooseHints(hints, width - 1)], width);
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

function viewBanner(link: Extract<State['link'], { type: 'gone' }>, width: number): Row {
  const again = link.tryCount === 0 ? '' : ` (${link.tryCount + 1})`;
  const text = ` HUB GONE · trying again${again} · work goes on, q leaves · ${link.reason}`;
  return [
    span(
      fitRow([span(text)], width)
        .map((part) => part.text)
        .join(''),
      'banner',
    ),
  ];
}

function workerCount(state: State): Row {
  const live = state.team.filter(isHeard).length;
  const known = state.team.filter((worker) => worker.state !== 'revoked').length;
  return [span('workers ', 'dim'), span(`${live}/${known}`)];
}

function jobCount(state: State): Row {
  const open = state.jobs.filter((job) => job.outcome === null && job.kind === 'command');
  const running = open.filter((job) => job.state === 'started').length;
  const waiting = open.length - running;
  return [
    span('jobs ', 'dim'),
    span(`${running} running`, running > 0 ? 'good' : 'plain'),
    span(` ${waiting} waiting`, waiting > 0 ? 'accent' : 'plain'),
  ];
}

function shortCounts(state: State): Row {
  const live = state.team.filter(isHeard).length;
  const open = state.jobs.filter((job) => job.outcome === null && job.kind === 'command');
  const running = open.filter((job) => job.state === 'started').length;
  return [span(`${live} up  ${running} run  ${open.length - running} wait`)];
}

function shortAttention(state: State): Row {
  const silent = state.team.filter(isSilent).length;
  return [
    ...(silent > 0 ? [span(`△ ${silent} `, 'warn')] : []),
    ...(state.unseen.length > 0 ? [span(`✗ ${state.unseen.length} `, 'bad')] : []),
  ];
}

/** What somebody should look at: silent workers, jobs that ended badly and were not opened since. */
function attention(state: State): Row {
  const silent = state.team.filter(isSilent);
  const parts: Span[] = [];
  if (silent.length > 0)
    parts.push(span(`△ ${namesText(silent.map(({ name }) => name))} silent`, 'warn'));
  if (state.unseen.length > 0) {
    if (parts.length > 0) parts.push(span('  '));
    parts.push(span(`✗ ${namesText(state.unseen)} ended badly`, 'bad'));
  }
  return parts.length === 0 ? [span('✓ all calm', 'dim')] : parts;
}

function isSilent(worker: TeamRow): boolean {
  return worker.state === 'stale' || worker.state === 'lost';
}

function namesText(names: readonly string[]): string {
  const [first = '', second] = names;
  if (second === undefined) return first;
  return names.length === 2 ? `${first}, ${second}` : `${first} and ${names.length - 1} more`;
}
