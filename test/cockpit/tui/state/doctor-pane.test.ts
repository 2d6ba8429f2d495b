/*
 * The doctor by keys: who is asked, what is shown of it, and fixes that show their plan first.
 */
import { describe, expect, test } from 'vitest';
import type { CockpitEvent } from '../../../../cockpit/tui/state/effects.ts';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { isAgeing } from '../../../../cockpit/tui/state/update.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import type { DoctorReport, Finding } from '../../../../protocol/doctor.ts';
import { draw } from '../drawing.ts';
import { fakeStartMs, fakeTerminalFacts, finding, worker } from '../fake-hub.ts';
import { open, play, type } from '../press.ts';

const team = [worker('alice'), worker('bob'), worker('eve', { state: 'revoked' })];

function opened(columns = 120, rows = 24) {
  return type(open([columns, rows], { team }), '5');
}

type Does = 'look' | 'fix';

function said(place: string, findings: readonly Finding[], does: Does = 'look'): CockpitEvent {
  return reply(place, { findings, fixed: [] }, does);
}

function reply(place: string, value: DoctorReport, does: Does = 'look'): CockpitEvent {
  const purpose = { for: 'doctor', place, does } as const;
  return { type: 'reply', request: { verb: 'doctor', args: {}, purpose }, value };
}

const looked: CockpitEvent = {
  type: 'inspected',
  inspection: { terminal: fakeTerminalFacts, findings: [], fixed: [] },
};
const overdue = finding('job-overdue', {
  severity: 'error',
  seen: 'J7.1 is past its deadline by 12 m.',
  wanted: 'An outcome.',
  advice: 'Cancel it.',
  subject: 'J7.1',
});
const { plan: _plan, fixable: _fixable, ...stuck } = overdue;
const silent = finding('worker-silent', {
  severity: 'warning',
  seen: 'It was not heard of for 2 d.',
});
const gone = finding('job-worker-gone', {
  fixable: 'here',
  plan: 'ends J3.1 as lost',
  subject: 'J3.1',
});

/** Hub and alice have answered, bob has not. */
function world(columns = 120, rows = 24): State {
  const answers = [
    said('hub', [silent, stuck, gone]),
    looked,
    said('@alice', [finding('home-modes')]),
  ];
  return play(opened(columns, rows).state, answers).state;
}

const asks = (effects: ReturnType<typeof play>['effects']) =>
  effects.flatMap((effect) =>
    effect.type === 'request' && effect.request.verb === 'doctor' ? [effect.request.args] : [],
  );
const shown = (state: State) => draw(viewScreen(state));

