/*
 * Verbs that ask an agent which hangs: they say that they wait, and get their answer once it goes on.
 */
import { expect, test } from 'vitest';
import type { RunningScript } from '../kit/processes.ts';
import { openStage } from './stage.ts';

test('agent: who waits for one that hangs is told so, and has its answer once it goes on', async () => {
  await using stage = openStage();
  await stage.up();
  const { pid } = await stage.join('alice');
  const whileItHangs = async (...verbs: readonly string[]) => {
    process.kill(pid, 'SIGSTOP');
    const asked: readonly RunningScript[] = verbs.map((verb) =>
      stage.startOdally('alice', [verb, '--json']),
    );
    await Promise.all(
      asked.map((one) => one.until(/The agent does not answer\. It is waited for/)),
    );
    process.kill(pid, 'SIGCONT');
    return Promise.all(asked.map((one) => one.result));
  };
  for (const result of await whileItHangs('backup', 'audit')) expect(result.status).toBe(0);
  const [stopped] = await whileItHangs('stop');
  expect(stopped?.json()).toEqual({ pid });
});
