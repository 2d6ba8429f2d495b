/*
 * The inbox by keys: looking, deciding one and many, answering in words.
 *
 * What the hub is asked is what counts; the list changes only when the hub says so.
 */
import { expect, test } from 'vitest';
import { isAgeing } from '../../../../cockpit/tui/state/update.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { at, decision } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';

const rows = [decision('D1', { worker: 'bob' }), decision('D2'), decision('D3')];

function openInbox(columns = 120, height = 24) {
  const state = play(open([columns, height]), [{ type: 'inbox', rows }]).state;
  return type(state, '4').state;
}

function asked(keys: string, ...names: readonly string[]) {
  const { effects } = type(openInbox(), keys, ...names);
  return effects.flatMap((effect) =>
    effect.type === 'request' ? [[effect.request.verb, effect.request.args]] : [],
  );
}

test('inbox: a approves and x rejects the selected entry', () => {
  expect(asked('a')).toEqual([['decide', { decision: 'D1', how: 'approve', text: [] }]]);
  expect(asked('jx')).toEqual([['decide', { decision: 'D2', how: 'reject', text: [] }]]);
});

test('inbox: a verb on marked entries is asked for each of them, rejecting for all at once', () => {
  expect(asked(' ja')).toEqual([['decide', { decision: 'D1', how: 'approve', text: [] }]]);
  expect(asked('  x')).toEqual([['dismiss', { decisions: ['D1', 'D2'] }]]);
  expect(asked('vjja')).toHaveLength(3);
});

test('inbox: after a decision the next entry is selected, at the end the one before', () => {
  const { state } = type(openInbox(), 'jx');
  const [one, , three] = rows;
  const decided = play(state, [{ type: 'inbox', rows: [one, three].flatMap((row) => row ?? []) }]);
  expect(decided.state.lists.inbox.selected).toBe('D3');
  const left = play(decided.state, [{ type: 'inbox', rows: one === undefined ? [] : [one] }]);
  expect(left.state.lists.inbox.selected).toBe('D1');
  const none = play(left.state, [{ type: 'inbox', rows: [] }]).state;
  expect(type(none, 'a').state.toast?.text).toBe('a: nothing is waiting for you');
});

test('inbox: what is only approved or rejected takes no words, and says so', () => {
  const answers = [{ how: 'approve', does: 'trust it from now on' }];
  const knocking = decision('D4', { kind: 'pairing', job: null, attempt: null, answers });
  const opened = play(openInbox(), [{ type: 'inbox', rows: [knocking] }]).state;
  const { state } = type(opened, 'e');
  expect(state.overlay).toBeUndefined();
  expect(state.toast?.text).toBe('e: this is approved or rejected');
});

test('inbox: a box that knocks is shown with its key and until when it can be answered', () => {
  const facts = [{ label: 'key', text: '1a2b 3c4d 5e6f 7a8b (the box shows the same)' }];
  const evidence = { ...decision('D1').evidence, facts };
  const knocking = decision('D4', {
    ...{
      kind: 'pairing',
      job: null,
      attempt: null,
      worker: null,
      host: 'mac-mini',
      title: 'mac-mini',
    },
    ...{ question: 'Let the box mac-mini in?', evidence, cost: 'its invite ends' },
    reason: 'It came with an invite whose maker wants to be asked.',
    endsAt: at(300),
    answers: [
      { how: 'approve', does: 'trust it from now on' },
      { how: 'reject', does: 'turn it away; its invite is used up' },
    ],
  });
  const opened = play(openInbox(120, 16), [{ type: 'inbox', rows: [knocking] }]).state;
  expect(draw(viewScreen(opened))).toMatchInlineSnapshot(`
    " WALLY  ~/.wally  workers 0/0  jobs 0 running 0 waiting                                                  ! 1 needs you
     1 Team 0  2 Jobs 0  3 Log  4 Inbox 1  5 Doctor  6 Events
    ╭─ 4 Inbox ────────────────────────────────────── 1 of 1 ─╮╭─ D4 ─────────────────────────────────────────────────────╮
    │  id  age  what     worker    question                   ││ Let the box mac-mini in?                                 │
    │▸ D4  now  pairing  mac-mini  Let the box mac-mini in? … ││ mac-mini                                                 │
    │                                                         ││                                                          │
    │                                                         ││ why       It came with an invite whose maker wants to be │
    │                                                         ││           asked.                                         │
    │                                                         ││ key       1a2b 3c4d 5e6f 7a8b (the box shows the same)   │
    │                                                         ││ asked     12:00:00; its invite is over in 5m             │
    │                                                         ││                                                          │
    │                                                         ││ a approve       trust it from now on                     │
    │                                                         ││ x reject        turn it away; its invite is used up      │
    │                                                         ││                                                          │
    ╰─────────────────────────────────────────────────────────╯╰──────────────────────────────────────────────────────────╯
     d dispatch  enter details  a approve  x reject  e answer  / filter  tab next pane  : verb  ? help  q quit"
  `);
});

test('inbox: the age of an entry grows while it is looked at', () => {
  const tick = { type: 'tick', nowMs: 90_000, wallMs: Date.parse(at(90)) } as const;
  expect(isAgeing(openInbox())).toBe(true);
  const aged = play(openInbox(), [tick]).state;
  expect(draw(viewScreen(aged))).toContain('D1  1m');
  expect(isAgeing(type(openInbox(), '2').state)).toBe(false);
});

test('inbox: e asks for words and sends them; none are not sent', () => {
  expect(asked('ealice\r')).toEqual([
    ['decide', { decision: 'D1', how: 'answer', text: ['alice'] }],
  ]);
  expect(asked('e\r')).toEqual([]);
  expect(asked('ealice', 'esc')).toEqual([]);
});

