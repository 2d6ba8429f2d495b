/*
 * Drawings of the dispatch form: at the four sizes, and where there is more than room.
 */
import { expect, test } from 'vitest';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { worker } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';
import { team } from '../world.ts';

const script = "set -e\nnpm ci\n\tnpm test -- --reporter='dot' 日本語\n";

/** The form alone: the rows of its box. */
function drawForm(state: State): string {
  const view = viewScreen(state);
  const panes = view.panes.filter(({ id }) => id === 'form');
  const rows = draw({ ...view, lines: [], panes }).split('\n');
  const left = panes[0]?.rect.x ?? 0;
  return rows
    .map((row) => row.slice(left))
    .filter((row) => row !== '')
    .join('\n');
}

type Size = readonly [number, number];

function opened(size: Size, keys: string, ...names: readonly string[]): State {
  return type(open(size, { team }), `d${keys}`, ...names).state;
}

function pasted(size: Size, keys: string, ...names: readonly string[]): State {
  const state = play(opened(size, ''), [{ type: 'paste', text: script }]).state;
  return type(state, keys, ...names).state;
}

test('form: empty, on 80x24', () => {
  expect(draw(viewScreen(opened([80, 24], '')))).toMatchInlineSnapshot(`
    " WALLY  ~/.wally  workers 2/3  jobs 0 running 0 waiting           △ bob silent
     1 Team 3  2 Jobs 0  3 Log  4 Inbox  5 Doctor  6 Events
    ╭─ 1╭─ Dispatch a command ────────────────────────────────────────────────╮3 ─╮
    │  w│  ask        a command  a shell runs it                              │   │
    │› w│ ▸command      runs by /bin/sh -c on the box                         │   │
    ╰───│  to         any worker                                              │───╯
    ╭─ 2│             △ 3 of 3 match, 1 of them silent, wendy is next: wendy  │───╮
    │ No│             alice bob                                               │   │
    │ d │  directory  a temporary one                                         │   │
    │   │  repo       none                                                    │   │
    │   │  deadline   none                                                    │   │
    │   │  run twice  no  ask me before it could run twice                    │   │
    │   │  if lost    let it run, ask me                                      │   │
    │   │             If we lose its worker: it runs on there; unheard of for │   │
    │   │             24h it is lost, and you are asked.                      │   │
    ╰───│  more       hidden  variables, artifacts, labels, title, secrets    │───╯
    ╭─ 3│                                                                     │───╮
    │ Se│                                                                     │   │
    │   │                                                                     │   │
    │   │                                                                     │   │
    │   │ ── this will be sent                                                │   │
    │   │ nothing yet: there is no command                                    │   │
    ╰───╰─────────────────────────────────────────────────────────────────────╯───╯
     enter send  tab next field  ctrl-j new line  ctrl-o $EDITOR  esc close"
  `);
});

test('form: a script for two workers, on 80x24', () => {
  expect(drawForm(pasted([80, 24], '\talice bob +gi'))).toMatchInlineSnapshot(`
    "╭─ Dispatch a command ────────────────────────────────────────────────╮
    │  ask        a command  a shell runs it                              │
    │  command    set -e                                                  │
    │             npm ci                                                  │
    │             ⇥npm test -- --reporter='dot' 日本語                    │
    │ ▸to         alice bob +gi                                           │
    │             ✗ 0 of 2 match: nobody asked has gi                     │
    │             tab +git                                                │
    │  directory  a temporary one                                         │
    │  repo       none                                                    │
    │  deadline   none                                                    │
    │  run twice  no  ask me before it could run twice                    │
    │  if lost    let it run, ask me                                      │
    │             If we lose one of them: it runs on there; unheard of    │
    │             for 24h it is lost, and you are asked.                  │
    │  more       hidden  variables, artifacts, labels, title, secrets    │
    │ ── this will be sent                                                │
    │ wally dispatch --on alice --on bob --need gi -- 'set -e             │
    │ npm ci                                                              │
    │ '$'\\t''npm test -- --reporter='\\''dot'\\'' 日本語'                   │
    ╰─────────────────────────────────────────────────────────────────────╯"
  `);
});

