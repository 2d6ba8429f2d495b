/*
 * The steps of a verb that tells them, played as keys and as what the hub says: `i` in the team, and the `:` line.
 */
import { expect, test } from 'vitest';
import type { CockpitEvent, Request } from '../../../../cockpit/tui/state/effects.ts';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { worker } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';

const base = open([120, 30], { team: [worker('alice')] });

/** `i` in the team, the box, enter. */
function begin(keys = '1i', box = 'me@build7'): { state: State; request: Request } {
  const { state, effects } = type(base, `${keys}${box}\r`);
  const [effect] = effects;
  if (effect?.type !== 'request') throw new Error('nothing was asked');
  return { state, request: effect.request };
}

type Step = readonly [step: string, state: string, words: string];

const told = (request: Request, ...[step, state, words]: Step): CockpitEvent => ({
  type: 'told',
  request,
  item: { step, state, words },
});

const linesOf = ({ overlay }: State) => (overlay?.type === 'words' ? overlay.lines : undefined);

const answer = {
  ...{ target: 'me@build7', name: 'boxy', host: 'build7', key: 'aa', version: '1.0.0-abc' },
  ...{ home: '/srv/me/.odally', service: 'systemd', link: 'direct', findings: [] },
};

test('install: i in the team asks for a box, and the verb is asked with it', () => {
  const line = type(base, '1i').state.overlay;
  expect(line).toMatchObject({ type: 'command', field: { text: 'install ' } });
  expect(begin().request).toMatchObject({ verb: 'install', args: { target: 'me@build7' } });
  const named = begin('1i', 'me@build7 --name boxy').request;
  expect(named.args).toEqual({ target: 'me@build7', name: 'boxy' });
  expect(type(base, '2i').state.overlay).toBeUndefined();
});

test('install: each step shows as it comes, and what is under way gives way to the next', () => {
  const { state, request } = begin();
  expect(linesOf(state)).toEqual(['… asked']);
  const going = play(state, [
    told(request, 'probe', 'done', 'linux-x64'),
    told(request, 'runtime', 'begun', 'bring node'),
    told(request, 'runtime', 'going', '40 % of 121 MiB'),
  ]).state;
  expect(linesOf(going)).toEqual(['+  box      linux-x64', '…  Node     40 % of 121 MiB']);
  expect(draw(viewScreen(going))).toContain('40 % of 121 MiB');
  const done = play(going, [
    told(request, 'runtime', 'skipped', 'is there'),
    { type: 'reply', request, value: answer },
  ]).state;
  expect(linesOf(done)?.slice(0, 3)).toEqual(['+  box      linux-x64', '=  Node     is there', '']);
  expect(linesOf(done)?.at(-1)).toContain('boxy is on build7');
});

test('install: a list that was closed stays closed; what was done, and how it ended, is said', () => {
  const { state, request } = begin();
  const closed = type(state, '', 'esc').state;
  expect(closed.overlay).toBeUndefined();
  const quiet = play(closed, [told(request, 'runtime', 'going', '40 %')]).state;
  expect(quiet.toast).toBe(closed.toast);
  const done = play(quiet, [told(request, 'runtime', 'done', 'node')]).state;
  expect(done.toast?.text).toBe('install me@build7: +  Node     node');
  expect(done.overlay).toBeUndefined();
  const error = { code: 'SSH_AUTH', message: 'No.', hint: 'Try.' };
  const failed = play(done, [{ type: 'refused', request, error }]).state;
  expect(failed.toast).toMatchObject({
    level: 'bad',
    text: 'install me@build7: SSH_AUTH: No. Try.',
  });
});

test('install: a refusal stands under the steps where their list is open', () => {
  const { state, request } = begin();
  const error = { code: 'SSH_AUTH', message: 'No.', hint: 'Try.' };
  const failed = play(state, [{ type: 'refused', request, error }]).state;
  expect(linesOf(failed)).toEqual(['', 'SSH_AUTH: No. Try.']);
  expect(failed.toast).toBeUndefined();
});

test('install: steps of another question leave the list alone', () => {
  const { state } = begin();
  const other = begin('1i', 'other').request;
  const { state: next } = play(state, [told(other, 'probe', 'done', 'x')]);
  expect(linesOf(next)).toEqual(['… asked']);
  expect(next.toast?.text).toBe('install other: +  box      x');
});

test('install: i does nothing but say so while the hub is gone', () => {
  const gone = play(base, [{ type: 'link-gone', reason: 'x', tryCount: 0 }]).state;
  const { state } = type(gone, '1i');
  expect(state.overlay).toBeUndefined();
  expect(state.toast?.text).toContain('i: the hub is gone');
});
