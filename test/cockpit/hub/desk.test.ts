/*
 * The hub's desk for jobs: one batch a change, one outcome a job, and nothing from late words.
 */
import { describe, expect, test } from 'vitest';
import type { NewJob } from '../../../cockpit/hub/desk.ts';
import { DispatchKeys } from '../../../cockpit/hub/dispatch-keys.ts';
import { type CommandJob, findEnd, getLastAttempt } from '../../../cockpit/manager/job.ts';
import { decodeValue } from '../../../protocol/codec.ts';
import { outboxRowsMax } from '../../../protocol/limits.ts';
import type { JobId } from '../../../protocol/model.ts';
import { lateReportKey, quarantineKey } from '../../../store/keys.ts';
import { readQuarantine } from '../../../store/quarantine.ts';
import {
  alice,
  bob,
  finished,
  type HubBench,
  makeJob,
  makeWorker,
  openHubBench,
  openTeamBench,
  silence,
} from './hub-bench.ts';

async function getCommand(bench: HubBench, id: JobId): Promise<CommandJob> {
  const job = await bench.desk.get(id);
  if (job.kind !== 'command') throw new Error(`${id} is a group`);
  return job;
}

const lastState = async (bench: HubBench, id: JobId) =>
  getLastAttempt(await getCommand(bench, id)).state;
const outcome = async (bench: HubBench, id: JobId) => findEnd(await getCommand(bench, id))?.outcome;
/** Dispatches as the verb does: once a key. */
function askUnderKeys({ kv, desk }: HubBench) {
  const keys = new DispatchKeys(kv);
  return (wanted: NewJob) =>
    keys.once(
      wanted.key ?? '',
      () => desk.dispatch(wanted),
      (id) => desk.get(id),
    );
}

const makeGroup = (bench: HubBench) =>
  bench.desk.dispatch(makeJob([alice, bob], { shape: 'group' }));

