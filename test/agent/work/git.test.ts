/*
 * Asking git: there is an answer in any case.
 */
import { expect, test } from 'vitest';
import { askGit } from '../../../agent/work/git.ts';

test('git: a run that the system refuses to begin is an answer, as one that fails is', async () => {
  const env = { PATH: process.env.PATH };
  const refused = await askGit({ at: '/', env }, ['no\0word']);
  expect(refused).toMatchObject({ isDone: false, stdout: '' });
  expect(refused.complaint).not.toBe('');
  const failed = await askGit({ at: '/nowhere-at-all', env }, ['status']);
  expect(failed.isDone).toBe(false);
});
