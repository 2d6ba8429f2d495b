/*
 * What a follower is told of the team: everything, or only what looks otherwise.
 */
import { describe, expect, test } from 'vitest';
import type { TeamRow, WatchItem } from '../../../cockpit/verbs/shapes.ts';
import { TeamTeller } from '../../../cockpit/verbs/team-teller.ts';
import { alice } from '../hub/hub-bench.ts';
import { openHubInHand } from '../hub/hub-in-hand.ts';
import { worker } from '../tui/fake-hub.ts';
import { beginVerb } from './ask-hub.ts';

const named = (name: string, change: Partial<TeamRow> = {}) =>
  worker(name, { key: name, ...change });
const [a, b, c] = [named('a'), named('b'), named('c')];

describe('team teller', () => {
  test('team teller: only rows that look otherwise are told; an age alone is no change', () => {
    const teller = new TeamTeller('changes');
    expect(teller.tellAll([a, b, c])).toEqual({ type: 'team', team: [a, b, c] });
    const older = { ...a, lastSeenMs: 99_000 };
    const busy = named('b', { state: 'working' });
    expect(teller.tell([older, busy, c])).toEqual({ type: 'team-changed', team: [busy] });
    expect(teller.tell([older, busy, c])).toEqual({ type: 'team-changed', team: [] });
  });

  test('team teller: who comes, goes or has another place is told with all', () => {
    const teller = new TeamTeller('changes');
    teller.tellAll([a, b]);
    for (const team of [
      [a, b, c],
      [a, c],
      [c, a],
    ]) {
      expect(teller.tell(team)).toEqual({ type: 'team', team });
    }
    expect(teller.tell([c, a])).toEqual({ type: 'team-changed', team: [] });
  });

  test('team teller: who did not ask for changes is told all, each time', () => {
    const teller = new TeamTeller('all');
    teller.tellAll([a]);
    expect(teller.tell([a])).toEqual({ type: 'team', team: [a] });
  });

  test('watch: with changes a screen is told of the one worker that came, not of the others', async () => {
    const hand = await openHubInHand();
    const watch = beginVerb(hand, 'watch', { changes: true });
    await hand.rest();
    const told = () =>
      (watch.items as readonly WatchItem[]).filter(({ type }) => type.startsWith('team'));
    expect(told().map(({ type }) => type)).toEqual(['team']);
    await hand.join(alice);
    await hand.rest();
    const [, ...later] = told();
    expect(later.length).toBeGreaterThan(0);
    const names = later.map((item) => 'team' in item && item.team.map(({ name }) => name));
    expect(new Set(names.flat())).toEqual(new Set(['alice']));
    watch.leave();
    await watch.answer;
    await hand.hub.stop();
  });
});
