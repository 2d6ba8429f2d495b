/*
 * The events by keys: windows that follow the selection, hours to scrub by, and the way to the subject.
 */
import { describe, expect, test } from 'vitest';
import { eventsHeldMax, eventsPerAsk } from '../../../../cockpit/tui/limits.ts';
import type { CockpitEvent } from '../../../../cockpit/tui/state/effects.ts';
import type { EventsAsk } from '../../../../cockpit/tui/state/events-view.ts';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import type { EventRow, HourRow } from '../../../../cockpit/verbs/shapes.ts';
import { draw } from '../drawing.ts';
import { at, endedJob, event, fakeStartMs, worker } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';

const hour = 3600;

function opened(columns = 120, rows = 24) {
  return type(open([columns, rows], { team: [worker('alice')], jobs: [endedJob('J7')] }), '6');
}

/** The answer to the question that is open. */
function answered(state: State, what: EventsAsk, value: readonly unknown[]): State {
  const token = what.part === 'hours' ? 0 : (state.events.asking ?? -1);
  const purpose = { for: 'events', what, token } as const;
  const request = { verb: 'events', args: {}, purpose };
  return play(state, [{ type: 'reply', request, value }]).state;
}

const streamed = (...rows: readonly EventRow[]): CockpitEvent => ({ type: 'events', rows });

/** So many events a minute apart, the last of them numbered `last`. */
function run(last: number, count = eventsPerAsk): readonly EventRow[] {
  return Array.from({ length: count }, (_, index) => {
    const seq = last - count + 1 + index;
    return event(seq, seq * 60);
  });
}

const hours: readonly HourRow[] = Array.from({ length: 48 }, (_, index) => ({
  at: new Date(fakeStartMs + (index - 40) * hour * 1000).toISOString(),
  count: index % 7 === 3 ? 0 : index * 3,
}));

/** Three events of different hours, at the end and the start of the journal, with hours. */
function small(columns = 120, rows = 24): State {
  const loaded = answered(opened(columns, rows).state, { part: 'end' }, [
    event(3, -2 * hour, { text: 'J3 was dispatched to alice', kind: 'job-dispatched' }),
    event(5, 20, { waited: { on: 'alice', why: 'a free place on alice', ms: 93_000 } }),
    event(7, hour + 5, {
      kind: 'attempt-finished',
      text: 'J7.1 on alice ended: failed',
      note: 'failed',
      title: 'make "日本語 🚀"',
    }),
    event(8, hour + 9, {
      kind: 'worker-paired',
      text: 'bob was paired',
      job: null,
      title: null,
      worker: 'bob',
    }),
  ]);
  return answered(loaded, { part: 'hours' }, hours);
}

const asks = (effects: ReturnType<typeof play>['effects']) =>
  effects.flatMap((effect) =>
    effect.type === 'request' && effect.request.verb === 'events' ? [effect.request.args] : [],
  );
const selected = (state: State) => state.lists.events.selected;
const shown = (state: State) => draw(viewScreen(state));

