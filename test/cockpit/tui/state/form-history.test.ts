/*
 * What the dispatch form remembers, and going back through it.
 */
import { describe, expect, test } from 'vitest';
import type { Update } from '../../../../cockpit/tui/state/effects.ts';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { detailOf, job } from '../fake-hub.ts';
import { base, formOf, refusal, refuse, requestsOf, sent, textOf } from '../form-hand.ts';
import { opens } from '../log-news.ts';
import { play, type } from '../press.ts';

/** The state after a dispatch that the hub took as J2. */
function taken(state: State, keys: string): Update {
  const asked = type(state, keys);
  const [request] = requestsOf(asked);
  if (request === undefined) throw new Error('nothing was sent');
  return play(asked.state, [{ type: 'reply', request, value: detailOf(job('J2')) }]);
}

describe('form history: what was dispatched before', () => {
  const older = { command: ['make docs'], on: ['alice'], deadline: '5m', replace: true };
  const full = { ...older, idempotent: true, 'stop-after': '30s', env: ["A=it's", 'B=2'] };
  const known = play(base, [{ type: 'history', entries: [full] }]).state;

  test('form history: up brings it with all its fields, down what was typed', () => {
    const { state } = type(known, 'd', 'up');
    expect(sent(state, '\r')).toEqual([full]);
    expect(textOf(type(state, '', 'down').state)).toBe('');
    const begun = type(known, 'dpwd', 'up', 'down').state;
    expect(textOf(begun)).toBe('pwd');
  });

  test('form history: behind it come the commands of known jobs, each once', () => {
    const jobs = [job('J3', { command: ['make docs'] }), job('J2', { command: ['echo', 'a b'] })];
    const { state } = type(play(known, [{ type: 'jobs', jobs }]).state, 'd', 'up', 'up');
    expect(textOf(state)).toBe("echo 'a b'");
    expect(textOf(type(state, '', 'up').state)).toBe("echo 'a b'");
  });

  test('form history: ctrl-p and ctrl-n go through it from any field', () => {
    const { state } = type(known, 'dpwd\t', 'ctrl-p');
    expect(formOf(state)).toMatchObject({ field: 'command', past: { at: 0 } });
    expect(textOf(type(state, '', 'ctrl-n').state)).toBe('pwd');
  });

  test('form history: an edited one is a new one', () => {
    const { state } = type(known, 'd', 'up');
    const changed = type(state, ' now').state;
    expect(formOf(changed).past).toBeUndefined();
    expect(textOf(type(changed, '', 'up', 'down').state)).toBe('make docs now');
  });

  test('form history: what the hub took is remembered here and beyond, what it refused is not', () => {
    const done = taken(base, 'dls\r');
    expect(done.effects).toContainEqual({ type: 'remember', entry: { command: ['ls'] } });
    expect(textOf(type(done.state, 'd', 'up').state)).toBe('ls');
    expect(refuse(base, 'dls\r', refusal).pastDispatches).toEqual([]);
  });

  test('form history: when the hub takes it, it closes and the new job is selected', () => {
    const done = taken(base, '1dls\r');
    expect(done.state).toMatchObject({ overlay: undefined, focus: 'jobs' });
    expect(done.effects).toContainEqual(opens('J2'));
  });

  test('form history: the same again is remembered once, as the newest', () => {
    const first = taken(base, 'dls\r').state;
    const again = taken(taken(first, 'dpwd\r').state, 'dls\r').state;
    expect(again.pastDispatches).toEqual([{ command: ['ls'] }, { command: ['pwd'] }]);
  });

  test('form history: what was read late stands behind what was dispatched meanwhile', () => {
    const { state } = taken(base, 'dls\r');
    const read = play(state, [{ type: 'history', entries: [full, { command: ['ls'] }] }]).state;
    expect(read.pastDispatches).toEqual([{ command: ['ls'] }, full]);
  });

  test('form history: esc keeps what was not sent, and up brings it back', () => {
    const { state } = type(known, 'dhalf a script\tali', 'esc');
    expect(state.overlay).toBeUndefined();
    expect(state.toast?.text).toContain('kept');
    const back = type(state, 'd', 'up').state;
    expect(textOf(back)).toBe('half a script');
    expect(textOf(back, 'to')).toBe('ali');
    expect(type(known, 'd', 'esc').state.toast).toBeUndefined();
  });
});
