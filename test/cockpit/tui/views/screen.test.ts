/*
 * The screen as drawings, at the sizes people have.
 */
import { describe, expect, test } from 'vitest';
import { LogBuffer } from '../../../../cockpit/tui/state/log-buffer.ts';
import { openState, type State } from '../../../../cockpit/tui/state/model.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { at, detailOf, endedJob, job, startedJob, worker } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';

const team = [
  worker('alice', { state: 'working', host: 'ubuntu-1', jobs: ['J12', 'J14'] }),
  worker('bob', { state: 'stale', link: 'none', host: 'mac-mini.local', lastSeenMs: 9000 }),
  worker('wendy', { kind: 'staff', host: 'hub' }),
];
const accepted = {
  queuedAt: at(0),
  sentAt: at(0),
  acceptedAt: at(0),
  startedAt: null,
  finishedAt: null,
};
const jobs = [
  job('J15', { title: 'cargo build --release', worker: null }),
  startedJob('J14', { title: 'npm run bench "日本語テスト 🚀 name"' }),
  job('J13', { title: 'make check', worker: 'bob', state: 'accepted', receipts: accepted }),
  endedJob('J12', { title: 'git fetch --all', worker: 'wendy' }),
  endedJob('J11', {
    title: 'make -j8',
    worker: 'bob',
    outcome: 'failed',
    exitCode: 3,
    durationMs: 402,
  }),
  endedJob('J10', { title: 'sleep 600', outcome: 'cancelled', exitCode: null, durationMs: 61_000 }),
  endedJob('J9', {
    title: 'deploy',
    worker: 'bob',
    outcome: 'lost',
    reason: 'box is gone',
    exitCode: null,
    durationMs: null,
  }),
];

/** The screen with J11's log open: a line of each kind. */
function openWorld(
  columns: number,
  rows: number,
): { readonly state: State; readonly lines: LogBuffer } {
  const lines = new LogBuffer();
  lines.append(
    'stdout',
    'compiling 日本語 🚀\n\x1b[31mred\x1b[0m and a line that is longer than any pane on a small screen, and on and on and on, up to its end.\n',
  );
  lines.append('stderr', 'make: *** [all] Error 3\n');
  const chosen = type(open([columns, rows], { team, jobs }), 'jjjj').state;
  const { first, end, revision } = lines;
  return { state: play(chosen, [{ type: 'log', job: 'J11', first, end, revision }]).state, lines };
}

function drawWorld(columns: number, rows: number, keys = ''): string {
  const { state, lines } = openWorld(columns, rows);
  return draw(viewScreen(type(state, keys).state, lines));
}

