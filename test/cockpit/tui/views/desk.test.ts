/*
 * Team and board as drawings at the four sizes, and what each must not lose.
 */
import { describe, expect, test } from 'vitest';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { play } from '../press.ts';
import { drawDesk, head, openDesk } from './desk-world.ts';

describe('desk', () => {
  test('desk: 200x60, team and board with all they know', () => {
    expect(head(drawDesk(200, 60), 24)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 3/4  jobs 1 running 1 waiting                                                                                                                    ! 1 needs you  △ bob silent
       1 Team 4  2 Jobs 6  3 Log  4 Inbox 1  5 Doctor  6 Events
      ╭─ 1 Team ──────────────────────────────────────────────────────────────────── 1 of 4 ─╮╭─ 3 Log J6 · alice · ●●●●○ started ──────────────────────────────────────────────────────────────────────────╮
      │  worker          state        job           load         link     kind    host       ││ Reading …                                                                                                   │
      │  M2              ! 1 for you                                                         ││                                                                                                             │
      │   Wally          ● up now     1 run 1 wait                        hub     0.1.0      ││                                                                                                             │
      │    ▾ staff 1                                                                         ││                                                                                                             │
      │›     wendy       ◐ draining                              direct   staff   hub        ││                                                                                                             │
      │    ▾ odallies 3                                                                      ││                                                                                                             │
      │      alice       ● working    J6 ●●●●○ +1   25% 3.1 GiB  direct   odally  alice-box  ││                                                                                                             │
      │      bob         ✗ lost 3m                               no link  odally  東京-mac   ││                                                                                                             │
      │      eve         ! needs you                0% 3.1 GiB   direct   odally  eve-box    ││                                                                                                             │
      ╰──────────────────────────────────────────────────────────────────────────────────────╯│                                                                                                             │
      ╭─ 2 Jobs newest first ─────────────────────────────────────────────────────── 1 of 6 ─╮│                                                                                                             │
      │  job   state                   worker   age  due      labels             what        ││                                                                                                             │
      │▸ J6    ●●●●○ started           alice    now  late 1m  nightly team=core  npm test    ││                                                                                                             │
      │  J5    ●○○○○ queued            alice    now  in 10m                      日本語 🚀 … ││                                                                                                             │
      │  J2▾   ✗ FAILED · 1.2s         2 parts  now                              uname       ││                                                                                                             │
      │  └ J4  ✓ ok exit 0 · 1.2s      eve      now                              uname       ││                                                                                                             │
      │  └ J3  ✗ FAILED exit 3 · 1.2s  bob      now                              uname       ││                                                                                                             │
      │  J1    ✓ ok exit 0 · 1.2s      wendy    now                              deploy      ││                                                                                                             │
      │                                                                                      ││                                                                                                             │
      │                                                                                      ││                                                                                                             │
      │                                                                                      ││                                                                                                             │"
    `);
  });

  test('desk: 120x40', () => {
    expect(head(drawDesk(120, 40), 24)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 3/4  jobs 1 running 1 waiting                                    ! 1 needs you  △ bob silent
       1 Team 4  2 Jobs 6  3 Log  4 Inbox 1  5 Doctor  6 Events
      ╭─ 1 Team ─────────────────────────────────────── 1 of 4 ─╮╭─ 3 Log J6 · alice · ●●●●○ started ───────────────────────╮
      │  worker          state        job           link        ││ Reading …                                                │
      │  M2              ! 1 for you                            ││                                                          │
      │   Wally          ● up now     1 run 1 wait              ││                                                          │
      │    ▾ staff 1                                            ││                                                          │
      │›     wendy       ◐ draining                 direct      ││                                                          │
      │    ▾ odallies 3                                         ││                                                          │
      │      alice       ● working    J6 ●●●●○ +1   direct      ││                                                          │
      │      bob         ✗ lost 3m                  no link     ││                                                          │
      │      eve         ! needs you                direct      ││                                                          │
      ╰─────────────────────────────────────────────────────────╯│                                                          │
      ╭─ 2 Jobs newest first ────────────────────────── 1 of 6 ─╮│                                                          │
      │  job   state                   worker   what            ││                                                          │
      │▸ J6    late ●●●●○ started      alice    npm test        ││                                                          │
      │  J5    ●○○○○ queued            alice    日本語 🚀 build ││                                                          │
      │  J2▾   ✗ FAILED · 1.2s         2 parts  uname           ││                                                          │
      │  └ J4  ✓ ok exit 0 · 1.2s      eve      uname           ││                                                          │
      │  └ J3  ✗ FAILED exit 3 · 1.2s  bob      uname           ││                                                          │
      │  J1    ✓ ok exit 0 · 1.2s      wendy    deploy          ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │"
    `);
  });

  test('desk: 80x24', () => {
    expect(drawDesk(80, 24)).toMatchInlineSnapshot(`
      " WALLY  workers 3/4  jobs 1 running 1 waiting      ! 1 needs you  △ bob silent
       1 Team 4  2 Jobs 6  3 Log  4 Inbox 1  5 Doctor  6 Events
      ╭─ 1 Team ─────────────────────────────────────────────────────────── 1 of 4 ─╮
      │  worker  state       link    kind   host  has                               │
      │› wendy   ◐ draining  direct  staff  hub   git node npm                      │
      ╰─────────────────────────────────────────────────────────────────────────────╯
      ╭─ 2 Jobs newest first ────────────────────────────────────────────── 1 of 6 ─╮
      │  job   state                   worker   due      what                       │
      │▸ J6    ●●●●○ started           alice    late 1m  npm test                   │
      │  J5    ●○○○○ queued            alice    in 10m   日本語 🚀 build            │
      │  J2▾   ✗ FAILED · 1.2s         2 parts           uname                      │
      │  └ J4  ✓ ok exit 0 · 1.2s      eve               uname                      │
      │  └ J3  ✗ FAILED exit 3 · 1.2s  bob               uname                      │
      │  J1    ✓ ok exit 0 · 1.2s      wendy             deploy                     │
      │                                                                             │
      ╰─────────────────────────────────────────────────────────────────────────────╯
      ╭─ 3 Log J6 · alice · ●●●●○ started ──────────────────────────────────────────╮
      │ Reading …                                                                   │
      │                                                                             │
      │                                                                             │
      │                                                                             │
      │                                                                             │
      ╰─────────────────────────────────────────────────────────────────────────────╯
       d dispatch  enter details  c cancel  r retry  / filter  ? help  q quit"
    `);
  });

  test('desk: 40x30, the team and the board one after the other', () => {
    expect(head(drawDesk(40, 30, '1'), 12)).toMatchInlineSnapshot(`
      " WALLY  3 up  1 run  1 wait   ! 1 △ 1
       1 Team  2  3  4  5  6
      ╭─ 1 Team ─────────────────── 1 of 4 ─╮
      │  worker          state              │
      │  M2              ! 1 for you        │
      │   Wally          ● up now           │
      │    ▾ staff 1                        │
      │▸     wendy       ◐ draining         │
      │    ▾ odallies 3                     │
      │      alice       ● working          │
      │      bob         ✗ lost 3m          │
      │      eve         ! needs you        │"
    `);
    expect(head(drawDesk(40, 30, '2'), 12)).toMatchInlineSnapshot(`
      " WALLY  3 up  1 run  1 wait   ! 1 △ 1
       1  2 Jobs  3  4  5  6
      ╭─ 2 Jobs newest first ────── 1 of 6 ─╮
      │  job   state             what       │
      │▸ J6    late ●●●●○ star…  npm test   │
      │  J5    ●○○○○ queued      日本語 🚀… │
      │  J2▾   ✗ FAILED          uname      │
      │  └ J4  ✓ ok exit 0       uname      │
      │  └ J3  ✗ FAILED exit 3   uname      │
      │  J1    ✓ ok exit 0       deploy     │
      │                                     │
      │                                     │"
    `);
  });

  test('desk: zoomed, the dots become the chain of receipts with their times', () => {
    expect(head(drawDesk(200, 60, 'z'), 12)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 3/4  jobs 1 running 1 waiting                                                                                                                    ! 1 needs you  △ bob silent
       1 Team 4  2 Jobs 6  3 Log  4 Inbox 1  5 Doctor  6 Events
      ╭─ 2 Jobs newest first ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── 1 of 6 ─╮
      │  job   state                   queued    sent   accepted  started  finished  worker   age  due      needs  labels             what                                                                  │
      │▸ J6    started                 12:00:00  +0.1s  +0.2s     +0.3s    ○         alice    now  late 1m         nightly team=core  npm test                                                              │
      │  J5    queued                  12:00:00  ○      ○         ○        ○         alice    now  in 10m   gpu                       日本語 🚀 build                                                       │
      │  J2▾   ✗ FAILED · 1.2s         12:00:00  +0.1s  +0.2s     +0.3s    +1.5s     2 parts  now                                     uname                                                                 │
      │  └ J4  ✓ ok exit 0 · 1.2s      12:00:00  +0.1s  +0.2s     +0.3s    +1.5s     eve      now                                     uname                                                                 │
      │  └ J3  ✗ FAILED exit 3 · 1.2s  12:00:00  +0.1s  +0.2s     +0.3s    +1.5s     bob      now                                     uname                                                                 │
      │  J1    ✓ ok exit 0 · 1.2s      12:00:00  +0.1s  +0.2s     +0.3s    +1.5s     wendy    now                                     deploy                                                                │
      │                                                                                                                                                                                                     │
      │                                                                                                                                                                                                     │"
    `);
  });

  test('desk: the title says how the board is sorted and narrowed', () => {
    expect(drawDesk(120, 40, 'S')).toContain('2 Jobs worst first ─');
    expect(drawDesk(120, 40, 'SS')).toContain('2 Jobs worst last ─');
    expect(drawDesk(120, 40, 'sss')).toContain('2 Jobs newest first /state:bad ─');
  });

  test('desk: a folded group says that it is, and how many parts it has', () => {
    expect(drawDesk(120, 40, 'jjh')).toMatch(/J2▸ .* 2 parts/);
  });

  test('desk: without a hub Wally is gone and every age grows', () => {
    const gone = play(openDesk(120, 40), [
      { type: 'link-gone', reason: 'killed', tryCount: 0 },
      { type: 'tick', nowMs: 30_000, wallMs: 30_000 },
    ]).state;
    const picture = draw(viewScreen(gone));
    expect(picture).toMatch(/Wally +✗ gone/);
    expect(picture).toMatch(/alice +● working 30s/);
  });
});
