/*
 * The dispatch form by its keys.
 *
 * What is sent, what is kept when the hub refuses, and what is remembered.
 */
import { describe, expect, test } from 'vitest';
import { keymap } from '../../../../cockpit/tui/keys/keymap.ts';
import { formCharsMax } from '../../../../cockpit/tui/limits.ts';
import { impliedTargets, makeArgs, writeLine } from '../../../../cockpit/tui/state/form-args.ts';
import { listFields } from '../../../../cockpit/tui/state/form-fields.ts';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { matchTargets } from '../../../../cockpit/tui/state/targets.ts';
import { update } from '../../../../cockpit/tui/state/update.ts';
import { worker } from '../fake-hub.ts';
import { base, formOf, refusal, refuse, requestsOf, sent, team, textOf } from '../form-hand.ts';
import { open, play, type } from '../press.ts';

describe('dispatch form: what is sent', () => {
  test('dispatch form: a burst opens it, types into it and sends it', () => {
    expect(sent(base, 'dnpm test\r')).toEqual([{ command: ['npm test'] }]);
  });

  test('dispatch form: every field is the flag that it is called after', () => {
    const keys = [
      'dmake\t',
      'alice dave +git \t',
      '~/src\t',
      '\t',
      '30m\t',
      'y\t',
      '\t',
      ' \t',
      "CI=1 NAME='two words'\t",
      'dist/** log.txt\t',
      'ci team=web\t',
    ].join('');
    expect(sent(base, `${keys}nightly\r`)).toEqual([
      {
        on: ['alice', 'dave'],
        need: ['git'],
        cwd: '~/src',
        deadline: '30m',
        title: 'nightly',
        idempotent: true,
        env: ['CI=1', 'NAME=two words'],
        artifact: ['dist/**', 'log.txt'],
        label: ['ci', 'team=web'],
        command: ['make'],
      },
    ]);
  });

  test('dispatch form: a repo is sent as one', () => {
    expect(sent(base, 'dls\t\t\t~/app\r')).toEqual([{ command: ['ls'], repo: '~/app' }]);
  });

  test('dispatch form: all is everybody', () => {
    expect(sent(base, 'dls\tall\r')).toEqual([{ command: ['ls'], all: true }]);
  });

  test('dispatch form: the choices of what to do when it is lost are flags', () => {
    const toPolicy = 'dls\t\t\t\t\ty\t';
    const without = { command: ['ls'], idempotent: true };
    expect(sent(base, `${toPolicy}\r`)).toEqual([without]);
    expect(sent(base, `${toPolicy} \r`)).toEqual([
      { ...without, 'stop-after': '30s', 'lost-after': '2m' },
    ]);
    expect(sent(base, `${toPolicy}  \r`)).toEqual([
      { ...without, 'stop-after': '30s', replace: true },
    ]);
    expect(sent(base, `${toPolicy}   \t1m\t5m\ty\t \r`)).toEqual([
      {
        ...without,
        'stop-after': '1m',
        'lost-after': '5m',
        replace: true,
        reconcile: 'keep-original',
      },
    ]);
  });

  test('dispatch form: enter twice sends once', () => {
    expect(sent(base, 'dls\r\r')).toHaveLength(1);
  });
});