test('form: for a thumb, on 40x30', () => {
  expect(drawForm(pasted([40, 30], '\t+git bo'))).toMatchInlineSnapshot(`
    "╭─ Dispatch a command ─── more below ─╮
    │  ask        a command  a shell run… │
    │  command    set -e                  │
    │             npm ci                  │
    │             ⇥npm test -- --reporte  │
    │             r='dot' 日本語          │
    │ ▸to         +git bo                 │
    │             △ 3 of 3 match, 1 of    │
    │             them silent, wendy is … │
    │             tab bob                 │
    │  directory  a temporary one         │
    │  repo       none                    │
    │  deadline   none                    │
    │  run twice  no  ask me before it c… │
    │  if lost    let it run, ask me      │
    │             If we lose its worker:  │
    │             it runs on there;       │
    │             unheard of for 24h it   │
    │             is lost, and you are    │
    │             asked.                  │
    │ ── this will be sent                │
    │ wally dispatch --need git -- 'set - │
    │ e                                   │
    │ npm ci                              │
    │ '$'\\t''npm test -- --reporter='\\''d │
    │ ot'\\'' 日本語'                      │
    ╰─────────────────────────────────────╯"
  `);
});

test('form: own numbers and the rarer fields, on 120x40', () => {
  const keys = '\tbob\t~/src/app\t\t30m\ty\t';
  expect(
    drawForm(type(pasted([120, 40], keys, 'left'), '\t1m\t10m\t\t\t \tCI=1\tdist/**').state),
  ).toMatchInlineSnapshot(`
    "╭─ Dispatch a command ─────────────────────────────────────────────────────────────────────────────────╮
    │  ask        a command  a shell runs it                                                               │
    │  command    set -e                                                                                   │
    │             npm ci                                                                                   │
    │             ⇥npm test -- --reporter='dot' 日本語                                                     │
    │  to         △ bob                                                                                    │
    │             △ bob is silent (stale): the job waits for it                                            │
    │  directory  ~/src/app                                                                                │
    │  repo       none                                                                                     │
    │  deadline   30m                                                                                      │
    │  run twice  yes  it may safely run twice                                                             │
    │  if lost    own numbers                                                                              │
    │             If we lose bob: it is stopped after 1m out of reach; unheard of for 10m it is lost, and  │
    │             you are asked.                                                                           │
    │  stop after 1m                                                                                       │
    │  lost after 10m                                                                                      │
    │  elsewhere  no  ask me first                                                                         │
    │  if back    keep replacement  when one that was replaced comes back                                  │
    │  more       shown  variables, artifacts, labels, title, secrets                                      │
    │  variables  CI=1                                                                                     │
    │ ▸artifacts  dist/**                                                                                  │
    │  labels     none                                                                                     │
    │  title      the command                                                                              │
    │  secrets    none                                                                                     │
    │ ── this will be sent                                                                                 │
    │ wally dispatch --on bob --cwd '~/src/app' --deadline 30m --idempotent --stop-after 1m --lost-after 1 │
    │ 0m --env CI=1 --artifact 'dist/**' -- 'set -e                                                        │
    │ npm ci                                                                                               │
    │ '$'\\t''npm test -- --reporter='\\''dot'\\'' 日本語'                                                    │
    ╰──────────────────────────────────────────────────────────────────────────────────────────────────────╯"
  `);
});

test('form: on 200x60 it is no wider than it is read', () => {
  expect(drawForm(opened([200, 60], 'make\tall'))).toMatchInlineSnapshot(`
    "╭─ Dispatch a command ─────────────────────────────────────────────────────────────────────────────────╮
    │  ask        a command  a shell runs it                                                               │
    │  command    make                                                                                     │
    │ ▸to         all                                                                                      │
    │             △ 3 of 3 match, 1 of them silent; a part for each: wendy alice bob                       │
    │  directory  a temporary one                                                                          │
    │  repo       none                                                                                     │
    │  deadline   none                                                                                     │
    │  run twice  no  ask me before it could run twice                                                     │
    │  if lost    let it run, ask me                                                                       │
    │             If we lose one of them: it runs on there; unheard of for 24h it is lost, and you are     │
    │             asked.                                                                                   │
    │  more       hidden  variables, artifacts, labels, title, secrets                                     │
    │                                                                                                      │
    │                                                                                                      │
    │                                                                                                      │
    │                                                                                                      │
    │                                                                                                      │
    │                                                                                                      │
    │                                                                                                      │
    │                                                                                                      │
    │ ── this will be sent                                                                                 │
    │ wally dispatch --all -- make                                                                         │
    ╰──────────────────────────────────────────────────────────────────────────────────────────────────────╯"
  `);
});

