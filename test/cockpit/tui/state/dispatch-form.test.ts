/*
 * The dispatch form by its keys.
 *
 * What is sent, what is kept when the hub refuses, and how text is edited.
 */
import { expect, test } from 'vitest';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { detailOf, endedJob, job, worker } from '../fake-hub.ts';
import { opens } from '../log-news.ts';
import { open, play, type } from '../press.ts';

const team = [worker('alice'), worker('bob'), worker('carol', { state: 'revoked', link: 'none' })];
const base = open([120, 40], { team, jobs: [endedJob('J1')] });
const refusal = { code: 'QUEUE_FULL', message: 'Too many wait.', hint: 'Wait.' };

function sent(state: State, keys: string, ...names: readonly string[]) {
  const { effects } = type(state, keys, ...names);
  return effects.flatMap((effect) =>
    effect.type === 'request' && effect.request.verb === 'dispatch' ? [effect.request.args] : [],
  );
}

function formOf(state: State) {
  if (state.overlay?.type !== 'form') throw new Error('no form is open');
  return state.overlay;
}

test('dispatch form: a burst opens it, types into it and sends it', () => {
  expect(sent(base, 'dnpm test\r')).toEqual([{ command: ['npm test'] }]);
});

test('dispatch form: the worker is any by default and the selected one from the team pane', () => {
  expect(formOf(type(base, 'd').state).worker).toBe('any worker');
  expect(sent(base, '1jdls\r')).toEqual([{ command: ['ls'], on: ['bob'] }]);
});

test('dispatch form: the worker field cycles over all that are trusted, both ways', () => {
  expect(sent(base, 'dls\t', 'right', 'enter')).toEqual([{ command: ['ls'], on: ['alice'] }]);
  expect(sent(base, 'dls\t', 'left', 'enter')).toEqual([{ command: ['ls'], all: true }]);
  const { state } = type(base, 'd\t', 'right', 'right', 'right', 'right');
  expect(formOf(state).worker).toBe('any worker');
});

test('dispatch form: a deadline is sent as it was typed', () => {
  expect(sent(base, 'dls\t\t30m\r')).toEqual([{ command: ['ls'], deadline: '30m' }]);
});

test('dispatch form: an empty command is not sent and says so', () => {
  const { state, effects } = type(base, 'd  \r');
  expect(effects).toEqual([]);
  expect(formOf(state).error?.message).toBe('There is no command yet.');
});

test('dispatch form: enter twice sends once', () => {
  expect(sent(base, 'dls\r\r')).toHaveLength(1);
});

test('dispatch form: a refusal keeps what was typed and shows the code', () => {
  const { state, effects } = type(base, 'dls -l\r');
  const request = effects.flatMap((effect) =>
    effect.type === 'request' ? [effect.request] : [],
  )[0];
  if (request === undefined) throw new Error('nothing was sent');
  const refused = play(state, [{ type: 'refused', request, error: refusal }]).state;
  expect(formOf(refused)).toMatchObject({
    command: { text: 'ls -l' },
    isSending: false,
    error: refusal,
  });
  expect(sent(refused, '\r')).toHaveLength(1);
});

test('dispatch form: when the hub takes it, it closes and the new job is selected', () => {
  const { state, effects } = type(base, '1dls\r');
  const request = effects.flatMap((effect) =>
    effect.type === 'request' ? [effect.request] : [],
  )[0];
  if (request === undefined) throw new Error('nothing was sent');
  const done = play(state, [
    { type: 'reply', request, value: detailOf(job('J2')) },
    { type: 'jobs-changed', jobs: [job('J2')] },
  ]);
  expect(done.state).toMatchObject({ overlay: undefined, log: { job: 'J2' }, focus: 'jobs' });
  expect(done.effects).toContainEqual(opens('J2'));
});

test('dispatch form: a reply to a form that was closed does not touch the next one', () => {
  const first = type(base, 'dls\r');
  const request = first.effects.flatMap((effect) =>
    effect.type === 'request' ? [effect.request] : [],
  )[0];
  if (request === undefined) throw new Error('nothing was sent');
  const next = type(type(first.state, '', 'esc').state, 'dpwd').state;
  const refused = play(next, [{ type: 'refused', request, error: refusal }]).state;
  expect(formOf(refused)).toMatchObject({ command: { text: 'pwd' }, error: undefined });
  expect(refused.toast?.text).toContain('QUEUE_FULL');
});

test('dispatch form: editing keys work by whole characters', () => {
  const text = (keys: string, ...names: readonly string[]) =>
    formOf(type(base, `d${keys}`, ...names).state).command;
  expect(text('a👩‍👩‍👧b', 'left', 'backspace')).toEqual({ text: 'ab', caret: 1 });
  expect(text('one two  ', 'ctrl-w')).toEqual({ text: 'one ', caret: 4 });
  expect(text('abc', 'home', 'delete')).toEqual({ text: 'bc', caret: 0 });
  expect(text('abc', 'left', 'ctrl-u')).toEqual({ text: 'c', caret: 0 });
  expect(text('abc', 'ctrl-a', 'left', 'right', 'ctrl-e')).toEqual({ text: 'abc', caret: 3 });
  expect(text('', 'backspace', 'delete')).toEqual({ text: '', caret: 0 });
});

test('dispatch form: pasted text is made harmless and sends nothing', () => {
  const { state, effects } = play(type(base, 'd').state, [
    { type: 'paste', text: 'echo \x1b[2Ja\tb\r\nls\x07\n' },
  ]);
  expect(formOf(state).command.text).toBe('echo a b ls');
  expect(effects).toEqual([]);
});

test('dispatch form: text pasted without a form presses no keys', () => {
  const { state } = play(base, [{ type: 'paste', text: 'q' }]);
  expect(state.toast?.text).toContain('d opens it');
});
