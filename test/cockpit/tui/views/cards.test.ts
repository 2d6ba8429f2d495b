/*
 * Details of jobs, workers and the hub as drawings at the four sizes.
 */
import { describe, expect, test } from 'vitest';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import { draw } from '../drawing.ts';
import { worker } from '../fake-hub.ts';
import { open, type } from '../press.ts';
import { drawDesk, drawJob, drawWorker, head } from './desk-world.ts';

describe('details of a job', () => {
  test('details of a job: 200x60, attempts side by side', () => {
    expect(head(drawJob(200, 60), 28)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 3/4  jobs 1 running 1 waiting                                                                                                                    ! 1 needs you  △ bob silent
       1 Team 4  2 Jobs 6  3 Log  4 Inbox 1  5 Doctor  6 Events
      ╭─ 2 Job J6 ──────────────────────────────────────────────────────────────── esc back ─╮╭─ 3 Log J6 · alice · ●●●●○ started ──────────────────────────────────────────────────────────────────────────╮
      │ what      npm test                                                                   ││ Reading …                                                                                                   │
      │ state     ●●●●○ started                                                              ││                                                                                                             │
      │ receipts  12:00:00 › +0.1s › +0.2s › +0.3s › ○                                       ││                                                                                                             │
      │ asked     12:00:00                                                                   ││                                                                                                             │
      │ deadline  11:59:00 · late 1m                                                         ││                                                                                                             │
      │ labels    nightly team=core                                                          ││                                                                                                             │
      │ directory /srv/app                                                                   ││                                                                                                             │
      │ lost      after 24h of silence; never run again by itself                            ││                                                                                                             │
      │                                                                                      ││                                                                                                             │
      │ ── attempt 2 · alice · alice-box ────────  ── attempt 1 · bob · 東京-mac ─────────── ││                                                                                                             │
      │ ● queued   12:00:00                        ● queued   12:00:00                       ││                                                                                                             │
      │ ● sent     12:00:00  +0.1s                 ● sent     12:00:00  +0.1s                ││                                                                                                             │
      │ ● accepted 12:00:00  +0.2s                 ● accepted 12:00:00  +0.2s                ││                                                                                                             │
      │ ● started  12:00:00  +0.3s                 ● started  12:00:00  +0.3s                ││                                                                                                             │
      │ ○ finished                                 ○ finished                                ││                                                                                                             │
      │ used      cpu 0.3s · memory 34.0 MiB ·     outcome   ? lost: box is gone             ││                                                                                                             │
      │           output 2.0 KiB                   reason    box is gone                     ││                                                                                                             │
      │                                            used      cpu 0.3s · memory 34.0 MiB ·    ││                                                                                                             │
      │                                                      output 2.0 KiB                  ││                                                                                                             │
      │                                                                                      ││                                                                                                             │
      │ ── files · h l choose · f saves ──────────────────────────────────────────────────── ││                                                                                                             │
      │ ▸ ● here   out/レポート.txt  2.0 KiB · J6.1                                          ││                                                                                                             │
      │   ◐ coming out/b.bin  1.0 KiB of 4.0 KiB · J6.1                                      ││                                                                                                             │
      │                                                                                      ││                                                                                                             │
      │                                                                                      ││                                                                                                             │"
    `);
  });

  test('details of a job: 120x40, attempts side by side in short', () => {
    expect(drawJob(120, 40)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 3/4  jobs 1 running 1 waiting                                    ! 1 needs you  △ bob silent
       1 Team 4  2 Jobs 6  3 Log  4 Inbox 1  5 Doctor  6 Events
      ╭─ 2 Job J6 ─────────────────────────────────── esc back ─╮╭─ 3 Log J6 · alice · ●●●●○ started ───────────────────────╮
      │ what      npm test                                      ││ Reading …                                                │
      │ state     ●●●●○ started                                 ││                                                          │
      │ receipts  12:00:00 › +0.1s › +0.2s › +0.3s › ○          ││                                                          │
      │ asked     12:00:00                                      ││                                                          │
      │ deadline  11:59:00 · late 1m                            ││                                                          │
      │ labels    nightly team=core                             ││                                                          │
      │ directory /srv/app                                      ││                                                          │
      │ lost      after 24h of silence; never run again by      ││                                                          │
      │           itself                                        ││                                                          │
      │                                                         ││                                                          │
      │ ── attempt 2 · alice ─────  ── attempt 1 · bob ───────  ││                                                          │
      │ on   alice-box              on   東京-mac               ││                                                          │
      │ ● queued   12:00:00         ● queued   12:00:00         ││                                                          │
      │ ● sent     +0.1s            ● sent     +0.1s            ││                                                          │
      │ ● accepted +0.2s            ● accepted +0.2s            ││                                                          │
      │ ● started  +0.3s            ● started  +0.3s            ││                                                          │
      │ ○ finished                  ○ finished                  ││                                                          │
      │ used cpu 0.3s               ? lost                      ││                                                          │
      │      memory 34.0 MiB        why  box is gone            ││                                                          │
      │      output 2.0 KiB         used cpu 0.3s               ││                                                          │
      │                                  memory 34.0 MiB        ││                                                          │
      │                                  output 2.0 KiB         ││                                                          │
      │                                                         ││                                                          │
      │ ── files · h l choose · f saves ─────────────────────── ││                                                          │
      │ ▸ ● here   out/レポート.txt  2.0 KiB · J6.1             ││                                                          │
      │   ◐ coming out/b.bin  1.0 KiB of 4.0 KiB · J6.1         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      ╰─────────────────────────────────────────────────────────╯╰──────────────────────────────────────────────────────────╯
       d dispatch   enter details   c cancel   r retry   / filter   tab next pane   : verb   ? help   q quit, work goes on"
    `);
  });

  test('details of a job: 80x24', () => {
    expect(drawJob(80, 24)).toMatchInlineSnapshot(`
      " WALLY  workers 3/4  jobs 1 running 1 waiting      ! 1 needs you  △ bob silent
       1 Team 4  2 Jobs 6  3 Log  4 Inbox 1  5 Doctor  6 Events
      ╭─ 2 Job J6 ─────────────────────────────────────── 12 of 23 rows · esc back ─╮
      │ what      npm test                                                          │
      │ state     ●●●●○ started                                                     │
      │ receipts  12:00:00 › +0.1s › +0.2s › +0.3s › ○                              │
      │ asked     12:00:00                                                          │
      │ deadline  11:59:00 · late 1m                                                │
      │ labels    nightly team=core                                                 │
      │ directory /srv/app                                                          │
      │ lost      after 24h of silence; never run again by itself                   │
      │                                                                             │
      │ ── attempt 2 · alice · alice-box ───  ── attempt 1 · bob · 東京-mac ──────  │
      │ ● queued   12:00:00                   ● queued   12:00:00                   │
      │ ● sent     12:00:00  +0.1s            ● sent     12:00:00  +0.1s            │
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

  test('details of a job: 40x30', () => {
    expect(drawJob(40, 30)).toMatchInlineSnapshot(`
      " WALLY  3 up  1 run  1 wait   ! 1 △ 1
       1  2 Jobs  3  4  5  6
      ╭─ 2 Job J6 ──────────────────────────╮
      │ what      npm test                  │
      │ state     ●●●●○ started             │
      │ receipts  12:00:00 › +0.1s › +0.2s… │
      │ asked     12:00:00                  │
      │ deadline  11:59:00 · late 1m        │
      │ labels    nightly team=core         │
      │ directory /srv/app                  │
      │ lost      after 24h of silence;     │
      │           never run again by itself │
      │                                     │
      │ ── attempt 2 · alice · alice-box ── │
      │ ● queued   12:00:00                 │
      │ ● sent     12:00:00  +0.1s          │
      │ ● accepted 12:00:00  +0.2s          │
      │ ● started  12:00:00  +0.3s          │
      │ ○ finished                          │
      │ used      cpu 0.3s · memory 34.0    │
      │           MiB · output 2.0 KiB      │
      │                                     │
      │ ── attempt 1 · bob · 東京-mac ───── │
      │ ● queued   12:00:00                 │
      │ ● sent     12:00:00  +0.1s          │
      │ ● accepted 12:00:00  +0.2s          │
      │ ● started  12:00:00  +0.3s          │
      │ ○ finished                          │
      ╰─────────────────────────────────────╯
       d dispatch  ? help  q quit"
    `);
  });
});

describe('details of a worker', () => {
  test('details of a worker: 120x40, with what waits for the M2 and what it says of itself', () => {
    expect(head(drawWorker(120, 40), 34)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 3/4  jobs 1 running 1 waiting                                    ! 1 needs you  △ bob silent
       1 Team 4  2 Jobs 6  3 Log  4 Inbox 1  5 Doctor  6 Events
      ╭─ 1 Worker eve ─────────────────────────────── esc back ─╮╭─ 3 Log J6 · alice · ●●●●○ started ───────────────────────╮
      │ state     ○ idle                                        ││ Reading …                                                │
      │ needs you D1 Start another attempt at J9?               ││                                                          │
      │ kind      odally                                        ││                                                          │
      │ host      eve-box                                       ││                                                          │
      │ link      direct                                        ││                                                          │
      │ heard     now                                           ││                                                          │
      │ holds     none                                          ││                                                          │
      │ box       linux x64 · 8 cpus · 16.0 GiB                 ││                                                          │
      │ load      0 processes want a cpu · 3.1 GiB free · 50.0  ││                                                          │
      │           GiB of disk free                              ││                                                          │
      │ has       git node npm                                  ││                                                          │
      │ runs      odally of a version not told yet              ││                                                          │
      │ key       develop act diagram detail fit glove          ││                                                          │
      │ policy    not told yet                                  ││                                                          │
      │                                                         ││                                                          │
      │ ── what it says of itself ───────────────────────────── ││                                                          │
      │ ✗ disk-low                                              ││                                                          │
      │   seen    12 MiB are free.                              ││                                                          │
      │   wanted  64 MiB or more.                               ││                                                          │
      │   do      Make room.                                    ││                                                          │
      │                                                         ││                                                          │
      │ ── its latest attempts · newest asked now ago ───────── ││                                                          │
      │ job   state               worker  what                  ││                                                          │
      │ J4.1  ✓ ok exit 0 · 1.2s  eve     uname                 ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │"
    `);
  });

  test('details of a worker: 40x30', () => {
    expect(drawWorker(40, 30)).toMatchInlineSnapshot(`
      " WALLY  3 up  1 run  1 wait   ! 1 △ 1
       1 Team  2  3  4  5  6
      ╭─ 1 Worker eve ──────────────────────╮
      │ state     ○ idle                    │
      │ needs you D1 Start another attempt  │
      │           at J9?                    │
      │ kind      odally                    │
      │ host      eve-box                   │
      │ link      direct                    │
      │ heard     now                       │
      │ holds     none                      │
      │ box       linux x64 · 8 cpus · 16.0 │
      │           GiB                       │
      │ load      0 processes want a cpu ·  │
      │           3.1 GiB free · 50.0 GiB   │
      │           of disk free              │
      │ has       git node npm              │
      │ runs      odally of a version not   │
      │           told yet                  │
      │ key       develop act diagram       │
      │           detail fit glove          │
      │ policy    not told yet              │
      │                                     │
      │ ── what it says of itself ───────── │
      │ ✗ disk-low                          │
      │   seen    12 MiB are free.          │
      │   wanted  64 MiB or more.           │
      │   do      Make room.                │
      ╰─────────────────────────────────────╯
       d dispatch  ? help  q quit"
    `);
  });

  test('details of a worker: a clock that is off and another version are said', () => {
    const odd = [worker('bob', { version: '0.0.9', aheadMs: -90_000, trouble: 'PEER_REGRESSED' })];
    const state = type(open([120, 40], { team: odd }), '1\r').state;
    const picture = draw(viewScreen(state));
    expect(picture).toContain('1m 30s behind the hub’s');
    expect(picture).toContain('odally 0.0.9 (hub 0.1.0)');
    expect(picture).toContain('PEER_REGRESSED: it is not served');
    expect(picture).toContain('Asked; it has not answered yet.');
  });
});

