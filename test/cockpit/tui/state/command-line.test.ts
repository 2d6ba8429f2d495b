/*
 * The `:` line with the real grammar: completing, checking, asking, and going where a pane shows it.
 *
 * Played as keys. What the hub would be asked is compared whole.
 */
import { describe, expect, test } from 'vitest';
import { completeLine } from '../../../../cockpit/tui/state/complete.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { decision, endedJob, job, startedJob, worker } from '../fake-hub.ts';
import { opens } from '../log-news.ts';
import { open, play, type } from '../press.ts';

const base = play(
  open([120, 30], {
    team: [worker('alice'), worker('bob', { capabilities: null })],
    jobs: [startedJob('J1', { title: 'make' }), endedJob('J2'), job('J3')],
  }),
  [{ type: 'inbox', rows: [decision('D1')] }],
).state;

function asked(keys: string, ...names: readonly string[]) {
  return type(base, keys, ...names).effects.flatMap((effect) =>
    effect.type === 'request' ? [[effect.request.verb, effect.request.args]] : [],
  );
}

const texts = (line: string) => completeLine(base, line).candidates.map(({ text }) => text);
const lineOf = (keys: string, ...names: readonly string[]) => {
  const { overlay } = type(base, keys, ...names).state;
  return overlay?.type === 'command' ? overlay : undefined;
};

describe('completion:', () => {
  test.each([
    ['tea', ['team', 'team show', 'team rename', 'team revoke']],
    ['team s', ['team show']],
    ['team show ', ['alice', 'bob']],
    ['team show B', ['bob']],
    ['cancel ', ['J3', 'J2', 'J1']],
    ['cancel J1 ', []],
    ['retry J2 --on ', ['alice', 'bob']],
    ['retry J2 --', ['--on']],
    ['decide ', ['D1']],
    ['decide D1 r', ['reject']],
    ['doctor --area te', ['terminal']],
    ['doctor --on ', ['alice', 'bob']],
    ['doctor --dr', ['--dry-run']],
    ['doctor --only ', []],
    ['nothing', []],
    ['dispatch -- c', []],
  ])('of %o is %j', (line, wanted) => {
    expect(texts(line)).toEqual(wanted);
  });

  test('of --only is what the doctor has found', () => {
    const found = {
      id: 'home-modes',
      severity: 'error',
      seen: 's',
      wanted: 'w',
      advice: 'a',
    } as const;
    const state = {
      ...base,
      doctor: { ...base.doctor, reports: new Map([['hub', [found]]]) },
    };
    const { candidates } = completeLine(state, 'doctor --fix --only home');
    expect(candidates).toEqual([{ text: 'home-modes', help: 's' }]);
  });

  test('a flag that was given is not offered again unless it takes several', () => {
    expect(texts('dispatch --all --')).not.toContain('--all');
    expect(texts('dispatch --on alice --')).toContain('--on');
    expect(texts('dispatch --all --')).toContain('--');
  });
});

test('command line: tab tries one candidate after the other, typing goes on from there', () => {
  expect(lineOf(':tea', 'tab')?.field.text).toBe('team ');
  expect(lineOf(':tea', 'tab', 'tab')?.field.text).toBe('team show ');
  expect(lineOf(':tea', 'tab', 'shift-tab')?.field.text).toBe('team revoke ');
  expect(lineOf(':decide D1 ap', 'tab')?.field.text).toBe('decide D1 approve ');
});

test('command line: a verb is asked with what its schema wants', () => {
  expect(asked(':retry J3 --on bob\r')).toEqual([['retry', { job: 'J3', on: 'bob' }]]);
  expect(asked(':dispatch --on bob --idempotent -- make "a b"\r')).toEqual([
    ['dispatch', { command: ['make', 'a b'], on: ['bob'], idempotent: true }],
  ]);
});

test('command line: a left out operand is what is marked or selected', () => {
  expect(asked(':retry\r')).toEqual([['retry', { job: 'J3' }]]);
  expect(asked('j  :retry\r')).toEqual([
    ['retry', { job: 'J2' }],
    ['retry', { job: 'J1' }],
  ]);
  expect(asked('4:decide\r')).toEqual([]);
});

