/*
 * What a hub says never leads out of the folders that its files are meant for.
 */
import { expect, test } from 'vitest';
import { nameOfFolder, nameOfId } from '../../../cockpit/cli/local-names.ts';

const invalid = expect.objectContaining({ code: 'FRAME_INVALID' });

test.each([
  ['J12', 'J12'],
  ['J12.1', 'J12.1'],
  ['work:J12', 'work:J12'],
])('local names: the id %s is the name %s', (said, name) => {
  expect(nameOfId(said)).toBe(name);
});

test.each(['', '..', '../J1', 'J1/../../x', 'J1\0', 'a/b:J1', '..:J1', 'J0', 'J1.1\n'])(
  'local names: %j is no name',
  (said) => {
    expect(() => nameOfId(said)).toThrow(invalid);
    expect(() => nameOfFolder('/saved', { attempt: said as 'J1.1', index: 0 })).toThrow(invalid);
  },
);

test('local names: a file has its folder below its attempt, by its place and nothing else', () => {
  expect(nameOfFolder('/saved', { attempt: 'J1.1', index: 3 })).toBe('/saved/J1.1/3');
  const said = JSON.parse('{"attempt": "J1.1", "index": "../../.ssh"}');
  expect(() => nameOfFolder('/saved', said)).toThrow(invalid);
});