describe('doctor pane', () => {
  test('doctor: opened first, it asks hub, terminal and every trusted worker; again, nobody', () => {
    const { state, effects } = opened();
    expect(asks(effects)).toEqual([{}, { on: ['alice'] }, { on: ['bob'] }]);
    expect(effects).toContainEqual({ type: 'inspect' });
    expect(asks(type(state, '25').effects)).toEqual([]);
  });

  test('doctor: r asks everybody anew, and what was said stays until then', () => {
    const { state, effects } = type(world(), 'r');
    expect(asks(effects)).toHaveLength(3);
    expect(shown(state)).toContain('home-modes');
    expect(shown(state)).toContain('is being asked');
  });

  test('doctor: a thousand workers are asked a few at a time, the next as one has answered', () => {
    const many = Array.from({ length: 1000 }, (_, n) => worker(`w${n}`));
    const { state, effects } = type(open([120, 24], { team: many }), '5');
    expect(asks(effects)).toHaveLength(7);
    const next = play(state, [said('@w1', [])]);
    expect(asks(next.effects)).toEqual([{ on: ['w6'] }]);
    expect(next.state.doctor.asked.size).toBe(8);
  });

  test('doctor: the worst comes first, wherever it is', () => {
    const lines = shown(world()).split('\n');
    const order = [
      'job-overdue',
      'job-worker-gone',
      'home-modes',
      'worker-silent',
      '◌ asking',
      '✓ well',
    ];
    const places = order.map((word) => lines.findIndex((line) => line.includes(word)));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  test('doctor: whoever does not answer shows for how long, and one that is refused why', () => {
    const tick = (nowMs: number): CockpitEvent => ({ type: 'tick', nowMs, wallMs: fakeStartMs });
    expect(isAgeing(world())).toBe(true);
    const aged = play(world(), [tick(90_000), tick(99_000)]).state;
    expect(shown(aged)).toContain('asked 9s ago');
    const request = {
      verb: 'doctor',
      args: {},
      purpose: { for: 'doctor', place: '@bob', does: 'look' },
    } as const;
    const error = { code: 'WORKER_UNKNOWN', message: 'There is no such worker.', hint: '' };
    const refused = play(aged, [{ type: 'refused', request, error }]).state;
    expect(shown(refused)).toContain('? unheard');
    expect(shown(refused)).toContain('WORKER_UNKNOWN');
    expect(refused.doctor.asked.size).toBe(0);
  });

  test('doctor: f shows the plan, asks only where it is confirmed, and says what came of it', () => {
    const chosen = type(world(), 'jjf').state;
    expect(chosen.overlay).toMatchObject({ type: 'confirm', title: 'Fix home-modes?' });
    expect(shown(chosen)).toContain('It gives /srv/wally/hub.key mode 0600.');
    expect(type(chosen, '\r').effects).toEqual([]);
    const { state, effects } = type(chosen, 'y');
    const only = 'home-modes:/srv/wally/hub.key';
    expect(asks(effects)).toEqual([{ on: ['alice'], fix: true, only }]);
    expect(state.toast?.text).toBe('alice is asked to fix home-modes');
    const fixed = { findings: [], fixed: [finding('home-modes')] };
    const done = play(state, [reply('@alice', fixed, 'fix')]).state;
    expect(done.toast?.text).toBe('alice: fixed home-modes');
    expect(shown(done)).not.toContain('home-modes:');
    const still = { ...finding('home-modes'), failure: 'Its fix failed: not permitted.' };
    const failed = play(state, [said('@alice', [still], 'fix')]).state;
    expect(failed.toast).toMatchObject({
      level: 'bad',
      text: 'home-modes: Its fix failed: not permitted.',
    });
  });

  test('doctor: F mends what is safe everywhere, and nothing else', () => {
    const chosen = type(world(), 'F').state;
    expect(chosen.overlay).toMatchObject({ title: 'Fix all 2 that are safe?' });
    const { effects } = type(chosen, 'y');
    expect(asks(effects)).toEqual([
      { on: ['alice'], fix: true, safe: true },
      { fix: true, safe: true },
    ]);
  });

  test('doctor: what cannot be mended from here says why', () => {
    const toast = (state: State) => state.toast?.text;
    expect(toast(type(world(), 'f').state)).toBe(
      'f: this cannot be mended by itself; see the advice',
    );
    const remote = play(opened().state, [
      said('hub', []),
      said('@alice', [gone]),
      looked,
      said('@bob', []),
    ]).state;
    expect(toast(type(remote, 'f').state)).toBe(
      'f: this is mended on its box: `odally doctor --fix`',
    );
    expect(type(world(), 'jf').state.overlay).toMatchObject({ title: 'Fix job-worker-gone?' });
    const well = play(opened().state, [said('hub', []), looked]).state;
    expect(toast(type(well, 'F').state)).toBe('F: nothing is there that is safe to fix');
    expect(toast(type(well, 'f').state)).toBe('f: no finding is selected');
  });

  test('doctor: / narrows by place, check and words, enter opens the details, esc leaves them', () => {
    const typed = type(world(), '/alice\r').state;
    expect(shown(typed)).toContain('1 of 1');
    const details = type(typed, '\r').state;
    expect(details.detail.isOpen).toBe(true);
    expect(type(details, '', 'esc').state.detail.isOpen).toBe(false);
  });

  test('doctor: what is wrong with the cockpit’s own files is mended here, one by one', () => {
    const own = finding('keymap-unreadable', {
      ...{ severity: 'error', fixable: 'here', plan: 'moves keys.toml aside', area: 'config' },
      subject: 'keys.toml',
    });
    const inspection = { terminal: fakeTerminalFacts, findings: [own], fixed: [] };
    const found = play(opened(120, 24).state, [
      said('hub', []),
      { type: 'inspected', inspection },
      said('@alice', []),
    ]).state;
    expect(shown(found)).toContain('keymap-unreadable');
    const asked = type(found, 'f').state;
    expect(shown(asked)).toContain('Fix keymap-unreadable?');
    const only = { id: 'keymap-unreadable', subject: 'keys.toml' };
    const { effects, state } = type(asked, 'y');
    expect(effects).toContainEqual({ type: 'inspect', only });
    const mended = { ...inspection, findings: [], fixed: [own] };
    const after = play(state, [{ type: 'inspected', inspection: mended }]).state;
    expect(after.toast?.text).toBe('cockpit: fixed keymap-unreadable');
    expect(shown(after)).not.toContain('keymap-unreadable?');
  });

  test('doctor: the cockpit’s own terminal is judged at its size', () => {
    const state = play(opened(70, 30).state, [looked]).state;
    expect(shown(state)).toContain('terminal-small');
    const wider = play(state, [{ type: 'resize', columns: 120, rows: 30 }]).state;
    expect(shown(wider)).not.toContain('terminal-small');
  });
});

describe('doctor pane: drawings', () => {
  test('doctor: drawn at 200x60', () => {
    expect(shown(type(world(200, 60), 'jj').state)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/2  jobs 0 running 0 waiting                                                                                                                                              …
       1 Team 3  2 Jobs 0  3 Log  4 Inbox  5 Doctor 4  6 Events
      ╭─ 5 Doctor ───────────────────────────────────────────────────────────────────────────── 3 of 6 ─╮╭─ home-modes ─────────────────────────────────────────────────────────────────────────────────────╮
      │  state      where    check            fix   what was seen                                       ││ ✗ error on alice · home                                                                          │
      │  ✗ error    hub      job-overdue            J7.1 is past its deadline by 12 m.                  ││                                                                                                  │
      │  ✗ error    hub      job-worker-gone  here  /srv/wally/hub.key has mode 0644.                   ││ seen      /srv/wally/hub.key has mode 0644.                                                      │
      │▸ ✗ error    alice    home-modes       safe  /srv/wally/hub.key has mode 0644.                   ││ wanted    0600.                                                                                  │
      │  △ warning  hub      worker-silent    safe  It was not heard of for 2 d.                        ││ check     only you can look into the home and its key                                            │
      │  ◌ asking   bob      -                      is being asked                                      ││ why       Whoever reads the key can be this program to every peer.                               │
      │  ✓ well     cockpit  -                      nothing is wrong                                    ││ advice    Run \`chmod 0600\` on it.                                                                │
      │                                                                                                 ││ fix       gives /srv/wally/hub.key mode 0600                                                     │
      │                                                                                                 ││ by        f here, or F with all that are safe                                                    │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      │                                                                                                 ││                                                                                                  │
      ╰─────────────────────────────────────────────────────────────────────────────────────────────────╯╰──────────────────────────────────────────────────────────────────────────────────────────────────╯
       d dispatch   enter details   f fix   F fix all that are safe   r look again   / filter   tab next pane   : verb   ? help   q quit, work goes on"
    `);
  });

  test('doctor: drawn at 120x40', () => {
    expect(shown(type(world(120, 40), 'jj').state)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/2  jobs 0 running 0 waiting                                                              …
       1 Team 3  2 Jobs 0  3 Log  4 Inbox  5 Doctor 4  6 Events
      ╭─ 5 Doctor ───────────────────────────────────── 3 of 6 ─╮╭─ home-modes ─────────────────────────────────────────────╮
      │  state      where    check            what was seen     ││ ✗ error on alice · home                                  │
      │  ✗ error    hub      job-overdue      J7.1 is past its… ││                                                          │
      │  ✗ error    hub      job-worker-gone  /srv/wally/hub.k… ││ seen      /srv/wally/hub.key has mode 0644.              │
      │▸ ✗ error    alice    home-modes       /srv/wally/hub.k… ││ wanted    0600.                                          │
      │  △ warning  hub      worker-silent    It was not heard… ││ check     only you can look into the home and its key    │
      │  ◌ asking   bob      -                is being asked    ││ why       Whoever reads the key can be this program to   │
      │  ✓ well     cockpit  -                nothing is wrong  ││           every peer.                                    │
      │                                                         ││ advice    Run \`chmod 0600\` on it.                        │
      │                                                         ││ fix       gives /srv/wally/hub.key mode 0600             │
      │                                                         ││ by        f here, or F with all that are safe            │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
      │                                                         ││                                                          │
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
       d dispatch  enter details  f fix  F fix all that are safe  r look again  / filter  tab next pane  ? help  q quit"
    `);
  });

  test('doctor: drawn at 80x24', () => {
    expect(shown(type(world(80, 24), 'jj').state)).toMatchInlineSnapshot(`
      " WALLY  ~/.wally  workers 2/2  jobs 0 running 0 waiting                      …
       1 Team 3  2 Jobs 0  3 Log  4 Inbox  5 Doctor 4  6 Events
      ╭─ 5 Doctor ───────────────────────────────────────────────────────── 3 of 6 ─╮
      │  state      where    check            fix   what was seen                   │
      │  ✗ error    hub      job-overdue            J7.1 is past its deadline by 1… │
      │  ✗ error    hub      job-worker-gone  here  /srv/wally/hub.key has mode 06… │
      │▸ ✗ error    alice    home-modes       safe  /srv/wally/hub.key has mode 06… │
      │  △ warning  hub      worker-silent    safe  It was not heard of for 2 d.    │
      │  ◌ asking   bob      -                      is being asked                  │
      │  ✓ well     cockpit  -                      nothing is wrong                │
      ╰─────────────────────────────────────────────────────────────────────────────╯
      ╭─ home-modes ────────────────────────────────────────────────────────────────╮
      │ ✗ error on alice · home                                                     │
      │                                                                             │
      │ seen      /srv/wally/hub.key has mode 0644.                                 │
      │ wanted    0600.                                                             │
      │ check     only you can look into the home and its key                       │
      │ why       Whoever reads the key can be this program to every peer.          │
      │ advice    Run \`chmod 0600\` on it.                                           │
      │ fix       gives /srv/wally/hub.key mode 0600                                │
      │ by        f here, or F with all that are safe                               │
      │                                                                             │
      ╰─────────────────────────────────────────────────────────────────────────────╯
       d dispatch  enter details  f fix  F fix all that are safe  ? help  q quit"
    `);
  });

  test('doctor: drawn at 40x30', () => {
    expect(shown(type(world(40, 30), 'jj').state)).toMatchInlineSnapshot(`
      " WALLY  2 up  0 run  0 wait          …
       1  2  3  4  5 Doctor  6
      ╭─ 5 Doctor ───────────────── 3 of 6 ─╮
      │  state      where    what was seen  │
      │  ✗ error    hub      J7.1 is past … │
      │  ✗ error    hub      /srv/wally/hu… │
      │▸ ✗ error    alice    /srv/wally/hu… │
      │  △ warning  hub      It was not he… │
      │  △ warning  cockpit  It has 40 col… │
      │  ◌ asking   bob      is being asked │
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
});

test('doctor: the worst is selected while more is told, unless one has gone elsewhere', () => {
  const early = play(opened().state, [said('hub', [silent])]).state;
  const later = play(early, [said('@alice', [finding('home-modes', { severity: 'error' })])]).state;
  expect(later.lists.doctor.selected).toContain('home-modes');
  const moved = type(play(early, [said('@alice', [])]).state, 'j').state;
  const { selected } = moved.lists.doctor;
  const after = play(moved, [said('@bob', [finding('home-modes', { severity: 'error' })])]).state;
  expect(after.lists.doctor.selected).toBe(selected);
});
