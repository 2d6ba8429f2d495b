/*
 * Verbs that ask a hub or an agent which hangs: they say that they wait and have their answer once it goes on, or end.
 */
import { expect, test } from 'vitest';
import { type RunningScript, startVerb } from '../kit/processes.ts';
import { openStage } from './stage.ts';

/** Asks while this process stands still, which goes on once each has said that it waits. */
async function whileItHangs(pid: number, words: RegExp, ask: () => readonly RunningScript[]) {
  process.kill(pid, 'SIGSTOP');
  const asked = ask();
  try {
    await Promise.all(asked.map((one) => one.until(words)));
    process.kill(pid, 'SIGCONT');
    return await Promise.all(asked.map((one) => one.result));
  } finally {
    await Promise.all(asked.map((one) => one.close()));
  }
}

test('agent: who waits for one that hangs is told so, and has its answer once it goes on', async () => {
  await using stage = openStage();
  await stage.up();
  const { pid } = await stage.join('alice');
  const words = /odally: The agent does not answer\. It is waited for/;
  const ask =
    (...verbs: readonly string[]) =>
    () =>
      verbs.map((verb) => stage.startOdally('alice', [verb, '--json']));
  for (const { status } of await whileItHangs(pid, words, ask('backup', 'audit'))) {
    expect(status).toBe(0);
  }
  const [stopped] = await whileItHangs(pid, words, ask('stop'));
  expect(stopped?.json()).toEqual({ pid });
});

test('agent: up --local does not wait for ever for one that hangs', async () => {
  await using stage = openStage();
  await stage.up();
  const { pid } = (await stage.odally('local', ['status', '--json'])).json<{ pid: number }>();
  process.kill(pid, 'SIGSTOP');
  const result = await stage.wally(['up', '--local', '--json']);
  process.kill(pid, 'SIGCONT');
  expect(result.status).toBe(3);
  expect(result.json()).toMatchObject({ error: { code: 'AGENT_SILENT' } });
});

test('hub: report and linear cockpit say that they wait for one that hangs', async () => {
  await using stage = openStage();
  const { hub } = await stage.up();
  const plan = { program: 'wally', env: stage.homes.hub() } as const;
  const words = /The hub does not answer\. It is waited for/;
  const [linear, report] = await whileItHangs(hub.pid, words, () => [
    startVerb({ ...plan, args: ['--linear'], input: 'team\nq\n' }),
    startVerb({ ...plan, args: [] }),
  ]);
  expect([linear?.status, report?.status]).toEqual([0, 0]);
  expect(linear?.stdout).toContain('The hub does not answer');
  expect(linear?.stdout).toContain('alice');
});