describe('dispatch form: whom it is made out to', () => {
  test('dispatch form: from the team it is the selected worker, else nobody', () => {
    expect(textOf(type(base, 'd').state, 'to')).toBe('');
    expect(sent(base, '1jdls\r')).toEqual([{ command: ['ls'], on: ['bob'] }]);
    expect(textOf(type(base, '1\rd').state, 'to')).toBe('alice ');
  });

  test('dispatch form: from the team it is all that are marked', () => {
    expect(sent(base, '1  dls\r')).toEqual([{ command: ['ls'], on: ['alice', 'bob'] }]);
  });

  test('dispatch form: who is not trusted any more is left out', () => {
    expect(sent(base, '1   dls\r')).toEqual([{ command: ['ls'], on: ['alice', 'bob'] }]);
    expect(textOf(type(base, '1jjd').state, 'to')).toBe('');
  });

  test('dispatch form: tab completes a word that was begun, then goes on', () => {
    const { state } = type(base, 'd\tda\t');
    expect(textOf(state, 'to')).toBe('dave ');
    expect(formOf(state).field).toBe('to');
    expect(formOf(type(state, '\t').state).field).toBe('cwd');
  });

  test('dispatch form: right at the end completes, and amid the text moves', () => {
    expect(textOf(type(base, 'd\tda', 'right').state, 'to')).toBe('dave ');
    const { state } = type(base, 'd\tda', 'left', 'right');
    expect(formOf(state).values.texts.to).toEqual({ text: 'da', caret: 2 });
  });

  test('dispatch form: a word that nobody answers to is not sent, with a mark it is a need', () => {
    const { state, effects } = type(base, 'dls\tcuda\r');
    expect(effects).toEqual([]);
    expect(formOf(state)).toMatchObject({ field: 'to', error: { field: 'to' } });
    expect(sent(base, 'dls\t+cuda\r')).toEqual([{ command: ['ls'], need: ['cuda'] }]);
  });
});

describe('dispatch form: what is wrong', () => {
  test.each([
    ['d  \r', 'command', 'There is no command yet.'],
    ['dls\t\t\t\tsoon\r', 'deadline', '"soon" is not a duration'],
    ['dls\t\tsrc\r', 'cwd', 'Give an absolute path'],
    ['dls\t\t~/a\t~/b\r', 'repo', 'exclude each other'],
    ['dls\tall alice\r', 'to', 'exclude each other'],
    ['dls\t\t\t\t\t\t  \r', 'idempotent', 'may run twice'],
    ['dls\t\t\t\t\t\t   \t3s\r', 'stop-after', 'less than 10s'],
    ['dls\t\t\t\t\ty\t   \t1m\t70s\ty\r', 'lost-after', 'needs --lost-after 105s'],
    ["dls\t\t\t\t\t\t\t \tA='1\r", 'env', 'A quote is not closed.'],
    ['dls\t\t\t\t\t\t\t \tA\r', 'env', '"A" is not NAME=VALUE'],
    ['dls\t\t\t\t\t\t\t \t\t/etc/passwd\r', 'artifact', 'below the job’s directory'],
  ] as const)('dispatch form: %j is not sent, and said at %s', (keys, field, words) => {
    const { state, effects } = type(base, keys);
    expect(effects).toEqual([]);
    const form = formOf(state);
    expect(form.error?.field).toBe(field);
    expect(form.error?.message.toLowerCase()).toContain(words.toLowerCase());
    expect(form.field).toBe(field);
  });

  test('dispatch form: the next letter takes the error away', () => {
    const { state } = type(base, 'd\r');
    expect(formOf(type(state, 'l').state).error).toBeUndefined();
  });

  test('dispatch form: a refusal keeps what was typed and shows the code', () => {
    const refused = refuse(base, 'dls -l\r', refusal);
    expect(formOf(refused)).toMatchObject({
      isSending: false,
      error: { ...refusal, field: undefined },
    });
    expect(textOf(refused)).toBe('ls -l');
    expect(sent(refused, '\r')).toHaveLength(1);
  });

  test('dispatch form: a refusal is shown at the field that it is about', () => {
    const noMatch = { code: 'WORKER_NO_MATCH', message: 'No worker fits.', hint: 'See.' };
    expect(formOf(refuse(base, 'dls\r', noMatch))).toMatchObject({
      field: 'to',
      error: { field: 'to', message: 'No worker fits.' },
    });
    const over = { code: 'USAGE_ARGUMENT', message: 'dispatch: cwd: too long.', hint: 'Help.' };
    expect(formOf(refuse(base, 'dls\r', over))).toMatchObject({
      field: 'cwd',
      error: { field: 'cwd', message: 'Too long.' },
    });
  });

  test('dispatch form: a reply to a form that was closed does not touch the next one', () => {
    const first = type(base, 'dls\r');
    const [request] = requestsOf(first);
    if (request === undefined) throw new Error('nothing was sent');
    const next = type(type(first.state, '', 'esc').state, 'dpwd').state;
    const refused = play(next, [{ type: 'refused', request, error: refusal }]).state;
    expect(formOf(refused).error).toBeUndefined();
    expect(textOf(refused)).toBe('pwd');
    expect(refused.toast?.text).toContain('QUEUE_FULL');
  });
});