describe('screen: drawn at', () => {
  test('120x24, side by side', () => {
    expect(drawWorld(120, 24)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/3  jobs 1 running 2 waiting                                                   △ bob silent
      ╭─ 1 Team ─────────────────────────────────────── 1 of 3 ─╮╭─ 3 Log J11 · bob · ✗ FAILED ─────────────────────────────╮
      │  worker  state      heard  kind    link     jobs        ││  compiling 日本語 🚀                                     │
      │› alice   ● working  now    odally  direct   J12 J14     ││  red and a line that is longer than any pane on a small …│
      │  bob     △ stale    9s     odally  no link              ││┃ make: *** [all] Error 3                                 │
      │  wendy   ○ idle     now    staff   direct               ││ ── ✗ FAILED exit 3 · 0.4s ────────────────────────────── │
      ╰─────────────────────────────────────────────────────────╯│                                                          │
      ╭─ 2 Jobs ─────────────────────────────────────── 5 of 7 ─╮│                                                          │
      │  job  state                   worker  what              ││                                                          │
      │  J15  ●○○○○ queued            -       cargo build --re… ││                                                          │
      │  J14  ●●●●○ started           alice   npm run bench " … ││                                                          │
      │  J13  ●●●○○ accepted          bob     make check        ││                                                          │
      │  J12  ✓ ok exit 0 · 1.2s      wendy   git fetch --all   ││                                                          │
      │▸ J11  ✗ FAILED exit 3 · 0.4s  bob     make -j8          ││                                                          │
      │  J10  ⊘ cancelled · 1m 01s    alice   sleep 600         ││                                                          │
      │  J9   ? lost: box is gone     bob     deploy            ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      ╰─────────────────────────────────────────────────────────╯╰──────────────────────────────────────────────────────────╯
       d dispatch   enter details   c cancel   r retry   tab next pane   ? help   q quit, work goes on"
    `);
  });

  test('80x24, stacked', () => {
    expect(drawWorld(80, 24)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/3  jobs 1 running 2 waiting           △ bob silent
      ╭─ 1 Team ─────────────────────────────────────────────────────────── 1 of 3 ─╮
      │  worker  state      heard  kind    link     host            jobs            │
      │› alice   ● working  now    odally  direct   ubuntu-1        J12 J14         │
      │  bob     △ stale    9s     odally  no link  mac-mini.local                  │
      │  wendy   ○ idle     now    staff   direct   hub                             │
      ╰─────────────────────────────────────────────────────────────────────────────╯
      ╭─ 2 Jobs ─────────────────────────────────────────────────────────── 5 of 7 ─╮
      │  job  state                         worker  what                            │
      │  J14  ●●●●○ started                 alice   npm run bench "日本語テスト 🚀… │
      │  J13  ●●●○○ accepted                bob     make check                      │
      │  J12  ●●●●● ✓ ok exit 0 · 1.2s      wendy   git fetch --all                 │
      │▸ J11  ●●●●● ✗ FAILED exit 3 · 0.4s  bob     make -j8                        │
      ╰─────────────────────────────────────────────────────────────────────────────╯
      ╭─ 3 Log J11 · bob · ✗ FAILED ────────────────────────────────────────────────╮
      │  compiling 日本語 🚀                                                        │
      │  red and a line that is longer than any pane on a small screen, and on and …│
      │┃ make: *** [all] Error 3                                                    │
      │ ── ✗ FAILED exit 3 · 0.4s ───────────────────────────────────────────────── │
      │                                                                             │
      │                                                                             │
      │                                                                             │
      ╰─────────────────────────────────────────────────────────────────────────────╯
       d dispatch  enter details  c cancel  r retry  tab next pane  ? help  q quit"
    `);
  });

  test('40x20, one pane: jobs, then the log', () => {
    expect(drawWorld(40, 20)).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  2 wait       △ 1
       1 Team 3   2 Jobs 7   3 Log
      ╭─ 2 Jobs ─────────────────── 5 of 7 ─╮
      │  job  state             what        │
      │  J15  ●○○○○ queued      cargo buil… │
      │  J14  ●●●●○ started     npm run be… │
      │  J13  ●●●○○ accepted    make check  │
      │  J12  ✓ ok exit 0       git fetch … │
      │▸ J11  ✗ FAILED exit 3   make -j8    │
      │  J10  ⊘ cancelled       sleep 600   │
      │  J9   ? lost: box is …  deploy      │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      ╰─────────────────────────────────────╯
       d dispatch  ? help  q quit"
    `);
    expect(drawWorld(40, 20, '3')).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  2 wait       △ 1
       1 Team 3   2 Jobs 7   3 Log
      ╭─ 3 Log J11 · bob · ✗ FAILED ────────╮
      │  compiling 日本語 🚀                │
      │  red and a line that is longer than…│
      │┃ make: *** [all] Error 3            │
      │ ── ✗ FAILED exit 3 · 0.4s ───────── │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      │                                     │
      ╰─────────────────────────────────────╯
       d dispatch  ? help  q quit"
    `);
  });

  test('23x8, too small', () => {
    expect(drawWorld(23, 8)).toMatchInlineSnapshot(`
      "Too small: 23x8. It
      takes 24x8. q quits.





      "
    `);
  });
});

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
      ╭─ 1 Team ─────────────────────────────────────────────────────────── 1 of 3 ─╮
      │  worker  state      heard  kind    link     host            jobs            │
      │› alice   ● working  now    odally  direct   ubuntu-1        J12 J14         │
      │  bob     △ stale    9s     odally  no link  mac-mini.local                  │
      │  wendy   ○ idle     now    staff   direct   hub                             │
      ╰─────────────────────────────────────────────────────────────────────────────╯
      ╭─ 2╭─ Dispatch a command ────────────────────────────────────────────────╮7 ─╮
      │  j│                                                                     │   │
      │  J│ ▸command    npm test                                                │… │
      │  J│  worker     any worker  the hub chooses                             │   │
      │  J│  deadline   none                                                    │   │
      │▸ J│                                                                     │   │
      ╰───│ ✗ WORKER_NO_MATCH No worker has what the job needs.                 │───╯
      ╭─ 3│ Run \`wally team\`.                                                   │───╮
      │  c╰─────────────────────────────────────────────────────────────────────╯   │
      │  red and a line that is longer than any pane on a small screen, and on and …│
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
      ╭─ 1 Team ─────────────────────────────────────── 1 of 3 ─╮
      │  worker  state      heard  kind    link     jobs        │
      │› alice   ● working  now    odally  direct   J12 J14     │
      ╰─────────────────────────────────────────────────────────╯
      ╭─ 2╭─ Cancel J13? ───────────────────────────────────╮7 ─╮
      │  j│                                                 │   │
      │▸ J│ make check                                      │   │
      │  J│ Its processes on bob will be ended.             │   │
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
      ╭─ 1╭─ Keys ───────────────────── 16 of 58 rows, j k ─╮3 ─╮
      │  w│   c                   cancel                    │   │
      │› a│   r                   retry                     │   │
      ╰───│   tab                 next pane                 │───╯
      ╭─ 2│   shift-tab           previous pane             │7 ─╮
      │  j│   1                   team                      │   │
      │  J│   2                   jobs                      │   │
      │▸ J│   3                   log                       │   │
      ╰───│   esc                 climb back                │───╯
      ╭─ 3│   ?                   help                      │───╮
      │  c│   q                   quit, work goes on        │   │
      │  r│   ctrl-l              draw everything again     │ll…│
      │┃ m│   ctrl-z              suspend to the shell      │   │
      │ ──│   ctrl-c              quit, work goes on        │── │
      │   │                                                 │   │
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
      { type: 'detail', detail: detailOf(failed) },
    ]).state;
    expect(draw(viewScreen(opened, lines))).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/3  jobs 1 running 2 waiting                               △ bob silent
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
      │                                                    ││                                           │
      ╰────────────────────────────────────────────────────╯╰───────────────────────────────────────────╯
       d dispatch   enter details   c cancel   r retry   tab next pane   ? help   q quit, work goes on"
    `);
  });

  test('a worker', () => {
    expect(drawWorld(40, 20, '1\r')).toMatchInlineSnapshot(`
      " WALLY  2 up  1 run  2 wait       △ 1
       1 Team 3   2 Jobs 7   3 Worker
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
      │                                                    ││                                           │
      ╰────────────────────────────────────────────────────╯╰───────────────────────────────────────────╯
       d dispatch   enter details   c cancel   r retry   tab next pane   ? help   q quit, work goes on"
    `);
  });
});

