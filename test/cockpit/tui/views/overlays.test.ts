/*
 * Drawings of what covers the panes or takes the place of the log.
 *
 * The form, the question, the help, and the details of jobs, workers and groups.
 */
import { describe, expect, test } from 'vitest';
import { LogBuffer } from '../../../../cockpit/tui/state/log-buffer.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { detailOf, endedJob, job, startedJob } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';
import { drawWorld, jobs, openWorld, team } from '../world.ts';

describe('screen: over the panes', () => {
  test('the dispatch form with a refusal', () => {
    const { state, lines } = openWorld(80, 24);
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
    expect(draw(viewScreen(refused, lines))).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/3  jobs 1 running 2 waiting           △ bob silent
       1 Team 3  2 Jobs 7  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 1 Team ─────────────────────────────────────────────────────────── 1 of 3 ─╮
      │  worker  state      heard  kind    link     host            jobs            │
      │› alice   ● working  now    odally  direct   ubuntu-1        J12 J14         │
      │  bob     △ stale    9s     odally  no link  mac-mini.local                  │
      │  wendy   ○ idle     now    staff   direct   hub                             │
      ╰─────────────────────────────────────────────────────────────────────────────╯
      ╭─ 2╭─ Dispatch a command ────────────────────────────────────────────────╮7 ─╮
      │  j│                                                                     │   │
      │  J│ ▸command    npm test                                                │   │
      │  J│  worker     any worker  the hub chooses                             │   │
      │▸ J│  deadline   none                                                    │   │
      ╰───│                                                                     │───╯
      ╭─ 3│ ✗ WORKER_NO_MATCH No worker has what the job needs.                 │───╮
      │  c│ Run \`wally team\`.                                                   │   │
      │  r╰─────────────────────────────────────────────────────────────────────╯d …│
      │┃ make: *** [all] Error 3                                                    │
      │ ── ✗ FAILED exit 3 · 0.4s ───────────────────────────────────────────────── │
      │                                                                             │
      │                                                                             │
      │                                                                             │
      ╰─────────────────────────────────────────────────────────────────────────────╯
       enter send   tab next field   esc close"
    `);
  });

  test('the question before a cancel', () => {
    expect(drawWorld(60, 18, 'kkc')).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  2 wait                   △ bob silent
       1 Team 3  2 Jobs 7  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 1 Team ─────────────────────────────────────── 1 of 3 ─╮
      │  worker  state      heard  kind    link    jobs         │
      │› alice   ● working  now    odally  direct  J12 J14      │
      ╰───╭─ Cancel J13? ───────────────────────────────────╮───╯
      ╭─ 2│                                                 │7 ─╮
      │  j│ make check                                      │   │
      │▸ J│ Its processes on bob will be ended.             │   │
      ╰───│                                                 │───╯
      ╭─ 3│ ▸ No, let it run      Yes, cancel J13           │───╮
      │ On│                                                 │   │
      │   ╰─────────────────────────────────────────────────╯   │
      │                                                         │
      │                                                         │
      │                                                         │
      ╰─────────────────────────────────────────────────────────╯
       enter take the marked answer   tab switch   y yes   esc no"
    `);
  });

  test('the help, cut to a small screen', () => {
    expect(drawWorld(60, 18, '?jj')).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  2 wait                   △ bob silent
       1 Team 3  2 Jobs 7  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 1╭─ Keys ──────────────────── 15 of 117 rows, j k ─╮3 ─╮
      │  w│   r                   retry                     │   │
      │› a│   t                   a shell on the box; ctrl… │   │
      ╰───│   o                   the log in $PAGER         │───╯
      ╭─ 2│   O                   the log in $EDITOR        │7 ─╮
      │  j│                                                 │   │
      │▸ J│ Everywhere                                      │   │
      ╰───│   d                   dispatch                  │───╯
      ╭─ 3│   enter               details                   │───╮
      │  c│   /                   filter                    │   │
      │  r│   tab                 next pane                 │ll…│
      │┃ m│   shift-tab           previous pane             │   │
      │ ──│   1                   team                      │── │
      │   │   2                   jobs                      │   │
      ╰───╰─────────────────────────────────────────────────╯───╯
       esc close"
    `);
  });
});

