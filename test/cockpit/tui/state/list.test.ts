/*
 * One list: moving, marking, narrowing, and what holds when the things in it change.
 *
 * Ids only; panes say what they mean.
 */
import { describe, expect, test } from 'vitest';
import {
  emptyList,
  matchesFilter,
  moveInList,
  settleList,
  targetsOf,
  toggleMark,
  toggleRange,
} from '../../../../cockpit/tui/state/list.ts';

const ids = ['a', 'b', 'c', 'd', 'e'];
const at = (selected: string) => ({ ...emptyList, selected });
const down = (count: number) => ({ how: { type: 'rows', count } as const, room: 3 });

describe('list filter:', () => {
  test.each([
    ['', 'anything', true],
    ['make', 'J1 Make check', true],
    ['Make', 'J1 make check', false],
    ['check make', 'J1 make check', true],
    ['make !check', 'J1 make check', false],
    ['!check', 'J1 make', true],
    ['!', 'J1 make', true],
  ])('%o on %o is %o', (filter, text, isKept) => {
    expect(matchesFilter(filter, text)).toBe(isKept);
  });
});

test('list: moving stays within the list and is the same list at its ends', () => {
  expect(moveInList(at('b'), ids, down(2)).selected).toBe('d');
  expect(moveInList(at('b'), ids, down(99)).selected).toBe('e');
  const last = at('e');
  expect(moveInList(last, ids, down(1))).toBe(last);
  expect(moveInList(emptyList, [], down(1))).toBe(emptyList);
});

test('list: a range of marks grows and shrinks with the selection until it is ended', () => {
  const begun = toggleRange(at('b'), ids);
  expect(begun.marked).toEqual(['b']);
  const grown = moveInList(begun, ids, down(2));
  expect(grown.marked).toEqual(['b', 'c', 'd']);
  expect(moveInList(grown, ids, down(-1)).marked).toEqual(['b', 'c']);
  const ended = moveInList(toggleRange(grown, ids), ids, down(1));
  expect(ended).toMatchObject({ marked: ['b', 'c', 'd'], selected: 'e' });
});

test('list: a verb acts on the marks that are in sight of the filter, else on the selection', () => {
  const marked = toggleMark(at('c'));
  expect(targetsOf(marked, ids)).toEqual(['c']);
  expect(targetsOf({ ...marked, selected: 'a' }, ids)).toEqual(['c']);
  expect(targetsOf({ ...marked, selected: 'a' }, ['a', 'b'])).toEqual(['a']);
  expect(targetsOf(toggleMark(marked), ids)).toEqual(['c']);
  expect(targetsOf(at('gone'), ids)).toEqual([]);
});

test('list: when what is selected is gone, what is in its place is selected', () => {
  expect(settleList({ ...at('gone'), top: 2 }, ids, 3)).toMatchObject({ selected: 'c', top: 2 });
  expect(settleList({ ...at('gone'), top: 9 }, ids, 3)).toMatchObject({ selected: 'e', top: 2 });
  expect(settleList(at('gone'), [], 3).selected).toBeUndefined();
  const legal = at('a');
  expect(settleList(legal, ids, 3)).toBe(legal);
});
