/*
 * Drawings of what covers the panes, and of details on the desk.
 *
 * The form, the question, the help, and the details of jobs, workers and groups.
 */
import { describe, expect, test } from 'vitest';
import { keymap, listBindings } from '../../../../cockpit/tui/keys/keymap.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { detailOf, endedJob, job, startedJob } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';
import { drawWorld, jobs, openWorld, team } from '../world.ts';

test('screen: the help says what the signs are without cutting any', () => {
  const lines = drawWorld(120, 40, '?G').split('\n');
  const signs = lines.filter((line) => / {5}(queued, sent|selected, chosen)/.test(line));
  expect(signs).toHaveLength(2);
  for (const sign of signs) expect(sign).not.toContain('…');
});

test('screen: at 40x30 the help goes on below and cuts no word of what a key does', () => {
  const pages = Array.from({ length: 14 }, (_, page) =>
    drawWorld(40, 30, `?${'\x04'.repeat(page)}`),
  );
  const column = pages
    .flatMap((page) => page.split('\n'))
    .map((line) => line.slice(15, -2).trim())
    .join(' ');
  for (const { title } of listBindings('global', keymap)) expect(column).toContain(title);
  expect(column).toContain('a shell on the box; ctrl-] comes back');
  expect(column).toContain('queued, sent, accepted, started, finished');
});

describe('screen: over the panes', () => {
  test('the dispatch form with a refusal', () => {
    const { state } = openWorld(80, 24);
    const { state: sending, effects } = type(state, 'dnpm test\r');
    const request = effects.flatMap((effect) =>
      effect.type === 'request' ? [effect.request] : [],
    )[0];
    if (request === undefined) throw new Error('nothing was sent');
    const error = {
      code: 'WORKER_NO_MATCH',
      message: 'No worker has what the job needs.',
      hint: 'Run `wally team`.',
    };
    const refused = play(sending, [{ type: 'refused', request, error }]).state;
    expect(draw(viewScreen(refused))).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/3  jobs 1 running 2 waiting           △ bob silent
       1 Team 3  2 Jobs 7  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 1╭─ Dispatch a command ────────────────────────────────────────────────╮3 ─╮
      │  w│  ask        a command  a shell runs it                              │   │
      │› w│  command    npm test                                                │   │
      ╰───│ ▸to           names, needs such as +git, or all; none: any worker   │───╯
      ╭─ 2│             △ 3 of 3 match, 1 of them silent, wendy is next: wendy  │7 ─╮
      │  j│             alice bob                                               │   │
      │  J│             alice bob wendy all +git +linux +node +npm +x64         │   │
      │  J│             ✗ WORKER_NO_MATCH No worker has what the job needs.     │ … │
      │  J│             Run \`wally team\`.                                       │   │
      │  J│  directory  a temporary one                                         │   │
      │▸ J│  repo       none                                                    │   │
      │  J│  deadline   none                                                    │   │
      │  J│  run twice  no  ask me before it could run twice                    │   │
      ╰───│  if lost    let it run, ask me                                      │───╯
      ╭─ 3│             If we lose its worker: it runs on there; unheard of for │───╮
      │  c│             24h it is lost, and you are asked.                      │   │
      │  r│  more       hidden  variables, artifacts, labels, title, secrets    │d …│
      │┃ m│                                                                     │   │
      │ ──│ ── this will be sent                                                │── │
      │   │ wally dispatch -- 'npm test'                                        │   │
      ╰───╰─────────────────────────────────────────────────────────────────────╯───╯
       enter send  tab next field  ctrl-j new line  ctrl-o $EDITOR  esc close"
    `);
  });

  test('the question before a cancel', () => {
    expect(drawWorld(60, 18, 'kkc')).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  2 wait                   △ bob silent
       1 Team 3  2 Jobs 7  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 1 Team ─────────────────────────────────────── 1 of 3 ─╮
      │  worker  state   link    kind   host  has               │
      │› wendy   ○ idle  direct  staff  hub   git node npm      │
      ╰───╭─ Cancel J13? ───────────────────────────────────╮───╯
      ╭─ 2│                                                 │7 ─╮
      │  j│ make check                                      │   │
      │  J│ Its processes on bob will be ended.             │ … │
      │▸ J│                                                 │   │
      │  J│ ▸ No, let it run      Yes, cancel J13           │   │
      │  J│                                                 │   │
      ╰───╰─────────────────────────────────────────────────╯───╯
      ╭─ 3 Log J13 · bob · ●●●○○ accepted ──────────────────────╮
      │ On its way to the worker.                               │
      │                                                         │
      ╰─────────────────────────────────────────────────────────╯
       enter take the marked answer   tab switch   y yes   esc no"
    `);
  });

  test('the help, cut to a small screen', () => {
    expect(drawWorld(60, 18, '?jj')).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  2 wait                   △ bob silent
       1 Team 3  2 Jobs 7  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 1╭─ Keys ───────────────────── 15 of 71 rows, j k ─╮3 ─╮
      │  w│   r          retry                              │   │
      │› w│   t          a shell on the box; ctrl-] comes   │   │
      ╰───│              back                               │───╯
      ╭─ 2│   o          the log in $PAGER                  │7 ─╮
      │  j│   O          the log in $EDITOR                 │   │
      │  J│   h left     fold; the file before              │ … │
      │  J│   l right    unfold; the file after             │   │
      │  J│   f          save the chosen file               │   │
      │▸ J│   s          only running, waiting, bad…        │   │
      ╰───│   w          only this worker; all              │───╯
      ╭─ 3│   n          only what needs this; all          │───╮
      │┃ m│   b          only this label; all               │   │
      │ ──│   a          only young ones, old ones          │── │
      ╰───╰─────────────────────────────────────────────────╯───╯
       esc close   tab all keys, or those of here"
    `);
  });
});

