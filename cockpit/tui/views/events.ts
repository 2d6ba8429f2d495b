/*
 * The events pane: bars of the hours, the events of one stretch, and what the selected one says. Pure.
 *
 * The picked hour has a mark below its bar as well as a colour. Times are those of the M2's own zone.
 */
import type { EventRow, HourRow } from '../../verbs/shapes.ts';
import { findPickedHour, findSelectedEvent, isFollowing } from '../state/events-view.ts';
import { type State, visibleEvents } from '../state/model.ts';
import { knownRows } from './facts.ts';
import { innerWidth, layoutParts, type Rect } from './layout.ts';
import { viewTableRows } from './list.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { clockText, durationText } from './phrases.ts';
import { type Row, span } from './row.ts';
import type { Column } from './table.ts';
import { wrapCells } from './width.ts';

const columns: readonly Column[] = [
  { title: 'time', keep: 0, cellsMax: 8 },
  { title: 'waited', keep: 3, cellsMax: 8 },
  { title: 'what happened', keep: 0, cellsMax: 60 },
  { title: 'job', keep: 2, cellsMax: 40, cellsMin: 16 },
];

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A wait that is shorter is not shown: every step waits a little. */
const waitShownMsMin = 1000;

/** In the details less is told too, but not what nobody could feel. */
const waitToldMsMin = 100;

/** The hours, the events, and the one that is selected. */
export function viewEvents(state: State, rect: Rect): readonly PaneView[] {
  const { head, list, detail } = layoutParts('events', rect, 'list');
  const isFocused = state.focus === 'events' && state.overlay === undefined;
  const views: PaneView[] = [];
  if (head !== undefined) views.push(viewHours(state, head));
  if (list !== undefined) views.push(viewRows(state, list, isFocused));
  if (detail !== undefined) views.push(viewRow(state, detail));
  return views;
}

function viewHours(state: State, rect: Rect): PaneView {
  const room = Math.max(1, innerWidth(rect) - 2);
  const hours = state.events.hours.slice(-room);
  const picked = findPickedHour(state);
  return frame({
    id: 'hours',
    rect,
    title: [span('Events an hour', 'title')],
    note: pickedNote(state, picked),
    rows: [
      [span(' '), ...barRow(hours, picked)],
      [span(' '), ...dayRow(hours, picked, state.zoneMinutes)],
    ],
    isFocused: false,
  });
}

function pickedNote({ events, zoneMinutes }: State, picked: number | undefined): Row {
  if (picked === undefined) return [];
  const count = events.hours.find(({ at }) => Date.parse(at) === picked)?.count;
  const hour = `${dayText(picked, zoneMinutes)} ${timeText(picked, zoneMinutes).slice(0, 5)}`;
  return [span(count === undefined ? hour : `${hour} · ${count} events`, 'accent')];
}

function barRow(hours: readonly HourRow[], picked: number | undefined): Row {
  const most = Math.max(1, ...hours.map(({ count }) => count));
  return hours.map(({ at, count }) => {
    const step = Math.ceil((count / most) * bars.length) - 1;
    const bar = count === 0 ? ' ' : (bars[Math.max(0, step)] ?? ' ');
    return span(bar, Date.parse(at) === picked ? 'selected' : 'accent');
  });
}

/** A date where a day begins, and a mark below the picked hour. */
function dayRow(hours: readonly HourRow[], picked: number | undefined, zoneMinutes: number): Row {
  const cells = Array.from({ length: hours.length }, () => ' ');
  hours.forEach(({ at }, index) => {
    const local = Date.parse(at) + zoneMinutes * 60_000;
    if (Math.floor(local / dayMs) === Math.floor((local - hourMs) / dayMs)) return;
    const label = `╷${dayText(Date.parse(at), zoneMinutes)}`;
    if (index + label.length > cells.length) return;
    for (const [offset, letter] of [...label].entries()) cells[index + offset] = letter;
  });
  const place = hours.findIndex(({ at }) => Date.parse(at) === picked);
  if (place < 0) return [span(cells.join(''), 'dim')];
  const before = cells.slice(0, place).join('');
  const after = cells.slice(place + 1).join('');
  return [span(before, 'dim'), span('^', 'strong'), span(after, 'dim')];
}

