/*
 * `keys.toml`: what may be rebound, and that a bad file says so and locks nobody out.
 *
 * The keymap that comes of it is asked, not the table.
 */
import { expect, test } from 'vitest';
import { keymap } from '../../../../cockpit/tui/keys/keymap.ts';
import { rebindKeys } from '../../../../cockpit/tui/keys/rebind.ts';
import { resolveKey } from '../../../../cockpit/tui/keys/resolve.ts';

const command = (name: string, mode: 'jobs' | 'inbox' | 'form', file: unknown) => {
  const resolved = resolveKey({ name, text: name }, mode, rebindKeys(file).keymap);
  return resolved.type === 'command' ? resolved.command : resolved.type;
};

test('rebind: a command has the keys that its owner chose, and no others', () => {
  const file = { keys: { dispatch: 'u', retry: ['R', 'ctrl-r'], suspend: [] } };
  expect(rebindKeys(file).problems).toEqual([]);
  expect(command('u', 'jobs', file)).toBe('dispatch');
  expect(command('d', 'jobs', file)).toBe('none');
  expect(command('ctrl-r', 'jobs', file)).toBe('retry');
  expect(command('ctrl-z', 'jobs', file)).toBe('none');
});

test('rebind: a key that would mean two things is refused with both commands', () => {
  const { keymap: bound, problems } = rebindKeys({ keys: { retry: 'c' } });
  expect(problems).toEqual(['"c" would be both retry and cancel in the jobs']);
  expect(bound).toEqual(keymap);
});

test('rebind: two commands may change places', () => {
  const file = { keys: { retry: 'c', cancel: 'r' } };
  expect(rebindKeys(file).problems).toEqual([]);
  expect(command('c', 'jobs', file)).toBe('retry');
  expect(command('r', 'jobs', file)).toBe('cancel');
});

test('rebind: one key may mean two things in two places', () => {
  expect(rebindKeys({ keys: { approve: 'c' } }).problems).toEqual([]);
  expect(command('c', 'inbox', { keys: { approve: 'c' } })).toBe('approve');
});

test.each([
  [{ keys: { fly: 'f' } }, 'there is no command "fly"'],
  [{ keys: { retry: 7 } }, 'retry: keys are "x", "ctrl-x" or a list of them'],
  [{ keys: { retry: 'hyper-x' } }, 'retry: keys are "x", "ctrl-x" or a list of them'],
  [{ keys: ['r'] }, '[keys] is not a table'],
  [{ kees: {} }, 'there is no table [kees]; keys are in [keys]'],
])('rebind: %j is said to be wrong and changes nothing', (file, problem) => {
  expect(rebindKeys(file)).toEqual({ keymap, problems: [problem] });
});