test('inbox: with nothing in it a key says so', () => {
  const { state, effects } = type(open([80, 24]), '4a');
  expect(effects.filter(({ type: kind }) => kind === 'request')).toEqual([]);
  expect(state.toast?.text).toBe('a: nothing is waiting for you');
});

test('inbox: / narrows it while it is typed, esc brings back what was', () => {
  const typed = type(openInbox(), '/bob').state;
  expect(draw(viewScreen(typed))).toContain('1 of 1');
  expect(type(typed, '', 'esc').state.lists.inbox.filter).toBe('');
  const kept = type(typed, '\r').state;
  expect(kept.lists.inbox.filter).toBe('bob');
  expect(type(kept, '', 'esc').state.lists.inbox.filter).toBe('');
});

test('inbox: drawn beside its details, below each other, and in turn', () => {
  expect(draw(viewScreen(openInbox(120, 20)))).toMatchInlineSnapshot(`
    " WALLY  ~/.wally  workers 0/0  jobs 0 running 0 waiting                                                   ! 3 need you
     1 Team 0  2 Jobs 0  3 Log  4 Inbox 3  5 Doctor  6 Events
    ╭─ 4 Inbox ────────────────────────────────────── 1 of 3 ─╮╭─ D1 ─────────────────────────────────────────────────────╮
    │  id  age  what  worker  question                        ││ Start another attempt at J9?                             │
    │▸ D1  now  lost  bob     Start another attempt at J9? d… ││ deploy                                                   │
    │  D2  now  lost  alice   Start another attempt at J9? d… ││                                                          │
    │  D3  now  lost  alice   Start another attempt at J9? d… ││ why       nothing was heard for 24h; it may not run      │
    │                                                         ││           twice without your word                        │
    │                                                         ││ attempt   J9.1 on bob (alice-box)                        │
    │                                                         ││ safe      it must not run twice                          │
    │                                                         ││ asked     12:00:00; meanwhile it may still run           │
    │                                                         ││ it says   nothing yet: not heard since                   │
    │                                                         ││                                                          │
    │                                                         ││ a approve       start another attempt, on the worker     │
    │                                                         ││                 that fits best                           │
    │                                                         ││ e answer NAME   start another attempt on that worker     │
    │                                                         ││ x reject        leave it lost                            │
    │                                                         ││                                                          │
    ╰─────────────────────────────────────────────────────────╯╰──────────────────────────────────────────────────────────╯
     d dispatch  enter details  a approve  x reject  e answer  / filter  tab next pane  : verb  ? help  q quit"
  `);
  expect(draw(viewScreen(openInbox(80, 24)))).toMatchInlineSnapshot(`
    " WALLY  ~/.wally  workers 0/0  jobs 0 running 0 waiting           ! 3 need you
     1 Team 0  2 Jobs 0  3 Log  4 Inbox 3  5 Doctor  6 Events
    ╭─ 4 Inbox ────────────────────────────────────────────────────────── 1 of 3 ─╮
    │  id  age  what  worker  meanwhile         question                          │
    │▸ D1  now  lost  bob     it may still run  Start another attempt at J9? dep… │
    │  D2  now  lost  alice   it may still run  Start another attempt at J9? dep… │
    │  D3  now  lost  alice   it may still run  Start another attempt at J9? dep… │
    │                                                                             │
    │                                                                             │
    │                                                                             │
    ╰─────────────────────────────────────────────────────────────────────────────╯
    ╭─ D1 ────────────────────────────────────────────────────────────────────────╮
    │ Start another attempt at J9?                                                │
    │ deploy                                                                      │
    │                                                                             │
    │ why       nothing was heard for 24h; it may not run twice without your word │
    │ attempt   J9.1 on bob (alice-box)                                           │
    │ safe      it must not run twice                                             │
    │ asked     12:00:00; meanwhile it may still run                              │
    │ it says   nothing yet: not heard since                                      │
    │                                                                             │
    │ a approve       start another attempt, on the worker that fits best         │
    ╰─────────────────────────────────────────────────────────────────────────────╯
     d dispatch  enter details  a approve  x reject  e answer  ? help  q quit"
  `);
  expect(draw(viewScreen(type(openInbox(40, 20), '\r').state))).toMatchInlineSnapshot(`
    " WALLY  0 up  0 run  0 wait       ! 3
     1  2  3  4 Inbox  5  6
    ╭─ D1 ───────────────────── esc back ─╮
    │ Start another attempt at J9?        │
    │ deploy                              │
    │                                     │
    │ why       nothing was heard for     │
    │           24h; it may not run twice │
    │           without your word         │
    │ attempt   J9.1 on bob (alice-box)   │
    │ safe      it must not run twice     │
    │ asked     12:00:00; meanwhile it    │
    │           may still run             │
    │ it says   nothing yet: not heard    │
    │           since                     │
    │                                     │
    │ a approve       start another       │
    │                 attempt, on the     │
    ╰─────────────────────────────────────╯
     d dispatch  ? help  q quit"
  `);
});

test('inbox: it is found at its top, unless one has gone elsewhere in it', () => {
  const told = play(open([120, 24]), [{ type: 'inbox', rows }]).state;
  const urgent = [decision('D9'), ...rows];
  const more = play(told, [{ type: 'inbox', rows: urgent }]).state;
  expect(type(more, '4').state.lists.inbox.selected).toBe('D9');
  const left = type(told, '4j2').state;
  const back = play(left, [{ type: 'inbox', rows: urgent }]).state;
  expect(type(back, '4').state.lists.inbox.selected).toBe('D2');
  const reading = play(type(told, '4').state, [{ type: 'inbox', rows: urgent }]).state;
  expect(reading.lists.inbox.selected).toBe('D1');
});
