/*
 * A row that is missing in the middle of what an agent holds is told by whoever mends the store.
 */
import { expect, test } from 'vitest';
import { heldKey } from '../../../store/keys.ts';
import { planRow } from '../../../store/row-codec.ts';
import { findHoles } from '../../../store/salvage/check-rows.ts';

function findMissing(numbers: readonly number[]): readonly string[] {
  const rows = numbers.map((n) => {
    const op = planRow(heldKey(n), ['J1.1']);
    return { key: op.key, value: op.type === 'put' ? op.value : new Uint8Array() };
  });
  return findHoles(rows, 0).filter((said) => said.includes('ah/'));
}

test('holes: a row that is missing of what a box holds is said, and where the log begins is no matter', () => {
  expect(findMissing([7, 8, 9])).toEqual([]);
  expect(findMissing([7, 9, 10, 12])).toEqual([`the row ${heldKey(8)}`, `the row ${heldKey(11)}`]);
});
