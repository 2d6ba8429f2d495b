/*
 * Ends that the desk tells ahead of its disk: which, what it keeps of them, and what becomes of the rest.
 */
import { describe, expect, test } from 'vitest';
import { earlyMsMax, receiptWaitMs } from '../../agent/limits.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';
import { decodeFact } from '../../protocol/messages.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { heldKey } from '../../store/keys.ts';
import { bufferedMsMax } from '../../store/limits.ts';
import { assign, type Bench, cancel, openBench, processMark } from './desk-bench.ts';

const usage = { exitCode: 0 };

interface EarlyBench extends Bench {
  readonly frames: OwnerFrame[];
}

/** A desk with a link to a hub that takes ends ahead of the disk; what is taken starts at once and prints nothing. */
async function openEarly(...before: Parameters<typeof openBench>): Promise<EarlyBench> {
  const bench = Object.assign(await openBench(...before), { frames: [] as OwnerFrame[] });
  bench.printed = 0;
  bench.send = (frame) => {
    bench.frames.push(frame);
    return 'sent';
  };
  bench.desk.noteHub({ takesWhole: true, takesEnded: true });
  bench.onTaken = () => {
    for (const { attempt } of bench.desk.list()) void bench.desk.step(attempt, { type: 'start' });
  };
  return bench;
}

/** Runs an attempt that was taken to its end. */
async function finish({ desk, ports }: Bench, attempt: AttemptId): Promise<void> {
  await desk.step(attempt, { type: 'spawned', at: 5, process: processMark });
  await desk.step(attempt, { type: 'exited', at: 6, usage });
  await ports.advance(bufferedMsMax);
}

function readEnded({ frames }: EarlyBench) {
  return frames.flatMap((frame) => (frame.t === 'ended' ? frame.reports.map(decodeFact) : []));
}

