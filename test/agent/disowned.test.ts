/*
 * What is given up with an earlier store of the hub: written down while it may run, and ended by the next start.
 */
import { expect, test } from 'vitest';
import { readHeld } from '../../agent/attempts.ts';
import { readDisowned } from '../../agent/disowned.ts';
import type { ProcessMark } from '../../agent/work/work.ts';
import { disownedKey, heldKey } from '../../store/keys.ts';
import { openPeerStreams } from '../../store/peer-streams.ts';
import { assign, hub, openBench, processMark } from './desk-bench.ts';

test('disowned: what is given up while it runs has a row of its own from the same batch on, until it has ended', async () => {
  const bench = await openBench();
  await bench.take(assign('J1.1'), assign('J2.1'), assign('J3.1'));
  await bench.desk.step('J1.1', { type: 'start' });
  await bench.desk.step('J2.1', { type: 'start' });
  await bench.desk.step('J2.1', { type: 'spawned', at: 5, process: processMark });
  const other = { peer: hub, store: 'd'.repeat(32) };
  await bench.desk.adopt(await openPeerStreams(bench.kv, other), []);
  const [started, running] = (['J1.1', 'J2.1'] as const).map(disownedKey);
  expect(bench.batches.at(-1)).toEqual(
    expect.arrayContaining([`put ${started}`, `put ${running}`, `del ${heldKey(1)}`]),
  );
  expect(await readHeld(bench.kv)).toEqual([]);
  expect(await readDisowned(bench.kv)).toEqual([
    { key: started, process: { pid: 0, start: '0', mark: 'store/J1.1' } },
    { key: running, process: processMark },
  ]);
  expect(bench.desk.disowned.find('J2.1')?.attempt).toBe('J2.1');
  expect(bench.desk.disowned.find('J3.1')).toBeUndefined();
  bench.desk.disowned.ended('J2.1');
  bench.desk.disowned.ended('J3.1');
  await bench.close();
  expect((await readDisowned(bench.kv)).map(({ key }) => key)).toEqual([started]);
});

test('disowned: the next start ends what is left of them, once', async () => {
  const before = await openBench();
  await before.take(assign('J1.1'));
  await before.desk.step('J1.1', { type: 'start' });
  await before.desk.adopt(
    await openPeerStreams(before.kv, { peer: hub, store: 'd'.repeat(32) }),
    [],
  );
  await before.kv.close();
  const bench = await openBench(before.disk);
  const reaped: ProcessMark[] = [];
  const reap = async (process: ProcessMark) => reaped.push(process);
  await bench.desk.disowned.reapLeft(bench.kv, reap);
  await bench.desk.disowned.reapLeft(bench.kv, reap);
  expect(reaped).toEqual([{ pid: 0, start: '0', mark: 'store/J1.1' }]);
});

test('disowned: a store of the hub that comes while the agent closes takes nothing off the disk', async () => {
  const bench = await openBench();
  await bench.take(assign('J1.1'));
  await bench.desk.step('J1.1', { type: 'start' });
  const other = await openPeerStreams(bench.kv, { peer: hub, store: 'd'.repeat(32) });
  // Under way, and not sealed yet, when the store begins to close.
  const earlier = bench.take(assign('J2.1'));
  const closed = bench.close();
  await expect(bench.desk.adopt(other, [])).rejects.toMatchObject({ code: 'STORE_IO' });
  await Promise.all([earlier, closed]);
  bench.disk.crash();
  const again = await openBench(bench.disk);
  expect(again.desk.inventory()).toEqual([
    { attempt: 'J1.1', state: 'starting' },
    { attempt: 'J2.1', state: 'accepted' },
  ]);
});
