/*
 * The events pane: a window of the journal that moves with the selection, and the hours to scrub by. Pure.
 *
 * It holds a few hundred events and asks the hub for those before and after them as the selection comes
 * near; at the end of the journal it follows what comes. A reply to a window that was left meanwhile
 * changes nothing. Everything by numbers: an event's number is its id.
 */
import type { ErrorShape } from '../../../protocol/errors.ts';
import type { EventRow, HourRow } from '../../verbs/shapes.ts';
import type { Command } from '../keys/keymap.ts';
import { eventsHeldMax, eventsNearRows, eventsPerAsk } from '../limits.ts';
import { findOpenCard } from './card.ts';
import { ask, type Effect, requestOf, still, type Update } from './effects.ts';
import {
  type EventsAsk,
  type EventsView,
  findPickedHour,
  findSelectedEvent,
  hourMs,
  hourOf,
  isFollowing,
} from './events-view.ts';
import type { Move } from './list.ts';
import { type State, visibleEvents, withList } from './model.ts';
import { goTo } from './places.ts';
import { warn } from './toast.ts';

/** So far back the hours are counted: a week. */
const hoursSince = '7d';

/**
 * After every event: asks for what the pane is about to show, follows the end while it is looked at, and
 * lets go of the stream where it is not.
 */
export function syncEvents(update: Update): Update {
  const { state, effects } = update;
  const wanted = planAsk(state);
  const asked = wanted === undefined ? still(state) : askFor(state, wanted);
  const streamed = settleStream(asked.state);
  if (streamed.state === state) return update;
  return ask(streamed.state, ...effects, ...asked.effects, ...streamed.effects);
}

function planAsk(state: State): EventsAsk | undefined {
  const { events } = state;
  if (state.focus !== 'events' || state.link.type !== 'live') return undefined;
  if (events.asking !== undefined) return undefined;
  if (!events.hasLoaded) return { part: 'end' };
  const ids = visibleEvents(state);
  const place = ids.findIndex(({ seq }) => String(seq) === state.lists.events.selected);
  if (!events.isAtStart && place < eventsNearRows) return { part: 'older' };
  if (!events.isAtEnd && place >= ids.length - eventsNearRows) return { part: 'newer' };
  return undefined;
}

function askFor(state: State, what: EventsAsk): Update {
  const { events } = state;
  const token = events.nextToken;
  const isFirst = !events.hasLoaded && what.part === 'end';
  const next = { ...state, events: { ...events, asking: token, nextToken: token + 1 } };
  const first = requestOf('events', argsOf(state, what), { for: 'events', what, token });
  return isFirst ? ask(next, first, askForHours) : ask(next, first);
}

const askForHours: Effect = requestOf(
  'events',
  { hours: true, since: hoursSince },
  { for: 'events', what: { part: 'hours' }, token: 0 },
);

function argsOf({ events }: State, what: EventsAsk): Readonly<Record<string, unknown>> {
  const limit = eventsPerAsk;
  switch (what.part) {
    case 'older':
      return { before: events.rows[0]?.seq ?? 0, limit };
    case 'newer':
      return { after: events.rows.at(-1)?.seq ?? 0, limit };
    case 'hour':
      return { since: what.at, limit };
    case 'hours':
      return { hours: true, since: hoursSince };
    case 'end':
      return { limit };
  }
}

function settleStream(state: State): Update {
  const { events, link, focus } = state;
  const isWanted = focus === 'events' && link.type === 'live' && events.isAtEnd && events.hasLoaded;
  if (isWanted === events.isStreaming) return still(state);
  const after = isWanted ? (events.rows.at(-1)?.seq ?? 0) : undefined;
  const next = { ...state, events: { ...events, isStreaming: isWanted } };
  return ask(next, { type: 'follow-events', after });
}

/** The hub gave a part of the journal, or the hours. */
export function applyEvents(
  state: State,
  { what, token }: { readonly what: EventsAsk; readonly token: number },
  answer: readonly EventRow[] | readonly HourRow[],
): Update {
  const { events } = state;
  if (what.part === 'hours') {
    return still({ ...state, events: { ...events, hours: answer as readonly HourRow[] } });
  }
  if (events.asking !== token) return still(state);
  const rows = answer as readonly EventRow[];
  const settled = { ...state, events: { ...events, asking: undefined, hasLoaded: true } };
  return still(placeRows(settled, what, rows));
}

/** The hub did not; the next movement asks again. */
export function applyNoEvents(state: State, token: number, error: ErrorShape): Update {
  if (state.events.asking !== token) return still(state);
  const events = {
    ...state.events,
    asking: undefined,
    hasLoaded: true,
    isAtStart: true,
    isAtEnd: true,
  };
  return warn({ ...state, events }, `events: ${error.code}: ${error.message}`);
}

function placeRows(state: State, what: EventsAsk, rows: readonly EventRow[]): State {
  const { events } = state;
  const isShort = rows.length < eventsPerAsk;
  switch (what.part) {
    case 'older': {
      const kept = [...rows, ...events.rows].slice(0, eventsHeldMax);
      const isCut = kept.at(-1) !== events.rows.at(-1);
      const isAtEnd = events.isAtEnd && !isCut;
      const next = withEvents(state, { rows: kept, isAtStart: isShort, isAtEnd });
      // What is shown stays where it is; only there is more above it.
      const { top, filter } = next.lists.events;
      const by = filter === '' ? rows.length : 0;
      return withList(next, 'events', { ...next.lists.events, top: top + by });
    }
    case 'newer': {
      const kept = [...events.rows, ...rows].slice(-eventsHeldMax);
      const isAtStart = events.isAtStart && kept[0] === events.rows[0];
      return withEvents(state, { rows: kept, isAtStart, isAtEnd: isShort });
    }
    case 'hour': {
      const next = withEvents(state, { rows, isAtStart: false, isAtEnd: isShort });
      return rows.length === 0 ? state : select(next, rows[0]);
    }
    default: {
      const next = withEvents(state, { rows, isAtStart: isShort, isAtEnd: true });
      return select(next, rows.at(-1));
    }
  }
}

