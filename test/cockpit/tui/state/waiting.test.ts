/*
 * What a person asked of the hub and waits for: shown once it takes long, gone with its answer.
 */
import { expect, test } from 'vitest';
import type { Request } from '../../../../cockpit/tui/state/effects.ts';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { isAgeing } from '../../../../cockpit/tui/state/update.ts';
import { viewFooter } from '../../../../cockpit/tui/views/chrome.ts';
import { startedJob } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';

const base = open([120, 30], { jobs: [startedJob('J1')] });

function begin(): { readonly state: State; readonly request: Request } {
  const { state, effects } = type(base, ':wait J1', 'enter');
  const [effect] = effects;
  if (effect?.type !== 'request') throw new Error('nothing was asked');
  return { state, request: effect.request };
}

const foot = (state: State) =>
  viewFooter(state, 120)
    .map(({ text }) => text)
    .join('');
const tick = (state: State, nowMs: number) =>
  play(state, [{ type: 'tick', nowMs, wallMs: base.wallMs + nowMs }]).state;

test('waiting: what is not answered at once is shown with its age, and a tick is asked for', () => {
  const { state } = begin();
  expect(foot(state)).not.toContain('wait J1');
  expect(isAgeing(state)).toBe(true);
  const later = tick(tick(state, 1000), 13_000);
  expect(foot(later)).toMatch(/… wait J1 12\s*s\s*$/);
});

test('waiting: it goes with the answer, also with a refusal', () => {
  const { state, request } = begin();
  const later = tick(state, 1000);
  const done = play(later, [{ type: 'reply', request, value: { id: 'J1', attempts: [] } }]).state;
  expect(done.waiting).toEqual([]);
  const error = { code: 'WAIT_TIMEOUT', message: 'It took too long.', hint: '' };
  expect(play(later, [{ type: 'refused', request, error }]).state.waiting).toEqual([]);
});

test('waiting: of several the longest is named, on a narrow screen as much as fits', () => {
  const twice = type(begin().state, ':wait J1 --timeout 5m', 'enter').state;
  const later = tick(tick(twice, 1000), 61_000);
  expect(foot(later)).toContain('and 1 more');
  const narrow = viewFooter(later, 40)
    .map(({ text }) => text)
    .join('');
  expect(narrow.length).toBeLessThanOrEqual(40);
});
