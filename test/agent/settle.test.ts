/*
 * Settling what an earlier process left: what it looks at, and what it need not.
 */
import { expect, test } from 'vitest';
import { settle } from '../../agent/settle.ts';
import type { Workshop } from '../../agent/work/work.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { instantArtifactDisk, openMemoryArtifacts } from '../../store/artifact-memory.ts';
import { instantLogDisk, openMemoryLogs } from '../../store/log-memory.ts';
import { unguarded } from '../kit/unguarded.ts';
import { assign, openBench, processMark } from './desk-bench.ts';

test('settle: only logs of what may have run are looked at, however many have ended', async () => {
  const before = await openBench();
  await before.take(assign('J1.1'), assign('J2.1'), assign('J3.1'));
  for (const attempt of ['J1.1', 'J2.1'] as const) {
    await before.desk.step(attempt, { type: 'start' });
    await before.desk.step(attempt, { type: 'spawned', at: 5, process: processMark });
  }
  await before.desk.step('J1.1', { type: 'exited', at: 6, usage: { exitCode: 0 } });
  await before.kv.close();
  const { desk, ports, readFacts } = await openBench(before.disk);
  const logs = await openMemoryLogs(instantLogDisk(), { bytesMax: 1e6 });
  const opened: AttemptId[] = [];
  const { open } = logs;
  logs.open = (attempt) => {
    opened.push(attempt);
    return open.call(logs, attempt);
  };
  const ends = new Map<AttemptId, number>();
  const workshop: Partial<Workshop> = {
    reap: async () => 0,
    clearTree: async () => undefined,
    sweep: async () => undefined,
  };
  await settle({
    ...{ desk, ports, logs, workshop: workshop as Workshop, guards: unguarded },
    artifacts: await openMemoryArtifacts(instantArtifactDisk()),
    mark: (attempt) => attempt,
    noticed: () => undefined,
    logEnd: (attempt, end) => ends.set(attempt, end),
  });
  expect(opened).toEqual(['J2.1']);
  expect(Object.fromEntries(ends)).toEqual({ 'J1.1': 42, 'J2.1': 0 });
  expect(desk.list().map(({ state }) => state.is)).toEqual(['finished', 'finished', 'accepted']);
  expect((await readFacts()).at(-1)).toMatchObject({ attempt: 'J2.1', outcome: 'lost' });
});