describe('dispatch form: the command is a text', () => {
  const paste = (state: State, text: string) => play(state, [{ type: 'paste', text }]);

  test('dispatch form: ctrl-j and alt-enter make a new line, enter sends all of them', () => {
    expect(sent(base, 'dset -e\nmake\r')).toEqual([{ command: ['set -e\nmake'] }]);
    const { state } = type(base, 'da', 'alt-enter');
    expect(sent(state, 'b\r')).toEqual([{ command: ['a\nb'] }]);
  });

  test('dispatch form: a line end by its key is nothing in a field of one line', () => {
    const { state, effects } = type(base, 'dls\tall\n');
    expect(textOf(state, 'to')).toBe('all');
    expect(effects).toEqual([]);
  });

  test('dispatch form: pasted text is made harmless, keeps its lines and sends nothing', () => {
    const { state, effects } = paste(type(base, 'd').state, 'echo \x1b[2Ja\tb\r\nls\x07\n');
    expect(textOf(state)).toBe('echo a\tb\nls');
    expect(effects).toEqual([]);
  });

  test('dispatch form: text pasted into a field of one line is one line', () => {
    expect(textOf(paste(type(base, 'd\t').state, 'alice\r\ndave\n').state, 'to')).toBe(
      'alice dave',
    );
  });

  test('dispatch form: a paste without brackets sends nothing of what is half there', () => {
    const { state, effects } = type(type(base, 'd').state, 'cd /srv\rif x\r\tmake install\r');
    expect(textOf(state)).toBe('cd /srv\nif x\n\tmake install\n');
    expect(effects).toEqual([]);
  });

  test('dispatch form: a paste that has no room is not taken in part', () => {
    const { state } = paste(type(base, 'dls').state, 'x'.repeat(formCharsMax - 1));
    expect(textOf(state)).toBe('ls');
    expect(formOf(state).error?.message).toContain('over 65536 letters');
    expect(textOf(paste(state, 'x'.repeat(formCharsMax - 2)).state)).toHaveLength(formCharsMax);
  });

  test('dispatch form: a paste in pieces keeps the line end at which it was cut', () => {
    const pieces = (state: State, ...texts: readonly string[]) =>
      play(
        state,
        texts.map((text) => ({ type: 'paste', text, isPiece: true })),
      ).state;
    const { state } = type(base, 'd');
    expect(textOf(pieces(state, 'cd /srv\r', 'make\r'))).toBe('cd /srv\nmake\n');
    expect(textOf(pieces(type(base, 'd\t').state, 'alice\r', 'dave'), 'to')).toBe('alice dave');
    const full = pieces(state, 'x'.repeat(formCharsMax), 'y\r', 'z');
    expect(textOf(full)).toBe('x'.repeat(formCharsMax));
    // Without its middle it would be another script.
    const holed = pieces(state, 'a\r', 'x'.repeat(formCharsMax), 'b\r');
    expect(textOf(holed)).toBe('a\n');
    expect(formOf(holed).error).toMatchObject({ hint: expect.stringContaining('cut off') });
  });

  test('dispatch form: a paste into a choice is said to go nowhere', () => {
    const { state } = paste(type(base, 'd\t\t\t\t\t').state, 'yes');
    expect(state.toast?.text).toContain('nothing can be pasted');
    expect(formOf(state).values.chosen.idempotent).toBe('no');
  });

  test('dispatch form: text pasted without a form presses no keys', () => {
    expect(paste(base, 'q').state.toast?.text).toContain('d opens it');
  });

  test('dispatch form: editing keys work by whole characters', () => {
    const field = (keys: string, ...names: readonly string[]) =>
      formOf(type(base, `d${keys}`, ...names).state).values.texts.command;
    expect(field('a👩‍👩‍👧b', 'left', 'backspace')).toEqual({ text: 'ab', caret: 1 });
    expect(field('one two  ', 'ctrl-w')).toEqual({ text: 'one ', caret: 4 });
    expect(field('abc', 'home', 'delete')).toEqual({ text: 'bc', caret: 0 });
    expect(field('abc', 'left', 'ctrl-u')).toEqual({ text: 'c', caret: 0 });
    expect(field('abc', 'ctrl-a', 'left', 'right', 'ctrl-e')).toEqual({ text: 'abc', caret: 3 });
    expect(field('', 'backspace', 'delete')).toEqual({ text: '', caret: 0 });
  });

  test('dispatch form: start, end and clearing mean the line of the caret', () => {
    const field = (keys: string, ...names: readonly string[]) =>
      formOf(type(base, `d${keys}`, ...names).state).values.texts.command;
    expect(field('one\ntwo', 'home')).toEqual({ text: 'one\ntwo', caret: 4 });
    expect(field('one\ntwo', 'up', 'end')).toEqual({ text: 'one\ntwo', caret: 3 });
    expect(field('one\ntwo', 'ctrl-u')).toEqual({ text: 'one\n', caret: 4 });
    expect(field('one\ntwo', 'ctrl-u', 'ctrl-u')).toEqual({ text: 'one', caret: 3 });
  });

  test('dispatch form: up and down go through the lines, then on', () => {
    const { state } = type(base, 'done\nlonger\n日本', 'up', 'up');
    expect(formOf(state).values.texts.command.caret).toBe(3);
    expect(formOf(type(state, '', 'down', 'down').state).values.texts.command.caret).toBe(12);
    expect(formOf(type(state, '', 'down', 'down', 'down').state).field).toBe('to');
  });

  test('dispatch form: $EDITOR gets the command, and what it gives back is the command', () => {
    const { state, effects } = type(base, 'dls\t', 'ctrl-o');
    const { token } = formOf(state);
    expect(effects).toEqual([{ type: 'edit-text', token, text: 'ls', ask: 'command' }]);
    const back = play(state, [{ type: 'edited', token, text: 'set -e\nls\n' }]).state;
    expect(textOf(back)).toBe('set -e\nls');
    expect(formOf(back).field).toBe('command');
    const other = play(state, [{ type: 'edited', token: token + 1, text: 'rm' }]).state;
    expect(textOf(other)).toBe('ls');
  });
});