describe('screen: in the place of the log', () => {
  test('the receipts of a job', () => {
    const { state, lines } = openWorld(100, 24);
    const failed = jobs.find(({ id }) => id === 'J11') ?? job('J11');
    const opened = play(type(state, '\r').state, [
      {
        type: 'reply',
        request: { verb: 'job', args: {}, purpose: { for: 'detail', job: 'J11' } },
        value: detailOf(failed),
      },
    ]).state;
    expect(draw(viewScreen(opened, lines))).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/3  jobs 1 running 2 waiting                               △ bob silent
       1 Team 3  2 Jobs 7  3 Job  4 Inbox  5 Doctor  6 Events
      ╭─ 1 Team ────────────────────────────────── 1 of 3 ─╮╭─ 3 Job J11 ──────────────────── esc back ─╮
      │  worker  state      heard  link     jobs           ││ what      make -j8                        │
      │› alice   ● working  now    direct   J12 J14        ││ command   npm test                        │
      │  bob     △ stale    9s     no link                 ││ state     ●●●●● ✗ FAILED exit 3 · 0.4s    │
      │  wendy   ○ idle     now    direct                  ││ asked     12:00:00                        │
      ╰────────────────────────────────────────────────────╯│ directory /srv/app                        │
      ╭─ 2 Jobs ────────────────────────────────── 5 of 7 ─╮│ deadline  30m                             │
      │  job  state                   worker  what         ││ lost      after 24h of silence; never run │
      │  J15  ●○○○○ queued            -       cargo build… ││           again by itself                 │
      │  J14  ●●●●○ started           alice   npm run ben… ││                                           │
      │  J13  ●●●○○ accepted          bob     make check   ││ ── attempt 1 · bob · alice-box ────────── │
      │  J12  ✓ ok exit 0 · 1.2s      wendy   git fetch -… ││ ● queued    12:00:00                      │
      │› J11  ✗ FAILED exit 3 · 0.4s  bob     make -j8     ││ ● sent      12:00:00  +0.1s               │
      │  J10  ⊘ cancelled · 1m 01s    alice   sleep 600    ││ ● accepted  12:00:00  +0.2s               │
      │  J9   ? lost: box is gone     bob     deploy       ││ ● started   12:00:00  +0.3s               │
      │                                                    ││ ● finished  12:00:01  +1.5s               │
      │                                                    ││ outcome   ✗ FAILED exit 3 · 0.4s          │
      │                                                    ││ used      cpu 0.3s · memory 34.0 MiB ·    │
      │                                                    ││           output 2.0 KiB                  │
      │                                                    ││                                           │
      ╰────────────────────────────────────────────────────╯╰───────────────────────────────────────────╯
       d dispatch  enter details  c cancel  r retry  / filter  tab next pane  : verb  ? help  q quit"
    `);
  });

  test('a worker', () => {
    expect(drawWorld(40, 20, '1\r')).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  2 wait       △ 1
       1  2  3 Worker  4  5  6
      ╭─ 3 Worker alice ───────── esc back ─╮
      │ name      alice                     │
      │ state     ● working                 │
      │ kind      odally                    │
      │ host      ubuntu-1                  │
      │ link      direct                    │
      │ heard     now                       │
      │ key       c0ffee0000000000…         │
      │ box       linux x64 · 8 cpus · 16.0 │
      │           GiB                       │
      │ has       git node npm              │
      │ holds     J12 J14                   │
      │                                     │
      │ latest jobs                         │
      │ job  state          what            │
      │ J14  ●●●●○ started  npm run bench … │
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
    expect(draw(viewScreen(state, new LogBuffer()))).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/3  jobs 1 running 0 waiting                               △ bob silent
       1 Team 3  2 Jobs 3  3 Log  4 Inbox  5 Doctor  6 Events
      ╭─ 1 Team ────────────────────────────────── 1 of 3 ─╮╭─ 3 Log J3 · ●○○○○ queued ─────────────────╮
      │  worker  state      heard  link     jobs           ││ One command, several workers.             │
      │› alice   ● working  now    direct   J12 J14        ││                                           │
      │  bob     △ stale    9s     no link                 ││ job  state               worker  what     │
      ╰────────────────────────────────────────────────────╯│ J2   ●●●●○ started       bob     npm test │
      ╭─ 2 Jobs ────────────────────────────────── 1 of 3 ─╮│ J1   ✓ ok exit 0 · 1.2s  alice   npm test │
      │  job  state               worker  what             ││                                           │
      │▸ J3   ●○○○○ queued        group   uname            ││                                           │
      │  J2   ●●●●○ started       bob     npm test         ││                                           │
      │  J1   ✓ ok exit 0 · 1.2s  alice   npm test         ││                                           │
      │                                                    ││                                           │
      │                                                    ││                                           │
      ╰────────────────────────────────────────────────────╯╰───────────────────────────────────────────╯
       d dispatch  enter details  c cancel  r retry  / filter  tab next pane  : verb  ? help  q quit"
    `);
  });
});