describe('desk, ahead of the disk', () => {
  test('desk: what ends soon is told at once and whole, and its row waits for no sync', async () => {
    const bench = await openEarly();
    await bench.take(assign('J1.1'));
    const synced = bench.batches.length;
    await finish(bench, 'J1.1');
    expect(readEnded(bench)).toMatchObject([
      { kind: 'finished', attempt: 'J1.1', at: 6, outcome: 'succeeded', startedAt: 5 },
    ]);
    expect(readEnded(bench)[0]).toHaveProperty('acceptedAt');
    // The row alone: no message, no number.
    expect(bench.batches.slice(synced).flat()).toEqual([`del ${heldKey(1)}`, `put ${heldKey(2)}`]);
    expect(bench.desk.inventory()).toEqual([{ attempt: 'J1.1', state: 'finished' }]);
    bench.desk.endsKept(['J1.1', 'J9.1']);
    expect(bench.asked).toEqual(['forgotten J1.1']);
    await bench.ports.advance(10 * earlyMsMax);
    expect([await bench.readFacts(), bench.desk.list()]).toEqual([[], []]);
  });

  test('desk: what the hub does not answer comes as a message that says so, once', async () => {
    const bench = await openEarly();
    await bench.take(assign('J1.1'));
    await finish(bench, 'J1.1');
    await bench.ports.advance(earlyMsMax);
    expect(await bench.readFacts()).toMatchObject([
      { kind: 'finished', outcome: 'succeeded', isRepeat: true, startedAt: 5 },
    ]);
    // The answer was only slow.
    bench.desk.endsKept(['J1.1']);
    bench.desk.unlinked();
    expect(bench.asked).toEqual(['queued finished']);
    bench.desk.acked(1);
    expect(bench.asked).toEqual(['queued finished', 'forgotten J1.1']);
  });

  test('desk: when its link goes it comes as a message at once', async () => {
    const bench = await openEarly();
    await bench.take(assign('J1.1'));
    await finish(bench, 'J1.1');
    bench.desk.unlinked();
    await bench.ports.advance(0);
    expect(await bench.readFacts()).toMatchObject([{ kind: 'finished', isRepeat: true }]);
  });

  test('desk: a process that is killed before the answer left the end on the disk, and the next reports it', async () => {
    const bench = await openEarly();
    await bench.take(assign('J1.1'));
    await finish(bench, 'J1.1');
    await bench.kv.close();
    const again = await openBench(bench.disk);
    again.printed = 0;
    await again.desk.step('J1.1', { type: 'restart', at: 7 });
    await again.desk.sayEnds();
    expect(await again.readFacts()).toMatchObject([
      {
        kind: 'finished',
        outcome: 'succeeded',
        at: 6,
        isRepeat: true,
        acceptedAt: expect.any(Number),
      },
    ]);
    await again.desk.sayEnds();
    expect(await again.readFacts()).toHaveLength(1);
  });

  test('desk: after a loss of power it is lost, as what ran then is', async () => {
    const bench = await openEarly();
    await bench.take(assign('J1.1'));
    await finish(bench, 'J1.1');
    bench.disk.crash();
    const again = await openBench(bench.disk);
    await again.desk.step('J1.1', { type: 'restart', at: 7 });
    await again.desk.sayEnds();
    const facts = await again.readFacts();
    expect(facts).toMatchObject([{ kind: 'finished', outcome: 'lost' }]);
    expect(facts[0]).not.toHaveProperty('isRepeat');
  });

  test('desk: one that printed is held until the hub has its log, also over a restart', async () => {
    const bench = await openEarly();
    bench.printed = 42;
    await bench.take(assign('J1.1'));
    await finish(bench, 'J1.1');
    // Not before the hub has its end.
    bench.desk.logDelivered('J1.1');
    expect(bench.asked).toEqual([]);
    bench.desk.endsKept(['J1.1']);
    expect(bench.asked).toEqual([]);
    await bench.ports.advance(10_000);
    await bench.kv.close();
    const again = await openBench(bench.disk);
    await again.desk.sayEnds();
    expect(await again.readFacts()).toEqual([]);
    again.desk.logDelivered('J1.1');
    expect(again.asked).toEqual(['forgotten J1.1']);
  });

  const others: Readonly<Record<string, (bench: Bench) => unknown>> = {
    'was said to have been accepted': (bench) => bench.ports.advance(receiptWaitMs),
    'left files': (bench) => Object.assign(bench, { brought: { kept: [], missed: [] } }),
    'is of a hub that takes none': ({ desk }) => desk.noteHub({ takesWhole: true }),
    'ends without a link': ({ desk }) => desk.unlinked(),
  };

  test.each(Object.entries(others))(
    'desk: what %s is reported by a message',
    async (_what, prepare) => {
      const bench = await openEarly();
      await bench.take(assign('J1.1'));
      await prepare(bench);
      await finish(bench, 'J1.1');
      expect(readEnded(bench)).toEqual([]);
      expect((await bench.readFacts()).at(-1)).toMatchObject({ kind: 'finished', at: 6 });
      expect((await bench.readFacts()).at(-1)).not.toHaveProperty('isRepeat');
    },
  );

  test('desk: what an earlier process accepted is reported by a message, for its receipt may be on its way', async () => {
    const before = await openEarly();
    before.onTaken = () => undefined;
    await before.take(assign('J1.1'));
    await before.kv.close();
    const bench = await openEarly(before.disk);
    await bench.desk.step('J1.1', { type: 'start' });
    await finish(bench, 'J1.1');
    expect(readEnded(bench)).toEqual([]);
    expect((await bench.readFacts()).map(({ kind }) => kind)).toEqual(['accepted', 'finished']);
  });

  test('desk: a checkout that is kept, and what never ran, are reported by messages', async () => {
    const bench = await openEarly();
    await bench.take(assign('J1.1'));
    await bench.desk.step('J1.1', { type: 'spawned', at: 5, process: processMark });
    const kept = { directory: '/t/J1.1', changes: 1, commits: 0 };
    await bench.desk.step('J1.1', { type: 'exited', at: 6, usage, kept });
    bench.onTaken = () => undefined;
    await bench.take(assign('J2.1'), cancel('J2.1'));
    await bench.ports.advance(0);
    expect(readEnded(bench)).toEqual([]);
    expect(await bench.readFacts()).toMatchObject([
      { attempt: 'J1.1', kept },
      { attempt: 'J2.1', outcome: 'cancelled' },
    ]);
  });
});
