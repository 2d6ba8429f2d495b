/*
 * The order of the inbox: what costs most by waiting comes first, whatever came first.
 */
import { expect, test } from 'vitest';
import type { Decision } from '../../../cockpit/manager/decision.ts';
import { describeCost, rankDecisions } from '../../../cockpit/manager/rank-decisions.ts';

const ground = { reason: '' };
const work = { job: 'J1', attempt: 'J1.1', worker: 'a1' } as const;
const fix = { check: 'c', subject: 's', seen: '', wanted: '', plan: '' };
const knock = { invite: 'i', peer: 'p', host: 'box' };

const decisions: readonly Decision[] = [
  { ...ground, id: 'D1', openedAt: 1, kind: 'expired', ...work },
  { ...ground, id: 'D2', openedAt: 2, kind: 'fix-failed', severity: 'warning', ...fix },
  { ...ground, id: 'D3', openedAt: 3, kind: 'refused', ...work },
  { ...ground, id: 'D4', openedAt: 5, kind: 'lost', ...work },
  { ...ground, id: 'D5', openedAt: 4, kind: 'lost', ...work },
  { ...ground, id: 'D6', openedAt: 6, kind: 'fix-failed', severity: 'error', ...fix },
  { ...ground, id: 'D7', openedAt: 7, kind: 'pairing', expiresAt: 900, ...knock },
  { ...ground, id: 'D8', openedAt: 8, kind: 'pairing', expiresAt: 800, ...knock },
];

const ranked = ['D8', 'D7', 'D6', 'D5', 'D4', 'D3', 'D1', 'D2'];

test('rank: what costs most by waiting is first, of one kind what waits longest or ends soonest', () => {
  expect(rankDecisions(decisions).map(({ id }) => id)).toEqual(ranked);
  expect(rankDecisions(decisions.toReversed()).map(({ id }) => id)).toEqual(ranked);
});

test('rank: decisions of one moment stand in the order of their numbers', () => {
  const same = ['D12', 'D9', 'D10'].map(
    (id) => ({ ...ground, id, openedAt: 1, kind: 'lost', ...work }) as Decision,
  );
  expect(rankDecisions(same).map(({ id }) => id)).toEqual(['D9', 'D10', 'D12']);
});

test('rank: every kind says what waiting costs', () => {
  for (const decision of decisions) expect(describeCost(decision)).toMatch(/\w/);
});
