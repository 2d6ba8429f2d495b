/*
 * Three attempts at a job as drawings at the four sizes: which stand side by side, and which below.
 */
import { describe, expect, test } from 'vitest';
import { cut, drawAttempts } from './desk-world.ts';

describe('three attempts at a job', () => {
  test('three attempts: 200x60, two side by side, the oldest below in the whole width', () => {
    expect(cut(drawAttempts([200, 60], 3, '\r'), [12, 33], 88)).toMatchInlineSnapshot(`
      "│ ── attempt 3 · alice · alice-box ────────  ── attempt 2 · carol · ci-runner-17.eu-c… │
      │ ● queued   12:00:00                        ● queued   12:00:00                       │
      │ ● sent     12:00:00  +0.1s                 ● sent     12:00:00  +0.1s                │
      │ ● accepted 12:00:00  +0.2s                 ● accepted 12:00:00  +0.2s                │
      │ ● started  12:00:00  +0.3s                 ● started  12:00:00  +0.3s                │
      │ ○ finished                                 ● finished 12:12:05  +12m 05s             │
      │ used      cpu 0.3s · memory 34.0 MiB ·     outcome   ✗ FAILED exit 127 · 12m 05s     │
      │           output 2.0 KiB                   replaced  another runs in its place       │
      │                                            kept      ~/.odally/trees/J6.2, 1         │
      │                                                      uncommitted file                │
      │                                                      t opens a shell there; :tidy J6 │
      │                                                      removes it once it is taken     │
      │                                            used      cpu 0.3s · memory 34.0 MiB ·    │
      │                                                      output 2.0 KiB                  │
      │                                                                                      │
      │ ── attempt 1 · bob · 東京-mac ────────────────────────────────────────────────────── │
      │ ● queued   12:00:00                                                                  │
      │ ● sent     12:00:00  +0.1s                                                           │
      │ ● accepted 12:00:00  +0.2s                                                           │
      │ ● started  12:00:00  +0.3s                                                           │
      │ ○ finished                                                                           │"
    `);
  });

  test('three attempts: 120x40, the two newest side by side in short', () => {
    expect(cut(drawAttempts([120, 40], 3, '\r'), [12, 39], 59)).toMatchInlineSnapshot(`
      "│                                                         │
      │ ── attempt 3 · alice ─────  ── attempt 2 · carol ─────  │
      │ on   alice-box              on   ci-runner-17.eu-cent…  │
      │ ● queued   12:00:00         ● queued   12:00:00         │
      │ ● sent     +0.1s            ● sent     +0.1s            │
      │ ● accepted +0.2s            ● accepted +0.2s            │
      │ ● started  +0.3s            ● started  +0.3s            │
      │ ○ finished                  ● finished +12m 05s         │
      │ used cpu 0.3s               ✗ FAILED exit 127           │
      │      memory 34.0 MiB        took 12m 05s                │
      │      output 2.0 KiB         replaced by another         │
      │                             kept ~/.odally/trees/J6.2,  │
      │                                  1 uncommitted file     │
      │                                  t opens a shell        │
      │                                  there; :tidy J6        │
      │                                  removes it once it is  │
      │                                  taken                  │
      │                             used cpu 0.3s               │
      │                                  memory 34.0 MiB        │
      │                                  output 2.0 KiB         │
      │                                                         │
      │ ── attempt 1 · bob · 東京-mac ───────────────────────── │
      │ ● queued   12:00:00                                     │
      │ ● sent     12:00:00  +0.1s                              │
      │ ● accepted 12:00:00  +0.2s                              │
      │ ● started  12:00:00  +0.3s                              │
      ╰─────────────────────────────────────────────────────────╯"
    `);
  });

  test('three attempts: 80x24 zoomed, side by side', () => {
    expect(drawAttempts([80, 24], 3, '\rz')).toMatchInlineSnapshot(`
      " WALLY  workers 3/4  jobs 1 running 1 waiting      ! 1 needs you  △ bob silent
       1 Team 4  2 Jobs 6  3 Log  4 Inbox 1  5 Doctor  6 Events
      ╭─ 2 Job J6 ─────────────────────────────────────── 19 of 38 rows · esc back ─╮
      │ what      npm test                                                          │
      │ state     ●●●●○ started                                                     │
      │ receipts  12:00:00 › +0.1s › +0.2s › +0.3s › ○                              │
      │ asked     12:00:00                                                          │
      │ deadline  11:59:00 · late 1m                                                │
      │ labels    nightly team=core                                                 │
      │ directory /srv/app                                                          │
      │ lost      after 24h of silence; never run again by itself                   │
      │                                                                             │
      │ ── attempt 3 · alice · alice-box ───  ── attempt 2 · carol · ci-runner-17…  │
      │ ● queued   12:00:00                   ● queued   12:00:00                   │
      │ ● sent     12:00:00  +0.1s            ● sent     12:00:00  +0.1s            │
      │ ● accepted 12:00:00  +0.2s            ● accepted 12:00:00  +0.2s            │
      │ ● started  12:00:00  +0.3s            ● started  12:00:00  +0.3s            │
      │ ○ finished                            ● finished 12:12:05  +12m 05s         │
      │ used      cpu 0.3s · memory 34.0 MiB  outcome   ✗ FAILED exit 127 · 12m 0…  │
      │           · output 2.0 KiB            replaced  another runs in its place   │
      │                                       kept      ~/.odally/trees/J6.2, 1     │
      │                                                 uncommitted file            │
      ╰─────────────────────────────────────────────────────────────────────────────╯
       d dispatch  enter details  c cancel  r retry  / filter  ? help  q quit"
    `);
  });

  test('three attempts: 40x30 zoomed, below each other', () => {
    expect(drawAttempts([40, 30], 3, '\rz')).toMatchInlineSnapshot(`
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
      │ ── attempt 3 · alice · alice-box ── │
      │ ● queued   12:00:00                 │
      │ ● sent     12:00:00  +0.1s          │
      │ ● accepted 12:00:00  +0.2s          │
      │ ● started  12:00:00  +0.3s          │
      │ ○ finished                          │
      │ used      cpu 0.3s · memory 34.0    │
      │           MiB · output 2.0 KiB      │
      │                                     │
      │ ── attempt 2 · carol · ci-runner-1… │
      │ ● queued   12:00:00                 │
      │ ● sent     12:00:00  +0.1s          │
      │ ● accepted 12:00:00  +0.2s          │
      │ ● started  12:00:00  +0.3s          │
      │ ● finished 12:12:05  +12m 05s       │
      ╰─────────────────────────────────────╯
       d dispatch  ? help  q quit"
    `);
  });

  test('three attempts: 100 columns are the fewest in which two stand side by side on the desk', () => {
    expect(cut(drawAttempts([100, 40], 3, '\r'), [12, 33], 53)).toMatchInlineSnapshot(`
      "│                                                    
      │ ── attempt 3 · alice ───  ── attempt 2 · carol ─── 
      │ on   alice-box            on   ci-runner-17.eu-ce… 
      │ ● queued   12:00:00       ● queued   12:00:00      
      │ ● sent     +0.1s          ● sent     +0.1s         
      │ ● accepted +0.2s          ● accepted +0.2s         
      │ ● started  +0.3s          ● started  +0.3s         
      │ ○ finished                ● finished +12m 05s      
      │ used cpu 0.3s             ✗ FAILED exit 127        
      │      memory 34.0 MiB      took 12m 05s             
      │      output 2.0 KiB       replaced by another      
      │                           kept ~/.odally/trees/J6. 
      │                                2, 1 uncommitted    
      │                                file                
      │                                t opens a shell     
      │                                there; :tidy J6     
      │                                removes it once it  
      │                                is taken            
      │                           used cpu 0.3s            
      │                                memory 34.0 MiB     
      │                                output 2.0 KiB      "
    `);
  });
});
