/*
 * What of a box’s work would be lost with it.
 * Whoever lets a box go asks this.
 */
import { expect, test } from 'vitest';
import {
  describeUnlanded,
  isUnlanded,
  listUnlanded,
  type WorkFact,
} from '../../../cockpit/manager/unlanded.ts';

const landed: WorkFact = {
  attempt: 'J1.1',
  state: 'finished',
  isAdrift: false,
  logBytesOwed: 0,
  filesOwed: 0,
};

test.each([
  [{}, undefined],
  [{ state: 'queued' }, 'it waits there'],
  [{ state: 'accepted' }, 'it waits there'],
  [{ state: 'started' }, 'it runs'],
  [{ isAdrift: true }, 'it is lost, and may still run there'],
  [{ holdsTree: true, filesOwed: 1 }, 'its checkout holds work that is nowhere else'],
  [{ filesOwed: 1, logBytesOwed: 5 }, 'a file is not here yet'],
  [{ filesOwed: 2 }, '2 files are not here yet'],
  [{ logBytesOwed: 5 }, '5 bytes of its log are not here yet'],
] as const)('unlanded: %o is %s', (fields, why) => {
  const facts = [landed, { ...landed, attempt: 'J2.1' as const, ...fields }];
  expect(isUnlanded(facts)).toBe(why !== undefined);
  expect(listUnlanded(facts)).toEqual(why === undefined ? [] : [{ attempt: 'J2.1', why }]);
});

test('unlanded: what would be lost is said with its reasons', () => {
  const facts = [{ ...landed, state: 'started' } as const, { ...landed, attempt: 'J2.1' as const }];
  expect(describeUnlanded(listUnlanded(facts))).toBe('J1.1 (it runs)');
});