describe('dispatch form: every key of it does something', () => {
  const history = play(base, [{ type: 'history', entries: [{ command: ['old'] }] }]).state;
  const long = `dset -e\n${'make\n'.repeat(30)}end`;
  const scenes: Readonly<Record<string, State>> = {
    'form-newer': type(history, 'd', 'up').state,
    'form-preview-down': type(base, long).state,
    'form-preview-up': type(base, long, 'pagedown').state,
    'form-up': type(base, 'done\ntwo').state,
    'form-start': type(base, 'done').state,
    'form-end': type(base, 'done', 'left').state,
    'form-right': type(base, 'done', 'left').state,
    'form-delete': type(base, 'done', 'left').state,
  };
  const rows = keymap.filter(({ contexts }) => contexts.includes('form'));
  test.each(rows.flatMap(({ command, keys }) => keys.map((key) => [key, command] as const)))(
    'dispatch form: %s is %s',
    (name, command) => {
      const before = scenes[command] ?? type(history, 'done two').state;
      const after = update(before, { type: 'key', press: { name, text: '' } });
      expect(after.state !== before || after.effects.length > 0).toBe(true);
    },
  );

  test('dispatch form: left, right and space go round the choices', () => {
    const at = type(base, 'd\t\t\t\t\t\t').state;
    const policy = (...names: readonly string[]) =>
      formOf(type(at, '', ...names).state).values.chosen.policy;
    expect(policy('right')).toBe('stop');
    expect(policy('left')).toBe('own');
    expect(policy('right', 'right', 'right', 'right')).toBe('keep');
    expect(formOf(type(at, ' ').state).values.chosen.policy).toBe('stop');
  });

  test('dispatch form: fields of a choice go with it, and the keys are never in one that is gone', () => {
    const own = type(base, 'd\t\t\t\t\t\t', 'left').state;
    expect(formOf(type(own, '\t').state).field).toBe('stop-after');
    const gone = type(
      play(own, [{ type: 'history', entries: [{ command: ['x'] }] }]).state,
      '\t',
      'ctrl-p',
    );
    expect(formOf(gone.state).field).toBe('command');
  });
});