test('screen: a lost hub takes the header and leaves the rest as it was', () => {
  const { state, lines } = openWorld(80, 24);
  const gone = play(state, [{ type: 'link-gone', reason: 'it was killed', tryCount: 2 }]).state;
  const [banner, ...rest] = draw(viewScreen(gone, lines)).split('\n');
  expect(banner).toBe(' HUB GONE · trying again (3) · work goes on, q leaves · it was killed');
  expect(rest.slice(0, -1)).toEqual(draw(viewScreen(state, lines)).split('\n').slice(1, -1));
});

test('screen: without a hub no worker is said to be heard now', () => {
  const state = open([80, 24], { team: [worker('alice')] });
  expect(draw(viewScreen(state, new LogBuffer()))).toMatch(/alice .* now/);
  const gone = play(state, [
    { type: 'link-gone', reason: 'killed', tryCount: 0 },
    { type: 'tick', nowMs: 30_000, wallMs: 30_000 },
  ]).state;
  expect(draw(viewScreen(gone, new LogBuffer()))).toMatch(/alice .* 30s/);
});

test('screen: before the hub has answered it is said to be asked', () => {
  const seed = { version: '1', columns: 80, rows: 24, zoneMinutes: 0, nowMs: 0, wallMs: 0 };
  const picture = draw(viewScreen(openState(seed), new LogBuffer()));
  expect(picture.match(/Asking the hub/g)).toHaveLength(2);
  expect(picture).not.toContain('No worker');
});

test('screen: an empty world says what to do', () => {
  const picture = draw(viewScreen(open([80, 24]), new LogBuffer()));
  expect(picture).toContain('No worker is paired yet.');
  expect(picture).toContain('d dispatches one.');
  expect(picture).toContain('Select a job to see its output.');
});

test('screen: new lines below a paused log are counted', () => {
  const { lines } = openWorld(80, 24);
  for (let index = 0; index < 40; index += 1) lines.append('stdout', `line ${index}\n`);
  const state = open([80, 24], { team, jobs });
  const news = (end: number) =>
    ({ type: 'log', job: 'J15', first: 0, end, revision: end }) as const;
  const paused = type(play(state, [news(30)]).state, '3k').state;
  expect(draw(viewScreen(paused, lines))).toContain('paused, G follows');
  const later = play(paused, [news(42)]).state;
  expect(draw(viewScreen(later, lines))).toContain('12 new below, G follows');
});

test('screen: left and right scroll the log sideways', () => {
  const { state, lines } = openWorld(80, 24);
  const right = type(type(state, '3').state, '', 'right').state;
  expect(draw(viewScreen(right, lines))).toContain('is longer than any pane');
  expect(draw(viewScreen(type(right, '', 'left').state, lines))).toContain('red and a line');
});

test('screen: nothing leaves the terminal, whatever its size', () => {
  const wild = [
    worker('a'.repeat(32), { host: '日本語'.repeat(20), state: 'lost', link: 'none' }),
    ...team,
  ];
  const wide = job('J1', {
    title: '日本語 🚀 \x1b[2J \n x'.repeat(9),
    reason: '🚀'.repeat(40),
    outcome: 'lost',
  });
  const lines = new LogBuffer();
  lines.append('stdout', `${'👩‍👩‍👧日'.repeat(200)}\n`.repeat(50));
  const news = { type: 'log', job: 'J15', first: 0, end: 50, revision: 1 } as const;
  for (const columns of [1, 2, 10, 23, 24, 39, 40, 59, 60, 80, 99, 100, 101, 130]) {
    for (const rows of [1, 2, 7, 8, 9, 10, 17, 18, 24, 40]) {
      const base = play(open([columns, rows], { team: wild, jobs: [...jobs, wide] }), [news]).state;
      for (const keys of ['', '1', '3', '?', 'd日本語', 'Gkk1\r', 'kc', '\r']) {
        const picture = draw(viewScreen(type(base, keys).state, lines));
        expect(picture.split('\n')).toHaveLength(rows);
      }
    }
  }
});
