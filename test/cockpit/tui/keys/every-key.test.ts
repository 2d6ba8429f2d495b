/*
 * Every key of the keymap, wherever it is valid, does something; and no order of keys breaks the screen.
 *
 * A walk presses keys in a small world whose hub answers everything, those that did nothing yet more often. A key
 * counts when it changed what is known or chosen, or asked for something: to say why it can't is not
 * enough. Every few steps the screen is drawn, which throws where anything leaves the terminal.
 */
import { expect, test } from 'vitest';
import { keymap, type Mode, modesOf } from '../../../../cockpit/tui/keys/keymap.ts';
import type { CockpitEvent, Effect } from '../../../../cockpit/tui/state/effects.ts';
import { modeOf, type State } from '../../../../cockpit/tui/state/model.ts';
import { update } from '../../../../cockpit/tui/state/update.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import type { EventRow } from '../../../../cockpit/verbs/shapes.ts';
import { createChance } from '../../../sim/chance.ts';
import { draw } from '../drawing.ts';
import {
  at,
  decision,
  detailOf,
  endedJob,
  event,
  fakeStartMs,
  fakeTerminalFacts,
  finding,
  job,
  startedJob,
  worker,
} from '../fake-hub.ts';
import { logWindow, rowsOf } from '../log-news.ts';
import { open, play } from '../press.ts';

const chance = createChance(20_261_125);
const steps = 60_000;
const stepsAWorld = 150;

/** To go where one is. */
const same = ['team 1', 'jobs 2', 'log 3', 'inbox 4', 'doctor 5', 'events 6'];

const team = [
  worker('alice', { jobs: ['J7'] }),
  worker('bob', { state: 'stale', link: 'none', lastSeenMs: 9000 }),
  worker('wendy', { kind: 'staff' }),
  ...Array.from({ length: 40 }, (_, index) => worker(`w${index}`)),
];
const jobs = [
  startedJob('J7', { labels: ['team=core'], needs: ['git'] }),
  job('J6', { kind: 'group', worker: null, title: 'both' }),
  endedJob('J5', { parent: 'J6', outcome: 'failed', exitCode: 2 }),
  endedJob('J4', { parent: 'J6' }),
  endedJob('J3', { deadlineAt: at(5) }),
  ...Array.from({ length: 60 }, (_, index) => endedJob(`J${100 + index}`, { worker: 'bob' })),
];
const detail = {
  ...detailOf(jobs[0] ?? job('J7')),
  artifacts: ['a.txt', 'b.txt'].map((path, index) => ({
    attempt: 'J7.1' as const,
    index,
    path,
    bytes: 3,
    sha256: '0'.repeat(64),
    state: 'here' as const,
    receivedBytes: 3,
    code: null,
  })),
};
const lines = rowsOf(0, 300).map((row, index) =>
  index % 40 === 7 ? { ...row, text: `error: ${row.text}` } : row,
);
const sizes = [
  [120, 40],
  [200, 60],
  [80, 24],
  [40, 30],
] as const;

function openWorld(): State {
  const [columns, rows] = chance.pick(sizes);
  const state = open([columns, rows], { team, jobs, hubs: ['all', 'work', 'home'] });
  const inbox = [decision('D1'), decision('D2'), decision('D3', { worker: 'bob' })];
  const told = play(state, [{ type: 'inbox', rows: inbox }, logWindow(state, lines)]).state;
  if (!chance.happens(0.3)) return told;
  // A long answer of a verb that was asked for a moment ago.
  const purpose = { for: 'line', line: 'doctor', verb: 'doctor' } as const;
  const request = { verb: 'doctor', args: {}, purpose };
  return play(told, [{ type: 'reply', request, value: answerOf(purpose) }]).state;
}

/** What the hub and the world say to what was asked. */
function answer(state: State, effect: Effect): readonly CockpitEvent[] {
  if (effect.type === 'inspect')
    return [
      { type: 'inspected', inspection: { terminal: fakeTerminalFacts, findings: [], fixed: [] } },
    ];
  if (effect.type === 'log') return answerLog(state, effect);
  if (effect.type === 'look-into') return arrival;
  if (effect.type !== 'request') return [];
  const { request } = effect;
  return [{ type: 'reply', request, value: answerOf(request.purpose) }];
}

