/*
 * Ends that come ahead of their worker's disk, at the hub: what is taken, when it is answered, and that the same end
 * is not late when it comes again as a message.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import type { FactMessage } from '../../../protocol/messages.ts';
import { encodeMessage } from '../../../protocol/messages.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { prefixRange } from '../../../store/keys.ts';
import {
  alice,
  bob,
  finished,
  type HubBench,
  makeJob,
  openTeamBench,
  silence,
} from './hub-bench.ts';

let bench: HubBench;

beforeEach(async () => {
  bench = await openTeamBench();
});

/** As a worker says it that told it ahead of its disk and heard no answer. */
function repeat(attempt: AttemptId, outcome: 'succeeded' | 'failed'): FactMessage {
  return { ...finished(attempt, outcome), isRepeat: true } as FactMessage;
}

function take(worker: string, ...facts: readonly FactMessage[]) {
  return bench.desk.early.take(worker, facts.map(encodeMessage));
}

async function see(id: `J${number}`): Promise<readonly string[]> {
  const job = await bench.desk.get(id);
  return job.kind === 'command'
    ? job.attempts.map(({ state }) => (state.is === 'finished' ? state.end.outcome : state.is))
    : [];
}

async function countLate(): Promise<number> {
  const rows = await bench.kv.range({ ...prefixRange('l/'), countMax: 9, order: 'ascending' });
  const events = (await bench.readJournal()).filter((kind) => kind === 'report-late');
  expect(events.length).toBe(rows.length);
  return rows.length;
}

describe('early ends', () => {
  test('early ends: the end of an open attempt is its outcome, once it is on the disk', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    expect(await take(alice, finished('J1.1', 'failed'))).toEqual(['J1.1']);
    bench = await bench.restart();
    expect(await see('J1')).toEqual(['failed']);
  });

  test('early ends: whatever else comes is left to the messages, and stops none of the others', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, finished('J3.1', 'succeeded'));
    const odd: readonly FactMessage[] = [
      { kind: 'started', attempt: 'J1.1', at: 5 },
      finished('J3.1', 'failed'),
      finished('J7.1', 'succeeded'),
      finished('J1.2', 'succeeded'),
    ];
    const garbage = [
      new Uint8Array([0xc1]),
      encodeMessage(finished('J2.1', 'succeeded')).subarray(0, 20),
    ];
    const reports = [
      ...odd.map(encodeMessage),
      ...garbage,
      encodeMessage(finished('J2.1', 'succeeded')),
    ];
    expect(await bench.desk.early.take(alice, reports)).toEqual(['J2.1']);
    expect(await take(bob, finished('J1.1', 'succeeded'))).toEqual([]);
    expect([await see('J1'), await see('J2'), await see('J3')]).toEqual([
      ['queued'],
      ['succeeded'],
      ['succeeded'],
    ]);
    expect(await countLate()).toBe(0);
  });

  test('early ends: one that was given up for another is left to its message, which decides between them', async () => {
    const spec = { command: ['true'], env: {}, isIdempotent: true, lostAfterMs: 60_000 };
    const replaced = { ...spec, mayReplace: true, reconcile: 'keep-original' as const };
    await bench.desk.dispatch(makeJob([alice], { spec: replaced }));
    await bench.sent('J1', 1);
    await bench.report(alice, { kind: 'started', attempt: 'J1.1', at: 5 });
    bench.present.add(bob);
    await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
    const before = await see('J1');
    expect(await take(alice, finished('J1.1', 'succeeded'))).toEqual([]);
    expect(await see('J1')).toEqual(before);
  });

  test('early ends: the same end is not late when it comes again, also at the next start of the hub', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.dispatch(makeJob([alice]));
    await take(alice, finished('J1.1', 'succeeded'), finished('J2.1', 'failed'));
    await bench.report(alice, repeat('J1.1', 'succeeded'));
    bench = await bench.restart();
    await bench.report(alice, repeat('J2.1', 'failed'));
    expect([await countLate(), await see('J1'), await see('J2')]).toEqual([
      0,
      ['succeeded'],
      ['failed'],
    ]);
  });

  test('early ends: the same end is not late while it is on its way to the disk', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    const taking = take(alice, finished('J1.1', 'succeeded'));
    await bench.report(alice, repeat('J1.1', 'succeeded'));
    expect(await taking).toEqual(['J1.1']);
    expect([await countLate(), await see('J1')]).toEqual([0, ['succeeded']]);
  });

  test('early ends: one that comes again and was never taken is taken, and in other words it is late', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.dispatch(makeJob([alice]));
    await take(alice, finished('J2.1', 'succeeded'));
    await bench.report(alice, repeat('J1.1', 'failed'));
    expect(await see('J1')).toEqual(['failed']);
    await bench.report(alice, repeat('J2.1', 'failed'));
    expect([await countLate(), await see('J2')]).toEqual([1, ['succeeded']]);
    // Another's word for it is late too, however it is worded.
    await bench.report(bob, repeat('J1.1', 'failed'));
    expect(await countLate()).toBe(2);
  });
});