describe('events pane', () => {
  test('events: opened, it asks for the end and the hours, then follows what comes', () => {
    const { state, effects } = opened();
    expect(asks(effects)).toEqual([{ limit: eventsPerAsk }, { hours: true, since: '7d' }]);
    expect(asks(type(state, 'jk').effects)).toEqual([]);
    const purpose = { for: 'events', what: { part: 'end' }, token: 1 } as const;
    const request = { verb: 'events', args: {}, purpose };
    const loaded = play(state, [{ type: 'reply', request, value: run(500) }]);
    expect(loaded.effects).toContainEqual({ type: 'follow-events', after: 500 });
    expect(selected(loaded.state)).toBe('500');
  });

  test('events: whoever is at the newest goes along, whoever reads stays where they are', () => {
    const along = play(small(), [streamed(event(9, hour + 20))]).state;
    expect(selected(along)).toBe('9');
    expect(shown(along)).toContain('following');
    const reading = play(type(small(), 'k').state, [streamed(event(9, hour + 20))]).state;
    expect(selected(reading)).toBe('7');
    expect(reading.events.rows.at(-1)?.seq).toBe(9);
    expect(selected(type(reading, 'G').state)).toBe('9');
  });

  test('events: what comes is counted into its hour', () => {
    const now = small();
    const late = play(now, [streamed(event(9, 7 * hour + 20), event(10, 8 * hour))]).state;
    expect(late.events.hours.at(-1)).toEqual({ at: at(8 * hour), count: 1 });
    expect(late.events.hours).toHaveLength(hours.length);
  });

  test('events: another pane has no stream; back again, it goes on where it was', () => {
    const left = type(small(), '2');
    expect(left.effects).toContainEqual({ type: 'follow-events', after: undefined });
    const back = type(left.state, '6');
    expect(back.effects).toContainEqual({ type: 'follow-events', after: 8 });
    expect(asks(back.effects)).toEqual([]);
  });

  test('events: near the oldest it holds it asks for older ones, and shows them above', () => {
    const state = answered(opened().state, { part: 'end' }, run(5000));
    expect(asks(type(state, 'k').effects)).toEqual([]);
    const up = type(state, 'g');
    expect(asks(up.effects)).toEqual([{ before: 4701, limit: eventsPerAsk }]);
    const more = answered(up.state, { part: 'older' }, run(4700));
    expect(selected(more)).toBe('4701');
    expect(more.events.rows).toHaveLength(2 * eventsPerAsk);
    expect(selected(type(more, 'k').state)).toBe('4700');
  });

  test('events: it holds so many and no more, and G comes back to now', () => {
    let state = answered(opened().state, { part: 'end' }, run(5000));
    for (let last = 4700; last > 3000; last -= eventsPerAsk) {
      state = answered(type(state, 'g').state, { part: 'older' }, run(last));
    }
    expect(state.events.rows).toHaveLength(eventsHeldMax);
    expect(state.events).toMatchObject({ isAtEnd: false, isStreaming: false });
    const down = type(state, 'G');
    expect(asks(down.effects)).toEqual([{ limit: eventsPerAsk }]);
    expect(selected(answered(down.state, { part: 'end' }, run(5010)))).toBe('5010');
  });

  test('events: further down than it holds it asks for newer ones', () => {
    const there = answered(type(small(), '{').state, { part: 'hour', at: at(0) }, run(900));
    const settled = answered(there, { part: 'older' }, []);
    const down = type(settled, 'G'.replace('G', 'j'.repeat(eventsPerAsk - 30)));
    expect(asks(down.effects)).toEqual([{ after: 900, limit: eventsPerAsk }]);
    const more = answered(down.state, { part: 'newer' }, run(910, 10));
    expect(more.events.isAtEnd).toBe(true);
    expect(more.events.rows.at(-1)?.seq).toBe(910);
  });

  test('events: a reply to a window that was left meanwhile changes nothing', () => {
    const state = opened().state;
    const purpose = { for: 'events', what: { part: 'end' }, token: 99 } as const;
    const request = { verb: 'events', args: {}, purpose };
    const late = play(state, [{ type: 'reply', request, value: run(10, 10) }]).state;
    expect(late.events.rows).toEqual([]);
  });

  test('events: left and right go by the hours in which something happened', () => {
    const back = type(small(), 'h').state;
    expect(selected(back)).toBe('5');
    const further = type(back, 'h');
    expect(selected(further.state)).toBe('5');
    expect(asks(further.effects)).toEqual([{ since: at(-hour), limit: eventsPerAsk }]);
    const there = answered(further.state, { part: 'hour', at: at(-hour) }, [event(4, -hour + 60)]);
    expect(selected(there)).toBe('4');
    const forth = type(small(), 'hl').state;
    expect(selected(forth)).toBe('7');
  });

  test('events: braces go by days, and beyond the last hour to now', () => {
    expect(asks(type(small(), '{').effects)).toEqual([
      { since: at(-24 * hour), limit: eventsPerAsk },
    ]);
    expect(asks(type(small(), '}').effects)).toEqual([{ limit: eventsPerAsk }]);
  });

  test('events: enter goes to the job or the worker, esc comes back', () => {
    const job = type(small(), 'k\r');
    expect(job.state.card).toMatchObject({ type: 'job', job: 'J7' });
    expect(type(job.state, '', 'esc').state.focus).toBe('events');
    const paired = type(small(), '\r').state;
    expect(paired.card).toMatchObject({ type: 'worker', name: 'bob' });
    expect(type(paired, '', 'esc').state.focus).toBe('events');
    const about = { job: null, worker: null, title: null, attempt: null };
    const asked = play(small(), [streamed(event(9, hour + 30, { ...about, note: 'D3' }))]).state;
    expect(type(asked, '\r').state.focus).toBe('inbox');
    const nothing = play(small(), [streamed(event(9, hour + 30, about))]).state;
    expect(type(nothing, '\r').state.toast?.text).toContain('neither a job nor a worker');
  });

  test('events: / narrows what is held', () => {
    const narrowed = type(small(), '/paired\r').state;
    expect(shown(narrowed)).toContain('1 of 1');
    expect(shown(type(small(), '/nonsense\r').state)).toContain('Nothing here matches');
  });

  test('events: a hub that refuses is told of, and the pane stays', () => {
    const { state } = opened();
    const purpose = { for: 'events', what: { part: 'end' }, token: 1 } as const;
    const request = { verb: 'events', args: {}, purpose };
    const error = { code: 'STORE_REOPENING', message: 'The store is opened again.', hint: '' };
    const refused = play(state, [{ type: 'refused', request, error }]);
    expect(refused.state.toast?.text).toContain('STORE_REOPENING');
    expect(asks(refused.effects)).toEqual([]);
  });
});

