/*
 * What the desk makes of things that happen while it reads: nothing that was written is undone by what was read before.
 */
import { describe, expect, test, vi } from 'vitest';
import { type CommandJob, findEnd } from '../../../cockpit/manager/job.ts';
import type { JobId } from '../../../protocol/model.ts';
import {
  alice,
  bob,
  finished,
  type HubBench,
  makeJob,
  openTeamBench,
  silence,
} from './hub-bench.ts';

/** From now on the reading of this job stands still where it was read so often, until it is let go. */
function holdReading({ desk }: HubBench, held: JobId, nth: number): () => void {
  const find = desk.find.bind(desk);
  const gate = Promise.withResolvers<void>();
  let count = 0;
  vi.spyOn(desk, 'find').mockImplementation(async (id) => {
    const job = await find(id);
    if (id === held) count += 1;
    if (id === held && count === nth) await gate.promise;
    return job;
  });
  return gate.resolve;
}

async function findCommand(bench: HubBench, id: JobId): Promise<CommandJob> {
  return (await bench.desk.get(id)) as CommandJob;
}

describe('desk races', () => {
  test('desk races: a group of which two parts are tried again at once ends with the later of them', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice, bob], { shape: 'group' }));
    await bench.report(alice, finished('J2.1', 'failed'));
    await bench.report(bob, finished('J3.1', 'failed'));
    const [first, second] = await Promise.all(
      (['J2', 'J3'] as const).map((id) => bench.desk.get(id)),
    );
    if (first === undefined || second === undefined) throw new Error('they are there');
    // Read once for its own retry, once for that of the other part, and once more for its own.
    const letGo = holdReading(bench, 'J3', 3);
    const retries = [bench.desk.retry(first, alice), bench.desk.retry(second, bob)] as const;
    await retries[0];
    await bench.desk.cancel(await bench.desk.get('J2'));
    letGo();
    await retries[1];
    await bench.report(bob, finished('J3.2', 'succeeded'));
    expect(await bench.desk.get('J1')).toMatchObject({ ended: { outcome: 'cancelled' } });
  });

  test('desk races: a checkout that is noted while its job is tried again takes no attempt away', async () => {
    const bench = await openTeamBench();
    const job = await bench.desk.dispatch(makeJob([alice]));
    const kept = { directory: '/tmp/x', changes: 1, commits: 0 };
    const end = { kind: 'finished', at: 9, usage: {}, logBytes: 0, outcome: 'failed' } as const;
    await bench.report(alice, { ...end, attempt: 'J1.1', kept });
    const letGo = holdReading(bench, 'J1', 1);
    const noting = bench.desk.noteTree({ id: 'J1', n: 1 }, undefined);
    const meanwhile = bench.desk.retry(job, bob);
    await meanwhile.catch((error: unknown) =>
      expect(error).toMatchObject({ code: 'JOB_UNFINISHED' }),
    );
    letGo();
    await noting;
    vi.restoreAllMocks();
    if (findEnd(await findCommand(bench, 'J1')) !== undefined) await bench.desk.retry(job, bob);
    const { attempts } = await findCommand(await bench.restart(), 'J1');
    expect(attempts.map(({ worker }) => worker)).toEqual([alice, bob]);
    expect(attempts[0]?.state).not.toHaveProperty('end.kept');
  });

  test('desk races: what was decided by somebody else meanwhile starts nothing', async () => {
    const bench = await openTeamBench();
    const job = await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, { kind: 'started', attempt: 'J1.1', at: 5 });
    await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
    const decision = bench.inbox.getOpen('D1');
    const letGo = holdReading(bench, 'J1', 1);
    const approving = bench.desk.retry(job, bob, { decision, answer: { as: 'approve' } });
    await bench.inbox.close([{ decision, answer: { as: 'reject' } }]);
    letGo();
    await expect(approving).rejects.toMatchObject({ code: 'DECISION_CLOSED' });
    expect(await bench.readCommands(bob)).toEqual([]);
    expect((await findCommand(bench, 'J1')).attempts).toHaveLength(1);
  });
});