test('form: what is wrong is said at its field, which is scrolled into sight on 40x20', () => {
  const keys = '\tbob\t\t\tsoon\t\t\t \tCI=1\r';
  expect(drawForm(pasted([40, 20], keys))).toMatchInlineSnapshot(`
    "╭─ Dispatch a command ─── more below ─╮
    │             r='dot' 日本語          │
    │  to         △ bob                   │
    │             △ bob is silent         │
    │             (stale): the job waits… │
    │  directory  a temporary one         │
    │  repo       none                    │
    │ ▸deadline   soon                    │
    │             ✗ "soon" is not a       │
    │             duration (say 500ms,    │
    │             90s, 30m, 2h or 1d).    │
    │  run twice  no  ask me before it c… │
    │ ── this will be sent    3 of 5 rows │
    │ wally dispatch --on bob --deadline  │
    │ soon --env CI=1 -- 'set -e          │
    │ npm ci                              │
    ╰─────────────────────────────────────╯"
  `);
});

test('form: a long command is scrolled around its caret, what is sent by its own keys', () => {
  const text = Array.from({ length: 40 }, (_, n) => `echo ${n}`).join('\n');
  const state = play(opened([80, 24], ''), [{ type: 'paste', text }]).state;
  const up = type(state, '', ...Array.from({ length: 20 }, () => 'up'), 'pagedown', 'pagedown');
  expect(drawForm(up.state)).toMatchInlineSnapshot(`
    "╭─ Dispatch a command ─────────────────────────────────── more below ─╮
    │  ask        a command  a shell runs it                              │
    │ ▸command    echo 16                                               ↑ │
    │             echo 17                                                 │
    │             echo 18                                                 │
    │             echo 19                                                 │
    │             echo 20                                                 │
    │             echo 21                                                 │
    │             echo 22                                               ↓ │
    │  to         any worker                                              │
    │             △ 3 of 3 match, 1 of them silent, wendy is next: wendy  │
    │             alice bob                                               │
    │  directory  a temporary one                                         │
    │  repo       none                                                    │
    │  deadline   none                                                    │
    │ ── this will be sent                                  10 of 40 rows │
    │ echo 6                                                              │
    │ echo 7                                                              │
    │ echo 8                                                              │
    │ echo 9                                                              │
    ╰─────────────────────────────────────────────────────────────────────╯"
  `);
});

test('form: what will be sent is not scrolled past its end', () => {
  const state = opened([80, 24], 'one\ntwo\nthree\nfour\nfive', ...Array(9).fill('pagedown'));
  expect(drawForm(state)).toContain('five');
  expect(drawForm(type(state, '', 'pageup').state)).toContain('── this will be sent');
  expect(type(state, '', 'pageup').state).not.toBe(state);
});

test('form: the lowest terminal shows the field that has the keys', () => {
  expect(drawForm(opened([24, 8], 'ls\t\t\t\t9m'))).toMatchInlineSnapshot(`
    "╭─ Dispatch a comma… ─╮
    │  repo       none    │
    │ ▸deadline   9m      │
    │  run twice  no  as… │
    ╰─────────────────────╯"
  `);
});

test('form: a thousand workers are counted, not listed', () => {
  const many = Array.from({ length: 1000 }, (_, n) => worker(`w${n}`));
  const state = type(open([80, 24], { team: many }), 'd\tall').state;
  expect(drawForm(state)).toContain('1000 of 1000 match; a part for each: w0 w1 w10');
  expect(drawForm(state)).toContain('988 more');
});

test('form: every size is drawn within the screen, with the fields in sight', () => {
  for (const columns of [24, 40, 59, 60, 80, 99, 100, 117, 200]) {
    for (const rows of [8, 9, 12, 20, 24, 30, 60]) {
      const state = pasted([columns, rows], '\talice bob\t\t\t\t\t', 'left');
      for (const keys of ['', '\t', '\t\t\t\t\t \t', '\r']) {
        expect(drawForm(type(state, keys).state)).toContain('▸');
      }
    }
  }
});