/** Another hub says what this one did. */
const arrival: readonly CockpitEvent[] = [
  { type: 'link-live' },
  { type: 'team', team, nowMs: 0 },
  { type: 'jobs', jobs },
  { type: 'inbox', rows: [decision('D1'), decision('D2')] },
];

function answerLog(
  state: State,
  { ask }: Extract<Effect, { type: 'log' }>,
): readonly CockpitEvent[] {
  if (ask.do === 'open' || ask.do === 'window') return [logWindow(state, lines)];
  if (ask.do === 'find') {
    const from = ask.find.past?.offset ?? 0;
    const hit = { log: 0, offset: (from + 700) % 30_000 };
    return [{ type: 'log-hit', find: ask.find, hit }];
  }
  return [];
}

function answerOf(purpose: Extract<Effect, { type: 'request' }>['request']['purpose']): unknown {
  switch (purpose.for) {
    case 'detail':
      return { ...detail, id: purpose.job };
    case 'doctor':
    case 'worker-doctor':
      return { findings: [finding('home-modes'), finding('store-old')], fixed: [] };
    case 'line':
      // What the doctor says has several lines; other verbs can't show it, and must live with that.
      return { findings: Array.from({ length: 60 }, () => finding('home-modes')), fixed: [] };
    case 'events':
      if (purpose.what.part === 'hours') return hours;
      return Array.from({ length: 80 }, (_, index): EventRow => event(index + 1, index * 900));
    default:
      return null;
  }
}

const hours = Array.from({ length: 72 }, (_, index) => ({
  at: new Date(fakeStartMs + (index - 60) * 3_600_000).toISOString(),
  count: index % 5,
}));

/** What is chosen or known; a message about why not is neither. */
const chosen = (state: State) => ({ ...state, toast: 0, toasts: 0, nextId: 0, trail: 0 });

function hasDone(before: State, after: State, effects: readonly Effect[]): boolean {
  if (effects.some(({ type }) => type !== 'expire-toast' && type !== 'write')) return true;
  const [old, fresh] = [chosen(before), chosen(after)];
  return (Object.keys(fresh) as (keyof typeof fresh)[]).some((key) => old[key] !== fresh[key]);
}

test('keymap: every key does something wherever it is valid, and no order of keys breaks the screen', () => {
  const idle = new Set<string>();
  const byMode = new Map<Mode, string[]>();
  for (const { contexts, keys } of keymap) {
    for (const mode of modesOf(contexts)) {
      byMode.set(mode, [...(byMode.get(mode) ?? []), ...keys]);
      for (const key of keys) idle.add(`${mode} ${key}`);
    }
  }
  for (const place of same) idle.delete(place);
  let state = openWorld();
  for (let step = 0; step < steps && idle.size > 0; step += 1) {
    if (step % stepsAWorld === 0) state = openWorld();
    const mode = modeOf(state);
    const keys = byMode.get(mode) ?? [];
    // What has not done anything yet is tried more often, or rare places would be wandered past.
    const wanted = keys.filter((name) => idle.has(`${mode} ${name}`));
    const key = chance.pick(wanted.length > 0 && chance.happens(0.5) ? wanted : keys);
    const isTyping = ['form', 'prompt', 'command', 'palette'].includes(mode);
    const text =
      isTyping && chance.happens(0.5)
        ? chance.pick(['a', '日', ' ', 'J7', 'doctor --all', 'line', ':'])
        : '';
    const press = text === '' ? { name: key, text: '' } : { name: text, text };
    const { state: next, effects } = update(state, { type: 'key', press });
    if (text === '') {
      if (hasDone(state, next, effects)) idle.delete(`${mode} ${key}`);
    }
    state = next;
    for (const effect of effects) {
      state = play(state, answer(state, effect)).state;
    }
    if (step % 25 === 0) expect(draw(viewScreen(state)).split('\n')).toHaveLength(state.rows);
  }
  expect([...idle]).toEqual([]);
});