function withEvents(state: State, change: Partial<EventsView>): State {
  return { ...state, events: { ...state.events, ...change } };
}

function select(state: State, row: EventRow | undefined): State {
  if (row === undefined) return state;
  const list = { ...state.lists.events, selected: String(row.seq) };
  return withList(state, 'events', list);
}

/** Events came. Whoever looks at the newest goes along; for anybody else they wait below. */
export function applyStreamed(state: State, rows: readonly EventRow[]): Update {
  const { events } = state;
  const last = events.rows.at(-1)?.seq ?? 0;
  const fresh = rows.filter(({ seq }) => seq > last);
  if (!events.isStreaming || fresh.length === 0) return still(state);
  const isAlong = isFollowing(state) || events.rows.length === 0;
  const hours = countIn(events.hours, fresh);
  // So many at once are all that was kept of more: there is a hole before them.
  const all = rows.length < eventsHeldMax ? [...events.rows, ...fresh] : fresh;
  // Somebody reads further up: what they read must not fall out from under them.
  if (!isAlong && (all === fresh || all.length > eventsHeldMax)) {
    return still(withEvents(state, { isAtEnd: false, hours }));
  }
  const kept = all.slice(-eventsHeldMax);
  const isAtStart = events.isAtStart && kept[0] === events.rows[0];
  const next = withEvents(state, { rows: kept, isAtStart, hours });
  return still(isAlong ? select(next, kept.at(-1)) : next);
}

function countIn(hours: readonly HourRow[], rows: readonly EventRow[]): readonly HourRow[] {
  return rows.reduce((counted, { at }) => {
    const last = counted.at(-1);
    const hour = hourOf(at);
    if (last === undefined || hour < Date.parse(last.at)) return counted;
    if (hour === Date.parse(last.at)) {
      return [...counted.slice(0, -1), { ...last, count: last.count + 1 }];
    }
    return [...counted.slice(1), { at: new Date(hour).toISOString(), count: 1 }];
  }, hours);
}

/** Moving beyond what is held: to the end of the journal. Its start is reached page by page. */
export function moveInEvents(state: State, how: Move): Update | undefined {
  if (how.type !== 'end' || state.events.isAtEnd || state.link.type !== 'live') return undefined;
  return askFor(state, { part: 'end' });
}

/** A command of the events' own keys. */
export function applyEventsCommand(state: State, command: Command): Update | undefined {
  switch (command) {
    case 'open':
      return openSubject(state);
    case 'hour-back':
      return scrub(state, -1);
    case 'hour-forth':
      return scrub(state, 1);
    case 'day-back':
      return scrub(state, -24);
    case 'day-forth':
      return scrub(state, 24);
    default:
      return undefined;
  }
}

/** The job, the worker or the question that the event is about; esc comes back. */
function openSubject(state: State): Update {
  const event = findSelectedEvent(state);
  if (event === undefined) return still(state);
  const { job, worker } = event;
  if (job !== null) return comeBackHere(goTo(state, { job, shows: 'details' }));
  if (worker !== null) return comeBackHere(goTo(state, { worker }));
  return goTo(state, { pane: 'inbox' });
}

function comeBackHere({ state, effects }: Update): Update {
  const card = findOpenCard(state);
  if (card === undefined) return { state, effects };
  return { state: { ...state, card: { ...card, from: 'events' } }, effects };
}

/** The next hour in this direction in which anything happened, at least so many hours away. */
function scrub(state: State, by: number): Update {
  const picked = findPickedHour(state);
  if (picked === undefined) return still(state);
  const found = findHour(state.events.hours, picked, by);
  if (found === undefined) return by > 0 ? askFor(state, { part: 'end' }) : still(state);
  const row = visibleEvents(state).find(({ at }) => hourOf(at) === found);
  const [first] = state.events.rows;
  // The first of those held may not be the first of its hour.
  const isWhole = row !== undefined && (row.seq !== first?.seq || state.events.isAtStart);
  if (isWhole) return still(select(state, row));
  return askFor(state, { part: 'hour', at: new Date(found).toISOString() });
}

function findHour(hours: readonly HourRow[], picked: number, by: number): number | undefined {
  const busy = hours.filter(({ count }) => count > 0).map(({ at }) => Date.parse(at));
  const target = picked + by * hourMs;
  if (by > 0) return busy.find((at) => at >= target);
  return busy.findLast((at) => at <= target) ?? busy.find((at) => at < picked);
}

/** Why a command of the events can't be done. */
export function explainEvents(state: State, command: Command): string | undefined {
  const event = findSelectedEvent(state);
  if (command === 'open') {
    if (event === undefined) return 'no event is selected';
    const isOfNobody = event.job === null && event.worker === null && event.note === null;
    return isOfNobody ? 'this event is about neither a job nor a worker' : undefined;
  }
  if (!/^(hour|day)-/.test(command)) return undefined;
  return event === undefined ? 'nothing has happened yet' : undefined;
}
