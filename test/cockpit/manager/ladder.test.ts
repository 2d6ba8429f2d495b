/*
 * The ladder of one worker: when ssh is opened and given up, and what is told, whatever happens.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  blockedAfterMs,
  explainLink,
  findLadderDeadline,
  type LadderEffect,
  type LadderEvent,
  type LadderState,
  nameLink,
  openLadder,
  provenMs,
  sshAfterMs,
  sshAgainMs,
  sshPauseMs,
  stepLadder,
} from '../../../cockpit/manager/ladder.ts';

/** A ladder with its clock; keeps what it asked for. */
class Climb {
  nowMs = 0;
  state: LadderState;
  readonly asked: LadderEffect[] = [];

  constructor(hasSsh: boolean) {
    this.state = openLadder(hasSsh, { nowMs: 0, roll: 0 });
  }

  send(event: LadderEvent): readonly LadderEffect[] {
    const { state, effects } = stepLadder(this.state, event, { nowMs: this.nowMs, roll: 0 });
    this.state = state;
    this.asked.push(...effects);
    return effects;
  }

  /** Goes to the next deadline. */
  wait(): readonly LadderEffect[] {
    this.nowMs = findLadderDeadline(this.state) ?? this.nowMs;
    return this.send({ type: 'tick' });
  }

  get told(): readonly string[] {
    return this.asked.flatMap((effect) => (effect.do === 'tell' ? [effect.word] : []));
  }
}

const direct = { type: 'linked', way: 'direct' } as const;
const relayed = { type: 'linked', way: 'relayed' } as const;
const ssh = { type: 'linked', way: 'ssh' } as const;
const silent = { type: 'unlinked', reason: 'LINK_TIMEOUT' } as const;
const failed = { type: 'ssh-failed', reason: 'no route' } as const;

describe('ladder', () => {
  test('ladder: an agent that dials in is direct, and nobody is told of what is normal', () => {
    const climb = new Climb(true);
    expect(nameLink(climb.state)).toBe('none');
    climb.send(direct);
    expect(nameLink(climb.state)).toBe('direct');
    expect(explainLink(climb.state)).toBeUndefined();
    expect(climb.asked).toEqual([]);
  });

  test('ladder: after a while without a link ssh is opened, and told once it links', () => {
    const climb = new Climb(true);
    climb.send(direct);
    climb.nowMs = 1000;
    climb.send(silent);
    climb.nowMs += sshAfterMs - 1;
    expect(climb.send({ type: 'tick' })).toEqual([]);
    climb.nowMs += 1;
    expect(climb.send({ type: 'tick' })).toEqual([{ do: 'open-ssh' }]);
    expect(nameLink(climb.state)).toBe('none');
    climb.send(ssh);
    expect(climb.asked.at(-1)).toEqual({
      do: 'tell',
      word: 'ssh',
      reason: 'the direct link fell silent',
    });
  });

  test('ladder: a blip that the agent mends by itself opens nothing and tells nothing', () => {
    const climb = new Climb(true);
    climb.send(direct);
    climb.send(silent);
    climb.nowMs += sshAfterMs - 1;
    climb.send(direct);
    expect(climb.asked).toEqual([]);
    expect(findLadderDeadline(climb.state)).toBeUndefined();
  });

  test('ladder: where ssh fails too it is blocked with both reasons, and tried again later', () => {
    const climb = new Climb(true);
    climb.send(direct);
    climb.send(silent);
    climb.wait();
    climb.send(failed);
    expect(nameLink(climb.state)).toBe('blocked');
    expect(explainLink(climb.state)).toBe('the direct link fell silent; ssh: no route');
    expect(climb.wait()).toEqual([{ do: 'open-ssh' }]);
    expect(nameLink(climb.state)).toBe('blocked');
    climb.send(failed);
    expect(climb.told).toEqual(['blocked']);
  });

  test('ladder: pauses grow to half a minute, and to five minutes after ten', () => {
    const climb = new Climb(true);
    const pauses: number[] = [];
    climb.wait();
    for (let tries = 0; tries < 40; tries += 1) {
      const from = climb.nowMs;
      climb.send(failed);
      climb.wait();
      pauses.push(climb.nowMs - from);
    }
    const half = (ms: number) => ms / 2;
    expect(pauses[0]).toBe(half(sshPauseMs.baseMs));
    expect(pauses[18]).toBe(half(sshPauseMs.eagerCapMs));
    expect(pauses[39]).toBe(half(sshPauseMs.capMs));
  });

  test('ladder: a better link gives the ssh up, also one that is only being opened', () => {
    const climb = new Climb(true);
    climb.wait();
    expect(climb.send(direct)).toEqual([{ do: 'close-ssh' }]);
    climb.send(silent);
    climb.wait();
    climb.send(ssh);
    expect(climb.send(relayed)).toEqual([
      { do: 'close-ssh' },
      { do: 'tell', word: 'relayed', reason: 'its agent is linked relayed again' },
    ]);
    expect(climb.send(direct).at(-1)).toMatchObject({ do: 'tell', word: 'direct' });
  });

  test('ladder: a better link that breaks at once is not waited for, one that lasted is', () => {
    const climb = new Climb(true);
    climb.wait();
    climb.send(ssh);
    climb.send(direct);
    climb.nowMs += provenMs - 1;
    climb.send(silent);
    expect(findLadderDeadline(climb.state)).toBe(climb.nowMs + sshAgainMs);
    climb.wait();
    climb.send(ssh);
    climb.send(direct);
    climb.nowMs += provenMs;
    climb.send(silent);
    expect(findLadderDeadline(climb.state)).toBe(climb.nowMs + sshAfterMs);
  });

  test('ladder: an ssh that drops is opened again after a moment', () => {
    const climb = new Climb(true);
    climb.wait();
    climb.send(ssh);
    expect(climb.send(silent)).toEqual([{ do: 'close-ssh' }]);
    expect(findLadderDeadline(climb.state)).toBe(climb.nowMs + sshAgainMs);
  });

  test('ladder: a silent worker whose ssh is not known is blocked after a while, and says so', () => {
    const climb = new Climb(false);
    climb.send(direct);
    climb.send(silent);
    climb.nowMs += blockedAfterMs;
    expect(climb.send({ type: 'tick' })).toEqual([
      {
        do: 'tell',
        word: 'blocked',
        reason: 'the direct link fell silent; no ssh to its box is known',
      },
    ]);
    expect(climb.send({ type: 'ways', hasSsh: true })).toEqual([]);
    expect(climb.wait()).toEqual([{ do: 'open-ssh' }]);
  });

  test('ladder: an agent that was stopped is not blocked where nothing could be tried', () => {
    const climb = new Climb(false);
    climb.send(direct);
    climb.send({ type: 'unlinked', reason: 'closed by peer' });
    expect(findLadderDeadline(climb.state)).toBeUndefined();
    expect(explainLink(climb.state)).toBe('its agent ended the direct link');
  });

  test('ladder: when the network changed, what is blocked is tried at once', () => {
    const climb = new Climb(true);
    climb.wait();
    climb.send(failed);
    climb.send({ type: 'network-changed' });
    expect(findLadderDeadline(climb.state)).toBe(climb.nowMs);
  });
});

