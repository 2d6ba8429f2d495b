/*
 * Commands that the agent cannot apply: an assignment is refused with a code, memory stays what the
 * disk holds, and the stream goes on.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { readHeld } from '../../agent/attempts.ts';
import { encodeValue } from '../../protocol/codec.ts';
import { decodeFact, encodeMessage } from '../../protocol/messages.ts';
import { quarantineKey } from '../../store/keys.ts';
import { PeerStreams } from '../../store/peer-streams.ts';
import { readQuarantine } from '../../store/quarantine.ts';
import { assign, type Bench, cancel, hub, openBench, processMark } from './desk-bench.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** From now on a report of this kind for this attempt throws while it is planned, `times` times. */
function plant(kind: string, attempt: string, times = 1): void {
  const planMessage = PeerStreams.prototype.planMessage;
  let left = times;
  vi.spyOn(PeerStreams.prototype, 'planMessage').mockImplementation(function (
    this: PeerStreams,
    bytes,
  ) {
    const planned = planMessage.call(this, bytes);
    const fact = decodeFact(bytes);
    if (fact.kind !== kind || fact.attempt !== attempt || left === 0) return planned;
    left -= 1;
    throw new TypeError('planted');
  });
}

async function facts(bench: Bench): Promise<readonly string[]> {
  return (await bench.readFacts()).map((fact) =>
    fact.kind === 'finished'
      ? `${fact.attempt} ${fact.outcome} ${fact.code}`
      : `${fact.attempt} ${fact.kind}`,
  );
}

/** Another process reads the same of the disk as this one has in memory. */
async function expectSound(bench: Bench): Promise<void> {
  expect(await readHeld(bench.kv)).toEqual(bench.desk.list());
  const seqs = (await bench.desk.streams?.read(0, 1000))?.map((row) => row.seq) ?? [];
  expect(seqs).toEqual(seqs.map((_, at) => at + 1));
  expect(bench.desk.streams?.counts.queued).toBe(seqs.length);
}

describe('agent quarantine', () => {
  test('quarantine: an assignment whose handler throws is refused, and its neighbours are taken', async () => {
    const bench = await openBench();
    plant('accepted', 'J2.1');
    await bench.take(assign('J1.1'), assign('J2.1'), assign('J3.1'));
    expect(await facts(bench)).toEqual([
      'J1.1 accepted',
      'J2.1 refused MESSAGE_POISON',
      'J3.1 accepted',
    ]);
    expect(bench.desk.list().map((held) => held.attempt)).toEqual(['J1.1', 'J3.1']);
    expect(await readQuarantine(bench.kv, 9)).toMatchObject([
      { peer: hub, seq: 2, bytes: encodeMessage(assign('J2.1')) },
    ]);
    expect(bench.asked).toContain('quarantined 2 MESSAGE_POISON');
    await expectSound(bench);
  });

  test('quarantine: a cancel whose handler throws changes nothing of what runs', async () => {
    const bench = await openBench();
    await bench.take(assign('J1.1'));
    const before = bench.desk.find('J1.1');
    plant('finished', 'J1.1');
    await bench.take(cancel('J1.1'));
    expect(bench.desk.find('J1.1')).toEqual(before);
    expect(bench.desk.streams?.counts.received).toBe(2);
    await expectSound(bench);
    await bench.take(cancel('J1.1'));
    expect(bench.desk.find('J1.1')?.state.is).toBe('finished');
  });

  test('quarantine: an assignment that ended processes is refused, one that must be buried only kept', async () => {
    const bench = await openBench();
    await bench.desk.take([{ seq: 1, bytes: encodeMessage(assign('J1.1')) }], 'quarantine');
    await bench.desk.take([{ seq: 2, bytes: encodeMessage(assign('J2.1')) }], 'bury');
    expect(await facts(bench)).toEqual(['J1.1 refused MESSAGE_POISON']);
    expect(await bench.kv.get(quarantineKey(hub, 2))).toBeDefined();
    expect(bench.desk.streams?.counts.received).toBe(2);
    await expectSound(bench);
  });

  test('quarantine: an assignment that only a newer agent could read is refused as unreadable', async () => {
    const bench = await openBench();
    const bytes = encodeValue({ ...assign('J1.1'), spec: { playbook: 'x' } });
    await bench.desk.take([{ seq: 1, bytes }]);
    expect(await facts(bench)).toEqual(['J1.1 refused FRAME_INVALID']);
  });

  test('quarantine: what is held already is not refused by a twin that cannot be applied', async () => {
    const bench = await openBench();
    await bench.take(assign('J1.1'));
    await bench.desk.step('J1.1', { type: 'start' });
    await bench.desk.step('J1.1', { type: 'spawned', at: 5, process: processMark });
    await bench.desk.take([{ seq: 2, bytes: encodeMessage(assign('J1.1')) }], 'quarantine');
    expect(bench.desk.find('J1.1')?.state.is).toBe('running');
    expect(await facts(bench)).toEqual(['J1.1 accepted', 'J1.1 started']);
  });
});
