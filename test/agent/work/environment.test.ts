/*
 * The environment of a command, as a value: what passes from the agent's own, what is added,
 * and what no spec can replace.
 */
import { expect, test } from 'vitest';
import { buildEnvironment, pathDefault } from '../../../agent/work/environment.ts';
import { makeOrder } from './bench.ts';

const terms = { user: undefined, passed: [] };

function build(base: Record<string, string | undefined>, env: Record<string, string> = {}) {
  return buildEnvironment({ base, terms, order: makeOrder(['true'], { env }), temporary: '/t' });
}

test('environment: an empty one still finds commands and says where to put temporary files', () => {
  expect(build({ PATH: undefined })).toMatchObject({ PATH: pathDefault, TMPDIR: '/t' });
});

test('environment: colour is forced unless the spec asks for none', () => {
  expect(build({ NO_COLOR: '1' })).toMatchObject({ FORCE_COLOR: '1', CLICOLOR_FORCE: '1' });
  expect(build({ NO_COLOR: '1' })).not.toHaveProperty('NO_COLOR');
  const plain = build({}, { NO_COLOR: '1' });
  expect(plain).toHaveProperty('NO_COLOR', '1');
  expect(plain).not.toHaveProperty('FORCE_COLOR');
});

test('environment: a spec may replace what is allowed, but not the marks', () => {
  const env = build({ PATH: '/a', TZ: 'UTC' }, { PATH: '/b', WALLY_MARK: 'x', WALLY_JOB: 'J9' });
  expect(env).toMatchObject({ PATH: '/b', TZ: 'UTC' });
  expect(env.WALLY_MARK).not.toBe('x');
  expect(env.WALLY_JOB).not.toBe('J9');
});

test('environment: what the policy passes on comes along, and another user’s work has their home', () => {
  const base = { HOME: '/root', SSH_AUTH_SOCK: '/s', AWS_SECRET: 'x', USER: 'root' };
  const order = makeOrder(['true']);
  const user = { name: 'builder', uid: 1, gid: 1, home: '/home/builder', shell: '/bin/bash' };
  const env = buildEnvironment({
    ...{ base, order, temporary: '/t' },
    terms: { user, passed: ['SSH_*'] },
  });
  expect(env).toMatchObject({ SSH_AUTH_SOCK: '/s', HOME: '/home/builder', LOGNAME: 'builder' });
  expect(env).not.toHaveProperty('AWS_SECRET');
});