const anyEvent = fc.oneof(
  fc.constantFrom<LadderEvent>(
    direct,
    relayed,
    ssh,
    silent,
    { type: 'unlinked', reason: 'closed by peer' },
    failed,
    { type: 'ways', hasSsh: true },
    { type: 'ways', hasSsh: false },
    { type: 'network-changed' },
  ),
  fc.nat(sshPauseMs.capMs).map((ms) => ({ type: 'wait' as const, ms })),
);

/** As a hub acts: nobody says that ssh failed or linked unless one was opened. */
function play(climb: Climb, events: readonly (LadderEvent | { type: 'wait'; ms: number })[]) {
  let isSshOpen = false;
  let openedCount = 0;
  for (const event of events) {
    const isOfSsh = event.type === 'ssh-failed' || (event.type === 'linked' && event.way === 'ssh');
    if (isOfSsh && !isSshOpen) continue;
    if (event.type === 'unlinked' && climb.state.is !== 'linked') continue;
    const before = climb.state;
    if (event.type === 'wait') climb.nowMs += event.ms;
    const effects = climb.send(event.type === 'wait' ? { type: 'tick' } : event);
    if (event.type === 'ssh-failed') isSshOpen = false;
    for (const effect of effects) {
      if (effect.do === 'close-ssh') isSshOpen = false;
      if (effect.do !== 'open-ssh') continue;
      expect(isSshOpen).toBe(false);
      expect(before.is).not.toBe('linked');
      expect(before.hasSsh).toBe(true);
      isSshOpen = true;
      openedCount += 1;
    }
  }
  return { isSshOpen, openedCount };
}

test('ladder: whatever happens, ssh is opened once at a time, and only while nothing links', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(anyEvent, { maxLength: 60 }), (hasSsh, events) => {
      const climb = new Climb(hasSsh);
      const { isSshOpen } = play(climb, events);
      if (climb.state.is === 'linked' && climb.state.way !== 'ssh') expect(isSshOpen).toBe(false);
      if (climb.state.is === 'opening') expect(isSshOpen).toBe(true);
    }),
  );
});

test('ladder: whatever happens, words are told when they change, and the last is what is shown', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(anyEvent, { maxLength: 60 }), (hasSsh, events) => {
      const climb = new Climb(hasSsh);
      play(climb, events);
      const told = ['direct', ...climb.told];
      for (let at = 1; at < told.length; at += 1) expect(told[at]).not.toBe(told[at - 1]);
      const word = nameLink(climb.state);
      if (word !== 'none') expect(told.at(-1)).toBe(word);
    }),
  );
});

test('ladder: whatever happened, a box with ssh is tried within five minutes of having no link', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      const climb = new Climb(true);
      play(climb, events);
      climb.send({ type: 'ways', hasSsh: true });
      if (climb.state.is === 'linked' || climb.state.is === 'opening') return;
      const due = findLadderDeadline(climb.state) ?? Number.POSITIVE_INFINITY;
      expect(due - climb.nowMs).toBeLessThanOrEqual(sshPauseMs.capMs);
      expect(climb.wait()).toContainEqual({ do: 'open-ssh' });
    }),
  );
});
