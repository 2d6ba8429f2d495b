/*
 * Facts that cannot be applied: the stream goes on, memory stays what the disk holds, and what the
 * message was about is settled where people see it.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Change } from '../../../cockpit/hub/change.ts';
import { findEnd, type JobRecord } from '../../../cockpit/manager/job.ts';
import { encodeValue } from '../../../protocol/codec.ts';
import { encodeMessage, type FactMessage } from '../../../protocol/messages.ts';
import type { JobId } from '../../../protocol/model.ts';
import { plainTaking, type Taking } from '../../../store/intake.ts';
import { quarantineKey } from '../../../store/keys.ts';
import { readQuarantine } from '../../../store/quarantine.ts';
import { makeHello } from '../../protocol/raw-peer.ts';
import { alice, finished, type HubBench, makeJob, openTeamBench } from './hub-bench.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** From now on every change that tells of this kind of event for this attempt throws. */
function plant(kind: string, attempt: string): void {
  const note = Change.prototype.note;
  vi.spyOn(Change.prototype, 'note').mockImplementation(function (this: Change, event) {
    if (event.kind === kind && event.attempt === attempt) throw new TypeError('planted');
    note.call(this, event);
  });
}

async function endOf(bench: HubBench, id: JobId) {
  const job: JobRecord = await bench.desk.get(id);
  return job.kind === 'group' ? job.ended : findEnd(job);
}

/** What memory and disk say of every job; they must say the same. */
async function expectSound(bench: HubBench): Promise<void> {
  const before = await bench.desk.listRecent(100);
  const commands = await bench.readCommands(alice);
  const held = bench.desk.listHeldBy(alice);
  const asked = bench.inbox.list();
  vi.restoreAllMocks();
  const again = await bench.restart();
  expect(again.desk.listHeldBy(alice)).toEqual(held);
  expect(again.inbox.list()).toEqual(asked);
  expect(await again.desk.listRecent(100)).toEqual(before);
  expect(await again.readCommands(alice)).toEqual(commands);
}

const accepted = (attempt: 'J1.1') => ({ kind: 'accepted', attempt, at: 5 }) as const;