describe('command line: a verb that no group can have', () => {
  const jobs = [
    endedJob('J5'),
    endedJob('J4', { parent: 'J2', outcome: 'failed' }),
    endedJob('J3', { parent: 'J2' }),
    endedJob('J2', { kind: 'group' }),
    endedJob('J1', { kind: 'group' }),
  ];
  const play = (keys: string) => type(open([120, 30], { jobs }), keys);
  const retried = (keys: string) =>
    play(keys).effects.flatMap((one) => (one.type === 'request' ? [one.request.args] : []));
  const sees = (keys: string) => play(keys).state.toast?.text;

  test('asks for the others, and says what of the group was left', () => {
    expect(retried('2g  :retry\r')).toEqual([{ job: 'J5' }]);
    expect(sees('2g  :retry\r')).toBe('retry: J2 is a group, left out; failed parts: J4.');
    expect(sees('2g  jj :retry\r')).toBe('retry: J2 J1 are groups, left out; failed parts: J4.');
    expect(sees('2g   :retry\r')).toBe('retry: J2 is a group, left out; choose parts.');
  });

  test('says nothing where every part of the group is asked for', () => {
    expect(retried('2gvjjj:retry\r')).toEqual([{ job: 'J5' }, { job: 'J4' }, { job: 'J3' }]);
    expect(sees('2gvjjj:retry\r')).toBeUndefined();
  });

  test('asks for nothing where only groups are chosen, as r does', () => {
    expect(retried('2gj:retry\r')).toEqual([]);
    const { overlay } = play('2gj:retry\r').state;
    expect(overlay).toMatchObject({ error: 'J2 is a group; choose parts.' });
    expect(sees('2gjr')).toBe('r: J2 is a group; choose its parts');
  });

  test('is asked of a group that is named: the hub says what it thinks of that', () => {
    expect(retried('2g:retry J2\r')).toEqual([{ job: 'J2' }]);
  });

  test('leaves the group out by its own key too', () => {
    expect(retried('2g  r')).toEqual([{ job: 'J5' }]);
    expect(sees('2g  r')).toBe('retry: J2 is a group, left out; failed parts: J4.');
  });
});

test('command line: what is wrong is said and can be mended', () => {
  expect(lineOf(':frobnicate\r')?.error).toBe('There is no verb "frobnicate"; tab shows them.');
  expect(lineOf(':retry J2 --frob\r')?.error).toContain('--frob');
  const mended = lineOf(':frob\r', 'backspace');
  expect(mended).toMatchObject({ error: '', field: { text: 'fro' } });
});

test('command line: what destroys asks first, with the harmless answer marked', () => {
  const { state, effects } = type(base, ':team revoke bob\r');
  expect(effects).toEqual([]);
  expect(state.overlay).toMatchObject({ type: 'confirm', answer: 'no' });
  const sure = type(state, 'y').effects;
  expect(sure).toMatchObject([{ request: { verb: 'team revoke', args: { name: 'bob' } } }]);
});

test('command line: a verb that a pane shows leads there', () => {
  expect(type(base, ':inbox\r').state.focus).toBe('inbox');
  expect(type(base, ':team\r').state.focus).toBe('team');
  expect(type(base, ':team show bob\r').state.card).toMatchObject({ type: 'worker', name: 'bob' });
  const detail = type(base, ':job 1\r');
  expect(detail.state).toMatchObject({ focus: 'jobs', card: { type: 'job', job: 'J1' } });
  expect(detail.effects).toContainEqual(opens('J1'));
  expect(type(base, ':logs J1\r').state).toMatchObject({ focus: 'log', log: { job: 'J1' } });
  expect(type(base, ':doctor\r').state.focus).toBe('doctor');
  expect(type(base, ':events\r').state.focus).toBe('events');
});

test('command line: a pane shows what is selected where its operand is left out', () => {
  expect(type(base, 'j:job\r').state).toMatchObject({ card: { type: 'job', job: 'J2' } });
  const log = type(base, 'j:logs\r');
  expect(log.state).toMatchObject({ focus: 'log', log: { job: 'J2' }, toast: undefined });
  expect(log.effects).toContainEqual(opens('J2'));
});

test('command line: what streams is left to a shell, and nothing is said to be done', () => {
  const { state } = type(base, ':logs J1 --errors\r');
  expect(asked(':logs J1 --errors\r')).toEqual([]);
  expect(state.toast?.text).toBe(
    'logs: this one streams; `wally logs J1 --errors` in a shell has it',
  );
});