test('details of the hub: which process it is, since when, and what it has in hand', () => {
  expect(head(drawDesk(120, 40, '1gj\r'), 18)).toMatchInlineSnapshot(`
    " WALLY  ~/.wally  workers 3/4  jobs 1 running 1 waiting                                    ! 1 needs you  △ bob silent
     1 Team 4  2 Jobs 6  3 Log  4 Inbox 1  5 Doctor  6 Events
    ╭─ 1 Wally ──────────────────────────────────── esc back ─╮╭─ 3 Log J6 · alice · ●●●●○ started ───────────────────────╮
    │ version   0.1.0                                         ││ Reading …                                                │
    │ up        now, since 12:00:00                           ││                                                          │
    │ process   100                                           ││                                                          │
    │ home      ~/.wally                                      ││                                                          │
    │ address   127.0.0.1:4000                                ││                                                          │
    │ finds     127.0.0.1:4001                                ││                                                          │
    │ key       abababababababab…                             ││                                                          │
    │                                                         ││                                                          │
    │ workers   3 of 4 are heard                              ││                                                          │
    │ silent    bob                                           ││                                                          │
    │ jobs      1 running, 1 waiting                          ││                                                          │
    │ for you   1 in the inbox                                ││                                                          │
    │                                                         ││                                                          │
    │                                                         ││                                                          │
    │                                                         ││                                                          │"
  `);
});