describe('quarantine', () => {
  test('quarantine: a handler that throws leaves no trace, and the messages around it count', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.dispatch(makeJob([alice]));
    plant('attempt-accepted', 'J1.1');
    await bench.report(alice, accepted('J1.1'), finished('J2.1', 'succeeded'), {
      kind: 'started',
      attempt: 'J1.1',
      at: 6,
    });
    expect(await readQuarantine(bench.kv, 9)).toMatchObject([
      { peer: alice, seq: 1, bytes: encodeMessage(accepted('J1.1')) },
    ]);
    expect((await endOf(bench, 'J2'))?.outcome).toBe('succeeded');
    expect(await bench.desk.get('J1')).toMatchObject({ attempts: [{ state: { is: 'started' } }] });
    expect(await bench.readJournal()).toContain('message-quarantined');
    await expectSound(bench);
  });

  test('quarantine: the end that a message carried is unknown, so its job is lost, visibly', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    let count = 0;
    const note = Change.prototype.note;
    vi.spyOn(Change.prototype, 'note').mockImplementation(function (this: Change, event) {
      // The first time only: to lose the job tells of its end too.
      if (event.kind === 'attempt-finished') count += 1;
      if (event.kind === 'attempt-finished' && count === 1) throw new TypeError('planted');
      note.call(this, event);
    });
    await bench.report(alice, finished('J1.1', 'succeeded'));
    expect(await endOf(bench, 'J1')).toMatchObject({
      outcome: 'lost',
      reason: expect.stringContaining('could not be applied'),
    });
    await expectSound(bench);
  });

  test('quarantine: where settling throws too, the job stays as it was for the next inventory', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    const before = await bench.desk.get('J1');
    plant('attempt-finished', 'J1.1');
    await bench.report(alice, finished('J1.1', 'succeeded'));
    expect(await bench.desk.get('J1')).toEqual(before);
    expect(await bench.kv.get(quarantineKey(alice, 1))).toBeDefined();
    expect(bench.workers.streamsOf(alice)?.counts.received).toBe(1);
    await expectSound(bench);
  });

  test('quarantine: what was asked of the M2 meanwhile is not asked where the rest of it fails', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    plant('decision-opened', 'J1.1');
    const bytes = encodeValue({ ...finished('J1.1', 'succeeded'), outcome: 'transcended' });
    await bench.desk.takeFacts(alice, [{ seq: 1, bytes }]);
    expect(bench.inbox.list()).toEqual([]);
    expect(bench.desk.listHeldBy(alice).map(({ id }) => id)).toEqual(['J1']);
    await expectSound(bench);
  });

  test('quarantine: an end of a kind that only a newer worker knows is settled as lost', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    const bytes = encodeValue({ ...finished('J1.1', 'succeeded'), outcome: 'transcended' });
    await bench.desk.takeFacts(alice, [{ seq: 1, bytes }]);
    expect((await endOf(bench, 'J1'))?.outcome).toBe('lost');
  });

  test('quarantine: what is set aside of another worker’s job, or of an old attempt, settles nothing', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    const bytes = (attempt: string) =>
      encodeValue({ ...finished('J1.1', 'succeeded'), attempt, outcome: 'transcended' });
    await bench.desk.takeFacts('b0'.repeat(32), [{ seq: 1, bytes: bytes('J1.1') }]);
    await bench.desk.takeFacts(alice, [{ seq: 1, bytes: bytes('J1.2') }]);
    await bench.desk.takeFacts(alice, [{ seq: 2, bytes: bytes('J77.1') }]);
    expect(await endOf(bench, 'J1')).toBeUndefined();
  });

  test('quarantine: an inventory that cannot be settled ends nothing, and its next time may count', async () => {
    const bench = await openTeamBench();
    const hello = makeHello({ inventory: [{ attempt: 'J99.1', state: 'running' }] });
    const note = Change.prototype.note;
    vi.spyOn(Change.prototype, 'note').mockImplementation(function (this: Change, event) {
      if (event.attempt === 'J99.1') throw new TypeError('planted');
      note.call(this, event);
    });
    await bench.workers.noteHello(alice, hello);
    expect(await bench.readJournal()).toContain('inventory-quarantined');
    expect(await bench.readCommands(alice)).toEqual([]);
    vi.restoreAllMocks();
    await bench.workers.noteHello(alice, hello);
    expect(await bench.readCommands(alice)).toEqual(['cancel J99.1']);
    await expectSound(bench);
  });

  test('quarantine: a message that ended processes is not applied, and its job is lost', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.dispatch(makeJob([alice]));
    const row = (seq: number, attempt: 'J1.1' | 'J2.1') => ({
      seq,
      bytes: encodeMessage(finished(attempt, 'succeeded')),
    });
    await bench.desk.takeFacts(alice, [row(1, 'J1.1')], { ...plainTaking, how: 'quarantine' });
    await bench.desk.takeFacts(alice, [row(2, 'J2.1')], { ...plainTaking, how: 'bury' });
    expect((await endOf(bench, 'J1'))?.outcome).toBe('lost');
    expect(await endOf(bench, 'J2')).toBeUndefined();
    expect(await bench.kv.get(quarantineKey(alice, 2))).toBeDefined();
    await expectSound(bench);
  });

  test.each(['once', 'again'])(
    'quarantine: a report is handled in hand, said %s, also where something is looked up for it first',
    async (said) => {
      const bench = await openTeamBench();
      await bench.desk.dispatch(makeJob([alice]));
      let isHeld = false;
      const hold: Taking['hold'] = (handle) => {
        isHeld = true;
        const given = handle();
        isHeld = false;
        return given;
      };
      const held: boolean[] = [];
      const note = Change.prototype.note;
      vi.spyOn(Change.prototype, 'note').mockImplementation(function (this: Change, event) {
        held.push(isHeld);
        note.call(this, event);
      });
      const repeat = said === 'again' ? { isRepeat: true as const } : {};
      const fact = { ...finished('J1.1', 'succeeded'), ...repeat } as FactMessage;
      const rows = [{ seq: 1, bytes: encodeMessage(fact) }];
      await bench.desk.takeFacts(alice, rows, { how: 'apply', hold });
      vi.restoreAllMocks();
      expect(held.length).toBeGreaterThan(0);
      expect(held).not.toContain(false);
      expect((await endOf(bench, 'J1'))?.outcome).toBe('succeeded');
    },
  );

  test('quarantine: a group whose last part could not be applied ends with that part lost', async () => {
    const bench = await openTeamBench();
    const group = await bench.desk.dispatch(makeJob([alice, 'b0'.repeat(32)], { shape: 'group' }));
    const parts = group.kind === 'group' ? group.children : [];
    expect(parts).toHaveLength(2);
    await bench.report('b0'.repeat(32), finished(`${parts[1] ?? 'J0'}.1`, 'succeeded'));
    let count = 0;
    const note = Change.prototype.note;
    vi.spyOn(Change.prototype, 'note').mockImplementation(function (this: Change, event) {
      if (event.kind === 'group-finished') count += 1;
      if (event.kind === 'group-finished' && count === 1) throw new TypeError('planted');
      note.call(this, event);
    });
    await bench.report(alice, finished(`${parts[0] ?? 'J0'}.1`, 'succeeded'));
    expect(await endOf(bench, group.id)).toMatchObject({ outcome: 'lost' });
    await expectSound(bench);
  });
});