describe('hub desk', () => {
  test('hub desk: a job, its command and its journal are on disk when its id is known', async () => {
    const bench = await openTeamBench();
    const job = await bench.desk.dispatch(makeJob([alice]));
    expect(job.id).toBe('J1');
    expect(bench.told).toEqual(['queued assign J1.1', 'job J1']);
    const later = await bench.restart();
    expect(await later.desk.get('J1')).toEqual(job);
    expect(later.desk.listActive()).toEqual([job]);
    expect(await later.readCommands(alice)).toEqual(['assign J1.1']);
    expect(await later.readJournal()).toContain('job-dispatched');
    expect((await later.desk.dispatch(makeJob([bob]))).id).toBe('J2');
  });

  test('hub desk: a job asked for again under its key is the same job, also after a kill', async () => {
    const bench = await openTeamBench();
    const wanted = makeJob([alice], { key: 'nightly-1' });
    const ask = askUnderKeys(bench);
    const [first, twin] = await Promise.all([ask(wanted), ask(wanted)]);
    expect(twin.id).toBe(first.id);
    const later = await bench.restart();
    const askLater = askUnderKeys(later);
    expect(await askLater(wanted)).toEqual(first);
    expect((await askLater(makeJob([alice], { key: 'nightly-2' }))).id).toBe('J2');
    expect(await later.readCommands(alice)).toEqual(['assign J1.1', 'assign J2.1']);
  });

  test('hub desk: a group has its key, and its parts have none', async () => {
    const bench = await openTeamBench();
    const wanted = makeJob([alice, bob], { shape: 'group', key: 'all-1' });
    const group = await bench.desk.dispatch(wanted);
    expect(await askUnderKeys(bench)(wanted)).toEqual(group);
    expect(group.key).toBe('all-1');
    expect((await bench.desk.get('J2')).key).toBeUndefined();
  });

  test('hub desk: a whole report is all receipts and the outcome, and its end keeps to its shape', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    const whole = { ...finished('J1.1', 'succeeded'), startedAt: 7, acceptedAt: 6 };
    await bench.report(alice, whole);
    const again = await bench.restart();
    const [attempt] = ((await again.desk.get('J1')) as CommandJob).attempts;
    expect(attempt?.state).toMatchObject({ times: { acceptedAt: 6, startedAt: 7 } });
    expect(attempt?.state).not.toHaveProperty('end.acceptedAt');
    expect(await again.readJournal()).toContain('attempt-finished');
  });

  test('hub desk: labels are kept with a group and each of its parts, also after a restart', async () => {
    const bench = await openTeamBench();
    const labels = ['nightly', 'team=core'];
    await bench.desk.dispatch(makeJob([alice, bob], { shape: 'group', labels }));
    const later = await bench.restart();
    for (const id of ['J1', 'J2', 'J3'] as const)
      expect((await later.desk.get(id)).labels).toEqual(labels);
    expect((await later.desk.dispatch(makeJob([alice], { labels: [] }))).labels).toBeUndefined();
  });

  test('hub desk: receipts and the outcome come from the worker’s facts', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await bench.sent('J1', 1);
    await bench.report(
      alice,
      { kind: 'accepted', attempt: 'J1.1', at: 5 },
      { kind: 'started', attempt: 'J1.1', at: 6 },
    );
    expect((await lastState(bench, 'J1')).is).toBe('started');
    await bench.report(alice, finished('J1.1', 'succeeded'));
    expect(await lastState(bench, 'J1')).toMatchObject({
      is: 'finished',
      times: { acceptedAt: 5, startedAt: 6, finishedAt: 9 },
      end: { outcome: 'succeeded', usage: { exitCode: 0 }, logBytes: 0 },
    });
    expect(bench.desk.listActive()).toEqual([]);
    const later = await bench.restart();
    expect(later.desk.listActive()).toEqual([]);
    expect(await outcome(later, 'J1')).toBe('succeeded');
    expect(later.workers.streamsOf(alice)?.counts.received).toBe(3);
  });

  test('hub desk: the report of an older attempt is kept as late and changes nothing', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.declareLost({ id: 'J1', n: 1 }, silence);
    await bench.desk.retry(await bench.desk.get('J1'), bob);
    const before = await bench.desk.get('J1');
    await bench.report(alice, finished('J1.1', 'succeeded'));
    expect(await bench.desk.get('J1')).toEqual(before);
    const kept = decodeValue(
      (await bench.kv.get(lateReportKey('J1.1', alice))) ?? new Uint8Array(),
    );
    expect(kept).toMatchObject({ worker: alice, fact: { kind: 'finished', outcome: 'succeeded' } });
    expect(await bench.readJournal()).toContain('report-late');
  });

  test('hub desk: a report of an ended job is late, the first outcome stands', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, finished('J1.1', 'failed'), finished('J1.1', 'succeeded'));
    expect(await outcome(bench, 'J1')).toBe('failed');
    expect(await bench.kv.get(lateReportKey('J1.1', alice))).toBeDefined();
  });

  test('hub desk: a worker’s report of another worker’s attempt is late', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(bob, finished('J1.1', 'succeeded'));
    expect((await lastState(bench, 'J1')).is).toBe('queued');
    expect(await bench.kv.get(lateReportKey('J1.1', bob))).toBeDefined();
  });

  test('hub desk: reports of jobs that never were change nothing and stop nothing', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(
      alice,
      finished('J99.1', 'failed'),
      finished('J1.2', 'failed'),
      finished('J1.1', 'succeeded'),
    );
    expect(await outcome(bench, 'J1')).toBe('succeeded');
  });

  test('hub desk: a message that cannot be read is kept aside and the stream goes on', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    const poison = Uint8Array.of(0xc1);
    await bench.desk.takeFacts(alice, [{ seq: 1, bytes: poison }]);
    await bench.report(alice, finished('J1.1', 'succeeded'));
    const at = Math.round(bench.ports.clock.wallMs());
    expect(await readQuarantine(bench.kv, 9)).toMatchObject([
      { key: quarantineKey(alice, 1), at, bytes: poison },
    ]);
    expect(await outcome(bench, 'J1')).toBe('succeeded');
  });

  test('hub desk: what surely never left is cancelled at once, with the cancel behind it', async () => {
    const bench = await openTeamBench();
    const job = await bench.desk.dispatch(makeJob([alice]));
    const ended = await bench.desk.cancel(job);
    expect(ended).toMatchObject({
      attempts: [{ state: { is: 'finished', end: { outcome: 'cancelled' } } }],
    });
    expect(await bench.readCommands(alice)).toEqual(['assign J1.1', 'cancel J1.1']);
    await expect(bench.desk.cancel(ended)).rejects.toMatchObject({ code: 'JOB_FINISHED' });
  });

  test.each<[string, (bench: HubBench) => Promise<HubBench>]>([
    [
      'was sent',
      async (bench) => {
        await bench.sent('J1', 1);
        return bench;
      },
    ],
    [
      'may be on its way over a link',
      async (bench) => {
        bench.linked.add(alice);
        return bench;
      },
    ],
    ['may have been sent by an earlier hub', (bench) => bench.restart()],
  ])(
    'hub desk: what %s is asked to end, once, and waits for the worker',
    async (_what, prepare) => {
      const first = await openTeamBench();
      await first.desk.dispatch(makeJob([alice]));
      const bench = await prepare(first);
      for (let asked = 0; asked < 2; asked += 1)
        await bench.desk.cancel(await bench.desk.get('J1'));
      expect((await lastState(bench, 'J1')).is).not.toBe('finished');
      expect(await bench.readCommands(alice)).toEqual(['assign J1.1', 'cancel J1.1']);
      await bench.report(alice, finished('J1.1', 'cancelled'));
      expect(await outcome(bench, 'J1')).toBe('cancelled');
    },
  );

  test('hub desk: a job for a worker never met is cancelled at once, also by a later hub', async () => {
    const first = await openHubBench();
    await first.workers.save(makeWorker(alice, 'alice'), 'worker-paired', []);
    await first.desk.dispatch(makeJob([alice]));
    const bench = await first.restart();
    await bench.desk.cancel(await bench.desk.get('J1'));
    expect(await outcome(bench, 'J1')).toBe('cancelled');
  });

  test('hub desk: a deadline ends only what surely never left', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await bench.desk.dispatch(makeJob([alice]));
    await bench.sent('J2', 1);
    await bench.desk.expire('J1');
    await bench.desk.expire('J2');
    expect(await outcome(bench, 'J1')).toBe('expired');
    expect((await lastState(bench, 'J2')).is).toBe('sent');
  });

  test('hub desk: a group ends with its last part, as its worst part did', async () => {
    const bench = await openTeamBench();
    const group = await makeGroup(bench);
    expect(group).toMatchObject({ kind: 'group', id: 'J1', children: ['J2', 'J3'] });
    await bench.report(bob, finished('J3.1', 'failed'));
    expect(await bench.desk.get('J1')).not.toHaveProperty('ended');
    const later = await bench.restart();
    await later.report(alice, finished('J2.1', 'succeeded'));
    expect(await later.desk.get('J1')).toMatchObject({ ended: { outcome: 'failed' } });
    expect(later.desk.listActive()).toEqual([]);
  });

  test('hub desk: a group of which both parts end in one batch ends too', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice, alice], { shape: 'group' }));
    await bench.report(alice, finished('J2.1', 'succeeded'), finished('J3.1', 'succeeded'));
    expect(await bench.desk.get('J1')).toMatchObject({ ended: { outcome: 'succeeded' } });
  });

  test('hub desk: a cancel of a group reaches every part that has not ended', async () => {
    const bench = await openTeamBench();
    const group = await makeGroup(bench);
    await bench.sent('J3', 1);
    await bench.desk.cancel(group);
    expect(await outcome(bench, 'J2')).toBe('cancelled');
    expect(await lastState(bench, 'J3')).toMatchObject({
      is: 'sent',
      cancelAskedAt: expect.any(Number),
    });
    await bench.report(bob, finished('J3.1', 'cancelled'));
    expect(await bench.desk.get('J1')).toMatchObject({ ended: { outcome: 'cancelled' } });
  });

  test('hub desk: a retry is a new attempt under a new number, and opens its group again', async () => {
    const bench = await openTeamBench();
    await makeGroup(bench);
    await bench.report(alice, finished('J2.1', 'failed'));
    await bench.report(bob, finished('J3.1', 'succeeded'));
    const later = await bench.restart();
    const next = await later.desk.retry(await later.desk.get('J2'), bob);
    expect(next).toMatchObject({
      attempts: [
        { n: 1, worker: alice },
        { n: 2, worker: bob },
      ],
    });
    expect(await later.desk.get('J1')).not.toHaveProperty('ended');
    expect(await later.readCommands(bob)).toEqual(['assign J3.1', 'assign J2.2']);
    await later.report(bob, finished('J2.2', 'succeeded'));
    expect(await later.desk.get('J1')).toMatchObject({ ended: { outcome: 'succeeded' } });
  });

  test('hub desk: of two retries at once one is refused, so no number is given twice', async () => {
    const bench = await openTeamBench();
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, finished('J1.1', 'failed'));
    const job = await bench.desk.get('J1');
    const [first, second] = await Promise.allSettled([
      bench.desk.retry(job, alice),
      bench.desk.retry(job, bob),
    ]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ reason: { code: 'JOB_UNFINISHED' } });
    await expect(bench.desk.retry(job, bob)).rejects.toMatchObject({ code: 'JOB_UNFINISHED' });
    expect((await getCommand(bench, 'J1')).attempts).toHaveLength(2);
  });

  test('hub desk: a group, a job that is unknown or for nobody is refused', async () => {
    const bench = await openTeamBench();
    const group = await makeGroup(bench);
    await expect(bench.desk.retry(group, alice)).rejects.toMatchObject({ code: 'JOB_GROUP' });
    await expect(bench.desk.get('J9')).rejects.toMatchObject({ code: 'JOB_UNKNOWN' });
    await expect(bench.desk.dispatch(makeJob([]))).rejects.toMatchObject({
      code: 'WORKER_NO_MATCH',
    });
  });

  test('hub desk: a worker with too many messages waiting gets no more work', async () => {
    const bench = await openTeamBench();
    const streams = bench.workers.streamsOf(alice);
    for (let count = 0; count < outboxRowsMax; count += 1) streams?.planMessage(new Uint8Array(1));
    await expect(
      bench.desk.dispatch(makeJob([bob, alice], { shape: 'group' })),
    ).rejects.toMatchObject({
      code: 'QUEUE_FULL',
    });
    expect(bench.desk.listActive()).toEqual([]);
  });

  test('hub desk: the newest jobs come first, as they stand now', async () => {
    const bench = await openTeamBench();
    for (let count = 0; count < 12; count += 1) await bench.desk.dispatch(makeJob([alice]));
    await bench.sent('J12', 1);
    const recent = await bench.desk.listRecent(3);
    expect(recent.map((job) => job.id)).toEqual(['J12', 'J11', 'J10']);
    expect((await lastState(bench, 'J12')).is).toBe('sent');
    expect(bench.desk.listHeldBy(alice)).toHaveLength(12);
    expect(bench.desk.listHeldBy(bob)).toEqual([]);
  });
});