describe('dispatch form: a prompt', () => {
  const able = worker('erin', {
    capabilities: {
      ...{ os: 'linux', arch: 'x64', cpus: 1, memoryBytes: 1 },
      ...{ has: ['claude', 'git', 'mine'], harnesses: ['claude', 'mine'] },
    },
  });
  const asking = open([120, 40], { team: [...team, able] });

  test('dispatch form: what is typed is a prompt once that is asked for, for the first harness there is', () => {
    expect(sent(asking, 'dadd a test', 'shift-tab', 'right', 'enter')).toEqual([
      { harness: 'claude', prompt: 'add a test' },
    ]);
  });

  test('dispatch form: several lines are one prompt, and another harness is asked by its name', () => {
    const typed = type(asking, 'done', 'ctrl-j').state;
    const keys = type(typed, 'two', 'shift-tab', 'right', 'tab', 'tab').state;
    expect(sent(keys, 'mine', 'enter')).toEqual([{ harness: 'mine', prompt: 'one\ntwo' }]);
  });

  test('dispatch form: only who has the harness matches, and the line says whom it is for', () => {
    const { state } = type(asking, 'dfix', 'shift-tab', 'right');
    const { values } = formOf(state);
    const targets = impliedTargets(values, state.team);
    expect(matchTargets(targets, state.team).workers.map(({ name }) => name)).toEqual(['erin']);
    expect(writeLine(makeArgs(values, state.team))).toBe(
      'wally dispatch --harness claude --prompt fix',
    );
  });

  test('dispatch form: a prompt that nobody could take is not sent', () => {
    const tried = type(base, 'dfix', 'shift-tab', 'right', 'enter');
    expect(requestsOf(tried)).toEqual([]);
    expect(formOf(tried.state).error).toMatchObject({ field: 'harness' });
    const empty = type(asking, 'd', 'shift-tab', 'right', 'enter');
    expect(formOf(empty.state).error?.message).toBe('There is no prompt yet.');
  });

  test('dispatch form: a prompt of the history is a prompt again', () => {
    const state = { ...asking, pastDispatches: [{ harness: 'mine', prompt: 'older' }] };
    expect(sent(state, 'd', 'up', 'enter')).toEqual([{ harness: 'mine', prompt: 'older' }]);
  });

  test('dispatch form: a base goes with a repository, and is asked for once there is one', () => {
    const inRepo = type(asking, 'dmake\t\t\t~/src\tv1.2', 'enter');
    expect(requestsOf(inRepo)[0]?.args).toEqual({ repo: '~/src', base: 'v1.2', command: ['make'] });
    const { state } = type(inRepo.state, '');
    expect(listFields(formOf(state).values)).toContain('base');
    expect(listFields(formOf(type(asking, 'd').state).values)).not.toContain('base');
  });
});