describe('screen: details beside the log', () => {
  test('the receipts of a job', () => {
    const { state } = openWorld(100, 24);
    const failed = jobs.find(({ id }) => id === 'J11') ?? job('J11');
    const opened = play(type(state, '\r').state, [
      {
        type: 'reply',
        request: { verb: 'job', args: {}, purpose: { for: 'detail', job: 'J11' } },
        value: detailOf(failed),
      },
    ]).state;
    expect(draw(viewScreen(opened))).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/3  jobs 1 running 2 waiting                               △ bob silent
       1 Team 3  2 Jobs 7  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 2 Job J11 ───────────────────────────── esc back ─╮╭─ 3 Log J11 · bob · ✗ FAILED ──────────────╮
      │ what      make -j8                                 ││  compiling 日本語 🚀                      │
      │ command   npm test                                 ││  red and a line that is longer than any p…│
      │ state     ●●●●● ✗ FAILED exit 3 · 0.4s             ││┃ make: *** [all] Error 3                  │
      │ receipts  12:00:00 › +0.1s › +0.2s › +0.3s › +1.5s ││ ── ✗ FAILED exit 3 · 0.4s ─────────────── │
      │ asked     12:00:00                                 ││                                           │
      │ directory /srv/app                                 ││                                           │
      │ lost      after 24h of silence; never run again by ││                                           │
      │           itself                                   ││                                           │
      │                                                    ││                                           │
      │ ── attempt 1 · bob · alice-box ─────────────────── ││                                           │
      │ ● queued   12:00:00                                ││                                           │
      │ ● sent     12:00:00  +0.1s                         ││                                           │
      │ ● accepted 12:00:00  +0.2s                         ││                                           │
      │ ● started  12:00:00  +0.3s                         ││                                           │
      │ ● finished 12:00:01  +1.5s                         ││                                           │
      │ outcome   ✗ FAILED exit 3 · 0.4s                   ││                                           │
      │ used      cpu 0.3s · memory 34.0 MiB · output 2.0  ││                                           │
      │           KiB                                      ││                                           │
      │                                                    ││                                           │
      ╰────────────────────────────────────────────────────╯╰───────────────────────────────────────────╯
       d dispatch  enter details  c cancel  r retry  / filter  tab next pane  : verb  ? help  q quit"
    `);
  });

  test('a worker', () => {
    expect(drawWorld(40, 20, '1\r')).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  2 wait       △ 1
       1 Team  2  3  4  5  6
      ╭─ 1 Worker wendy ────────────────────╮
      │ state     ○ idle                    │
      │ kind      staff                     │
      │ host      hub                       │
      │ link      direct                    │
      │ heard     now                       │
      │ holds     none                      │
      │ box       linux x64 · 8 cpus · 16.0 │
      │           GiB                       │
      │ load      not told yet              │
      │ has       git node npm              │
      │ runs      odally of a version not   │
      │           told yet                  │
      │ key       develop act diagram       │
      │           detail fit glove          │
      │ policy    not told yet              │
      ╰─────────────────────────────────────╯
       d dispatch  ? help  q quit"
    `);
  });

  test('the parts of a group', () => {
    const group = job('J3', { kind: 'group', worker: null, title: 'uname' });
    const parts = [
      endedJob('J1', { parent: 'J3' }),
      startedJob('J2', { parent: 'J3', worker: 'bob' }),
    ];
    const state = open([100, 16], { team, jobs: [group, ...parts] });
    expect(draw(viewScreen(state))).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/3  jobs 1 running 0 waiting                               △ bob silent
       1 Team 3  2 Jobs 3  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 1 Team ────────────────────────────────── 1 of 3 ─╮╭─ 3 Log J3 · ●○○○○ queued ─────────────────╮
      │  worker  state      job     link    host           ││ One command, several workers.             │
      │› wendy   ○ idle             direct  hub            ││                                           │
      │  alice   ● working  J12 +1  direct  ubuntu-1       ││ job  state               worker  what     │
      ╰────────────────────────────────────────────────────╯│ J2   ●●●●○ started       bob     npm test │
      ╭─ 2 Jobs newest first ───────────────────── 1 of 3 ─╮│ J1   ✓ ok exit 0 · 1.2s  alice   npm test │
      │  job   state               worker   what           ││                                           │
      │▸ J3▾   ●○○○○ queued        2 parts  uname          ││                                           │
      │  └ J2  ●●●●○ started       bob      npm test       ││                                           │
      │  └ J1  ✓ ok exit 0 · 1.2s  alice    npm test       ││                                           │
      │                                                    ││                                           │
      │                                                    ││                                           │
      ╰────────────────────────────────────────────────────╯╰───────────────────────────────────────────╯
       d dispatch  enter details  c cancel  r retry  / filter  tab next pane  : verb  ? help  q quit"
    `);
  });
});