function viewRows(state: State, rect: Rect, isFocused: boolean): PaneView {
  const shown = visibleEvents(state);
  const rows = viewTableRows({
    rect,
    list: state.lists.events,
    rows: shown,
    idOf: ({ seq }) => String(seq),
    columns,
    cellsOf: (row) => cellsOf(row, state),
    isFocused,
  });
  return frame({
    id: 'events',
    rect,
    title: [span('6 ', 'dim'), span('Events', 'title'), ...rows.filterNote],
    note: [...placeNote(state), ...(state.lists.events.filter === '' ? [] : rows.note)],
    rows: shown.length === 0 ? [emptyRow(state)] : rows.rows,
    isFocused,
  });
}

function placeNote(state: State): Row {
  const { events } = state;
  if (!events.hasLoaded) return [span('asking… ', 'dim')];
  if (isFollowing(state)) return [span('following', 'good')];
  return [span(events.isAtEnd ? 'G follows' : 'G goes to now', 'dim')];
}

function emptyRow({ events }: State): Row {
  if (!events.hasLoaded) return [span(' Asking the hub…', 'dim')];
  const isNarrowed = events.rows.length > 0;
  return [
    span(isNarrowed ? ' Nothing here matches the filter.' : ' Nothing has happened yet.', 'dim'),
  ];
}

function cellsOf(row: EventRow, { zoneMinutes }: State): readonly Row[] {
  const { waited } = row;
  const wait = waited === null || waited.ms < waitShownMsMin ? '' : durationText(waited.ms);
  return [
    [span(clockText(row.at, zoneMinutes), 'dim')],
    [span(wait, 'warn')],
    [span(row.text, isBad(row) ? 'bad' : 'plain')],
    [span(row.title ?? '', 'dim')],
  ];
}

/** Is it something that went wrong? The sentence says so too. */
function isBad({ kind, note }: EventRow): boolean {
  if (kind === 'attempt-finished' || kind === 'group-finished') {
    return note !== 'succeeded' && note !== 'cancelled';
  }
  return /quarantined|inbox-full|store-lost|given-up/.test(kind);
}

function viewRow(state: State, rect: Rect): PaneView {
  const event = findSelectedEvent(state);
  const width = innerWidth(rect);
  return frame({
    id: 'events-detail',
    rect,
    title: [span(event === undefined ? 'Event' : `Event ${event.seq}`, 'title')],
    note: event === undefined ? [] : [span('enter goes there', 'dim')],
    rows: event === undefined ? [] : eventRows(event, state, width),
    isFocused: false,
  });
}

function eventRows(event: EventRow, { zoneMinutes }: State, width: number): readonly Row[] {
  const inner = Math.max(1, width - 2);
  const { at, text, title, worker, job, waited, kind } = event;
  const millis = at.slice(19, 23);
  const when = `${dayText(Date.parse(at), zoneMinutes)} ${clockText(at, zoneMinutes)}${millis}`;
  const wait =
    waited === null || waited.ms < waitToldMsMin
      ? ''
      : `${waited.on} for ${durationText(waited.ms)}: ${waited.why}`;
  const rows: readonly Row[] = [
    ...wrapCells(text, inner).map((line): Row => [span(line, 'strong')]),
    ...knownRows('when', when, inner),
    ...knownRows('waited on', wait, inner),
    ...knownRows('job', job === null ? '' : `${job} ${title ?? ''}`, inner),
    ...knownRows('worker', worker ?? '', inner),
    ...knownRows('kind', kind, inner),
  ];
  return rows.map((line) => padRow(line, width));
}

function timeText(at: number, zoneMinutes: number): string {
  return clockText(new Date(at).toISOString(), zoneMinutes);
}

/** `11-26`: month and day, as everybody sorts them. */
function dayText(at: number, zoneMinutes: number): string {
  return new Date(at + zoneMinutes * 60_000).toISOString().slice(5, 10);
}