test('command line: up and down bring back what was typed before', () => {
  const once = type(type(base, ':retry J1\r').state, ':retry J3\r').state;
  const recall = (...names: readonly string[]) => {
    const { overlay } = type(once, ':', ...names).state;
    return overlay?.type === 'command' ? overlay.field.text : undefined;
  };
  expect(recall('up')).toBe('retry J3');
  expect(recall('up', 'up', 'up')).toBe('retry J1');
  expect(recall('up', 'up', 'down')).toBe('retry J3');
  expect(recall('up', 'down')).toBe('');
});

test('command line: a short answer is a toast, a long one is laid over the panes', () => {
  const request = (verb: string) => ({
    verb,
    args: {},
    purpose: { for: 'line', line: verb, verb } as const,
  });
  const short = play(base, [{ type: 'reply', request: request('inbox'), value: [] }]).state;
  expect(short.toast?.text).toBe('inbox: Nothing needs you.');
  const rows = [decision('D1'), decision('D2')];
  const long = play(base, [{ type: 'reply', request: request('inbox'), value: rows }]).state;
  const picture = draw(viewScreen(long));
  expect(picture).toContain('D2 Start another attempt at J9?');
  expect(type(long, '', 'esc').state.overlay).toBeUndefined();
  const { effects } = type(long, 'y');
  const text = expect.stringMatching(/^D1 .*lost\n\nD2 .*lost\n$/s);
  expect(effects).toEqual([{ type: 'copy', text, what: '15 lines' }]);
});

test('command line: drawn with its candidates and its usage', () => {
  const { state } = type(base, ':team ');
  const lines = draw(viewScreen(state)).split('\n');
  expect(lines.slice(-6)).toMatchInlineSnapshot(`
    [
      "╭─ a verb; tab completes ───────────────────────────────────────────────────────────────────────────────────────── 3 ─╮",
      "│ team show                show one worker and its box                                                                │",
      "│ team rename              give a worker another name                                                                 │",
      "│ team revoke              end the trust in a worker and its connection at once                                       │",
      "╰─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╯",
      " :team",
    ]
  `);
});

test('command line: what would go on until it is left is not asked of the hub', () => {
  for (const line of ['events -f', 'logs -f', 'logs J1 -f', 'dispatch -f -- make', 'watch']) {
    expect(asked(`:${line}`, 'enter'), line).toEqual([]);
    const { toast } = type(base, `:${line}`, 'enter').state;
    expect(toast?.text, line).toContain('in a shell has it');
  }
});

test('command line: nobody is asked to be sure about what is surely not there', () => {
  expect(lineOf(':cancel J999', 'enter')).toMatchObject({ error: 'There is no job J999.' });
  expect(lineOf(':team revoke zed', 'enter')).toMatchObject({
    error: 'There is no worker named "zed".',
  });
  // Of an older one than any here the hub knows more.
  const later = play(base, [{ type: 'jobs', jobs: [job('J70')] }]).state;
  expect(type(later, ':cancel J3', 'enter').state.overlay?.type).toBe('confirm');
});

test('command line: up starts the hub of this home where it is gone, and no other', () => {
  const gone = { type: 'link-gone', reason: 'It ended.', tryCount: 0 } as const;
  const lost = play(base, [gone]).state;
  expect(type(lost, ':up', 'enter').effects).toContainEqual({ type: 'start-hub' });
  expect(completeLine(lost, 'u').candidates.map(({ text }) => text)).toContain('up');
  const idle = type(base, ':up', 'enter');
  expect(idle.effects).not.toContainEqual({ type: 'start-hub' });
  expect(idle.state.toast?.text).toBe('up: the hub is up');
  const named = play(open([120, 30], { hubs: ['work', 'home'] }), [gone]).state;
  const refused = type(named, ':up', 'enter');
  expect(refused.effects).not.toContainEqual({ type: 'start-hub' });
  expect(refused.state.toast?.text).toContain('on its own box');
});

test('command line: one is asked about what is chosen, by its name', () => {
  const chosen = type(base, '2g:cancel', 'enter').state.overlay;
  expect(chosen).toMatchObject({ type: 'confirm', text: ['cancel J3', expect.anything()] });
});