describe('events pane: drawings', () => {
  test('events: drawn at 200x60', () => {
    expect(shown(type(small(200, 60), 'kk').state)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 1/1  jobs 0 running 0 waiting                                                                                                                                              …
       1 Team 1  2 Jobs 1  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ Events an hour ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── 11-23 12:00 · 120 events ─╮
      │  ▁▁ ▁▁▂▂▂▂ ▂▃▃▃▃▃ ▄▄▄▄▄▄ ▅▅▅▅▅▆ ▆▆▆▆▇▇ ▇▇▇███ ██                                                                                                                                                    │
      │     ╷11-22                  ╷11-23      ^                                                                                                                                                           │
      ╰─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯
      ╭─ 6 Events ────────────────────────────────────────────────────────────────────────────────────────────── G follows ─╮╭─ Event 5 ───────────────────────────────────────────────── enter goes there ─╮
      │  time      waited  what happened                job                                                                 ││ alice began J5.1                                                             │
      │  10:00:00          J3 was dispatched to alice   npm test                                                            ││ when      11-23 12:00:20.000                                                 │
      │▸ 12:00:20  1m 33s  alice began J5.1             npm test                                                            ││ waited on alice for 1m 33s: a free place on alice                            │
      │  13:00:05          J7.1 on alice ended: failed  make "日本語 🚀"                                                    ││ job       J5 npm test                                                        │
      │  13:00:09          bob was paired                                                                                   ││ worker    alice                                                              │
      │                                                                                                                     ││ kind      attempt-started                                                    │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      │                                                                                                                     ││                                                                              │
      ╰─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯╰──────────────────────────────────────────────────────────────────────────────╯
       d dispatch   enter details   left an hour back   right an hour on   / filter   tab next pane   : verb   ? help   q quit, work goes on"
    `);
  });

  test('events: drawn at 120x40', () => {
    expect(shown(type(small(120, 40), 'kk').state)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 1/1  jobs 0 running 0 waiting                                                              …
       1 Team 1  2 Jobs 1  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ Events an hour ───────────────────────────────────────────────────────────────────────── 11-23 12:00 · 120 events ─╮
      │  ▁▁ ▁▁▂▂▂▂ ▂▃▃▃▃▃ ▄▄▄▄▄▄ ▅▅▅▅▅▆ ▆▆▆▆▇▇ ▇▇▇███ ██                                                                    │
      │     ╷11-22                  ╷11-23      ^                                                                           │
      ╰─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯
      ╭─ 6 Events ────────────────────────────────────────────── G follows ─╮╭─ Event 5 ───────────────── enter goes there ─╮
      │  time      waited  what happened                job                 ││ alice began J5.1                             │
      │  10:00:00          J3 was dispatched to alice   npm test            ││ when      11-23 12:00:20.000                 │
      │▸ 12:00:20  1m 33s  alice began J5.1             npm test            ││ waited on alice for 1m 33s: a free place on  │
      │  13:00:05          J7.1 on alice ended: failed  make "日本語 🚀"    ││           alice                              │
      │  13:00:09          bob was paired                                   ││ job       J5 npm test                        │
      │                                                                     ││ worker    alice                              │
      │                                                                     ││ kind      attempt-started                    │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      │                                                                     ││                                              │
      ╰─────────────────────────────────────────────────────────────────────╯╰──────────────────────────────────────────────╯
       d dispatch  enter details  left an hour back  right an hour on  / filter  tab next pane  : verb  ? help  q quit"
    `);
  });

  test('events: drawn at 80x24', () => {
    expect(shown(type(small(80, 24), 'kk').state)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 1/1  jobs 0 running 0 waiting                      …
       1 Team 1  2 Jobs 1  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ Events an hour ───────────────────────────────── 11-23 12:00 · 120 events ─╮
      │  ▁▁ ▁▁▂▂▂▂ ▂▃▃▃▃▃ ▄▄▄▄▄▄ ▅▅▅▅▅▆ ▆▆▆▆▇▇ ▇▇▇███ ██                            │
      │     ╷11-22                  ╷11-23      ^                                   │
      ╰─────────────────────────────────────────────────────────────────────────────╯
      ╭─ 6 Events ────────────────────────────────────────────────────── G follows ─╮
      │  time      waited  what happened                job                         │
      │  10:00:00          J3 was dispatched to alice   npm test                    │
      │▸ 12:00:20  1m 33s  alice began J5.1             npm test                    │
      │  13:00:05          J7.1 on alice ended: failed  make "日本語 🚀"            │
      │  13:00:09          bob was paired                                           │
      │                                                                             │
      │                                                                             │
      ╰─────────────────────────────────────────────────────────────────────────────╯
      ╭─ Event 5 ──────────────────────────────────────────────── enter goes there ─╮
      │ alice began J5.1                                                            │
      │ when      11-23 12:00:20.000                                                │
      │ waited on alice for 1m 33s: a free place on alice                           │
      │ job       J5 npm test                                                       │
      │ worker    alice                                                             │
      │ kind      attempt-started                                                   │
      ╰─────────────────────────────────────────────────────────────────────────────╯
       d dispatch  enter details  left an hour back  right an hour on  ? help  q quit"
    `);
  });

  test('events: drawn at 40x30', () => {
    expect(shown(type(small(40, 30), 'kk').state)).toMatchInlineSnapshot(`
      " WALLY  1 up  0 run  0 wait          …
       1  2  3  4  5  6 Events
      ╭─ Events an hour ────────────────────╮
      │ ▃▃▃▃ ▄▄▄▄▄▄ ▅▅▅▅▅▆ ▆▆▆▆▇▇ ▇▇▇███ ██ │
      │                ╷11-23      ^        │
      ╰─────────────────────────────────────╯
      ╭─ 6 Events ────────────── G follows ─╮
      │  time      what happened            │
      │  10:00:00  J3 was dispatched to al… │
      │▸ 12:00:20  alice began J5.1         │
      │  13:00:05  J7.1 on alice ended: fa… │
      │  13:00:09  bob was paired           │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      ╰─────────────────────────────────────╯
      ╭─ Event 5 ──────── enter goes there ─╮
      │ alice began J5.1                    │
      │ when      11-23 12:00:20.000        │
      │ waited on alice for 1m 33s: a free  │
      │           place on alice            │
      │ job       J5 npm test               │
      │ worker    alice                     │
      ╰─────────────────────────────────────╯
       d dispatch  ? help  q quit"
    `);
  });
});
