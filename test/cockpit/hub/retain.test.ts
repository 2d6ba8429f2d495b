/*
 * Forgetting: what is old is exported first, then gone whole; what is of use stays; nothing is done twice.
 */
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { Retain } from '../../../cockpit/hub/retain.ts';
import type { KeepPolicy } from '../../../cockpit/manager/plan-retention.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { Archive, type ArchivePort } from '../../../store/archive.ts';
import { MemoryArchive } from '../../../store/archive-memory.ts';
import { readEventRows, readEvents } from '../../../store/journal.ts';
import { prefixRange } from '../../../store/keys.ts';
import type { LogStore } from '../../../store/log.ts';
import { instantLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';
import { readQuarantine } from '../../../store/quarantine.ts';
import { alice, bob, finished, type HubBench, makeJob, openTeamBench, spec } from './hub-bench.ts';
import { dayMs, endJob, generous, listJobs, runDays } from './retain-scene.ts';

let bench: HubBench;
let port: MemoryArchive;
let logs: LogStore;
let discarded: AttemptId[];
let said: string[];

beforeEach(async () => {
  bench = await openTeamBench();
  port = new MemoryArchive();
  logs = await openMemoryLogs(instantLogDisk(), { bytesMax: 1_000_000 });
  discarded = [];
  said = [];
});

function open(policy: Partial<KeepPolicy> = {}, archive: ArchivePort = port): Retain {
  const { kv, desk, inbox, ports, state } = bench;
  return new Retain({
    kv,
    desk,
    inbox,
    state,
    logs,
    ports,
    archive: new Archive(kv, archive),
    policy: { ...generous, ...policy },
    describe: async ({ id }) => ({ id }),
    discard: async (attempt) => {
      discarded.push(attempt);
      await logs.remove(attempt);
    },
    noticed: (line) => said.push(line),
  });
}

/** A job of alice's that has ended, with a log of so many bytes. */
async function end(logBytes = 0): Promise<string> {
  const id = await endJob(bench, logBytes);
  const log = await logs.open(`${id}.1`);
  const bytes = new Uint8Array(logBytes).fill(65);
  if (logBytes > 0) await log.append([{ offset: 0, stream: 'stdout', at: 1, bytes }]);
  return id;
}

function age(days: number): void {
  bench.ports.wallStartMs += days * dayMs;
}

async function keys(prefix: string): Promise<readonly string[]> {
  const range = { ...prefixRange(prefix), countMax: 10_000, order: 'ascending' } as const;
  return (await bench.kv.range(range)).map(({ key }) => key);
}

const jobs = () => listJobs(bench);

/** `type` and number or id of every line in the archive. */
function archived(): readonly string[] {
  return [...port.files.values()].flatMap((file) => {
    if (file.length === 0) return [];
    const lines = gunzipSync(file).toString().trimEnd().split('\n');
    return lines.map((line) => {
      const { type, id, attempt, seq } = JSON.parse(line);
      return `${type} ${seq ?? id ?? attempt ?? ''}`.trim();
    });
  });
}

describe('retain', () => {
  test('retain: what is young stays, all of it', async () => {
    await end(5);
    age(29);
    const retain = open();
    await retain.look();
    expect(await jobs()).toEqual(['J1']);
    expect([discarded, archived()]).toEqual([[], []]);
    expect(retain.status).toEqual({ failure: null, behindSince: null });
  });

  test('retain: a log goes before its job, and is not discarded again', async () => {
    await end(5);
    age(31);
    await open().look();
    expect(discarded).toEqual(['J1.1']);
    expect(await jobs()).toEqual(['J1']);
    await open().look();
    expect(discarded).toEqual(['J1.1']);
  });

  test('retain: an old job is exported, then every row of it is gone', async () => {
    const key = 'nightly';
    await bench.desk.dispatch(makeJob([alice], { key }));
    await bench.report(alice, finished('J1.1', 'failed'));
    await bench.report(alice, { kind: 'started', attempt: 'J1.1', at: 1 });
    age(60);
    await end();
    age(31);
    await open({ journalMs: 365 * dayMs }).look();
    expect(await jobs()).toEqual(['J2']);
    expect(archived()).toEqual(['job J1', 'late']);
    for (const prefix of ['l/', 'k/']) expect(await keys(prefix)).toEqual([]);
    expect(await keys('je/')).toHaveLength(1);
    await expect(bench.desk.get('J1')).rejects.toMatchObject({ code: 'JOB_UNKNOWN' });
  });

  test('retain: no number is given again, although the newest job is gone and the hub started anew', async () => {
    for (let count = 0; count < 3; count += 1) await end();
    age(91);
    await open().look();
    expect(await jobs()).toEqual([]);
    bench = await bench.restart();
    expect((await bench.desk.dispatch(makeJob([alice]))).id).toBe('J4');
  });

  test('retain: over the count the oldest go, and what has not ended counts for nobody', async () => {
    await bench.desk.dispatch(makeJob([bob]));
    for (let count = 0; count < 5; count += 1) await end();
    await open({ jobsMax: 2 }).look();
    expect(await jobs()).toEqual(['J1', 'J5', 'J6']);
  });

  test('retain: over the bytes the oldest logs go, the newest stay', async () => {
    for (let count = 0; count < 4; count += 1) await end(400);
    await open({ logsBytesMax: 1000 }).look();
    expect(discarded).toEqual(['J1.1', 'J2.1']);
    await end(400);
    await open({ logsBytesMax: 1000 }).look();
    expect(discarded).toEqual(['J1.1', 'J2.1', 'J3.1']);
  });

  test('retain: one loop counts on as jobs end', async () => {
    const retain = open({ jobsMax: 2, logsBytesMax: 1000 });
    await retain.look();
    for (let count = 0; count < 4; count += 1) {
      await end(400);
      await retain.look();
    }
    expect(await jobs()).toEqual(['J3', 'J4']);
    expect([...new Set(discarded)]).toEqual(['J1.1', 'J2.1']);
  });

  test('retain: a group stays with all its parts while one is open, and goes whole', async () => {
    await bench.desk.dispatch(makeJob([alice, bob], { shape: 'group' }));
    await bench.report(alice, finished('J2.1', 'succeeded'));
    await runDays(bench, 91);
    await open().look();
    expect(await jobs()).toEqual(['J1', 'J2', 'J3']);
    await bench.report(bob, finished('J3.1', 'succeeded'));
    await open().look();
    expect(await jobs()).toEqual(['J1', 'J2', 'J3']);
    await runDays(bench, 91);
    await open().look();
    expect(await jobs()).toEqual([]);
    expect(archived().filter((line) => line.startsWith('job'))).toEqual([
      'job J1',
      'job J2',
      'job J3',
    ]);
    expect(await keys('je/')).toEqual([]);
  });

  test('retain: a job tried again ages from its new end', async () => {
    await end();
    await runDays(bench, 80);
    await bench.desk.retry(await bench.desk.get('J1'), alice);
    await runDays(bench, 11);
    await open().look();
    expect(await jobs()).toEqual(['J1']);
    await bench.report(alice, finished('J1.2', 'succeeded'));
    await open().look();
    await runDays(bench, 89);
    await open().look();
    expect(await jobs()).toEqual(['J1']);
    await runDays(bench, 2);
    await open().look();
    expect(await jobs()).toEqual([]);
  });

  test('retain: a job about which a decision waits stays until it is decided', async () => {
    await bench.desk.dispatch(makeJob([alice]));
    await bench.report(alice, { kind: 'started', attempt: 'J1.1', at: 1 });
    const loss = { reason: 'silent', cause: 'silence' } as const;
    await bench.desk.declareLost({ id: 'J1', n: 1 }, loss);
    expect(bench.state.decisions.size).toBe(1);
    age(91);
    const retain = open();
    await retain.look();
    expect(await jobs()).toEqual(['J1']);
    bench.state.decisions.clear();
    await retain.look();
    expect(await jobs()).toEqual([]);
  });

  test('retain: a job in somebody’s hands is let be, and forgotten later', async () => {
    await end();
    age(91);
    expect(bench.desk.claim(['J1'])).toBe(true);
    const retain = open();
    await retain.look();
    expect(await jobs()).toEqual(['J1']);
    bench.desk.release(['J1']);
    await retain.look();
    expect(await jobs()).toEqual([]);
  });

  test('retain: a job cannot be tried again while it is being forgotten', async () => {
    await end();
    const job = await bench.desk.get('J1');
    age(91);
    const slow: ArchivePort = {
      findSize: (file) => port.findSize(file),
      cut: (file, bytes) => port.cut(file, bytes),
      append: async (file, bytes) => {
        await expect(bench.desk.retry(job, alice)).rejects.toMatchObject({
          code: 'JOB_UNFINISHED',
        });
        await port.append(file, bytes);
      },
    };
    await open({}, slow).look();
    expect(await jobs()).toEqual([]);
    await expect(bench.desk.retry(job, alice)).rejects.toMatchObject({ code: 'JOB_UNKNOWN' });
  });

  test('retain: nothing is removed that could not be exported, and the trouble is told once', async () => {
    await end(5);
    age(91);
    const full: ArchivePort = {
      findSize: (file) => port.findSize(file),
      cut: async () => undefined,
      append: () => Promise.reject(new Error('no space left')),
    };
    const retain = open({}, full);
    await retain.look();
    await retain.look();
    expect(await jobs()).toEqual(['J1']);
    expect(retain.status.failure).toContain('no space left');
    expect(said).toHaveLength(1);
    expect(bench.desk.claim(['J1'])).toBe(true);
  });

  test('retain: a hub killed between export and removal exports once', async () => {
    await end();
    age(91);
    const { kv } = bench;
    const batch = kv.batch.bind(kv);
    kv.batch = (ops, how) =>
      ops.some(({ type }) => type === 'del')
        ? Promise.reject(new Error('killed'))
        : batch(ops, how);
    await open({ journalMs: 365 * dayMs }).look();
    expect(archived()).toEqual(['job J1']);
    bench = await bench.restart();
    await open({ journalMs: 365 * dayMs }).look();
    expect(await jobs()).toEqual([]);
    expect(archived()).toEqual(['job J1']);
  });

  test('retain: events go by age and count, exported in their order, the newest never', async () => {
    for (let count = 0; count < 4; count += 1) await end();
    const before = await readEvents(bench.kv, { afterSeq: 0, countMax: 1000 });
    await open({ journalMax: 3 }).look();
    const left = await readEvents(bench.kv, { afterSeq: 0, countMax: 1000 });
    expect(left).toEqual(before.slice(-3));
    expect(archived()).toEqual(before.slice(0, -3).map(({ seq }) => `event ${seq}`));
    await runDays(bench, 91);
    await open({ jobsMs: 365 * dayMs }).look();
    expect(await readEvents(bench.kv, { afterSeq: 0, countMax: 9 })).toEqual(before.slice(-1));
  });

  test('retain: events that share a row go when the last of them is old', async () => {
    await Promise.all([
      bench.desk.dispatch(makeJob([alice])),
      bench.desk.dispatch(makeJob([alice])),
    ]);
    await end();
    const rows = await readEventRows(bench.kv, { afterSeq: 0, countMax: 1000 });
    const shared = rows.findIndex(({ events }) => events.length > 1);
    const after = rows.slice(shared + 1).flatMap(({ events }) => events);
    await open({ journalMax: after.length + 1 }).look();
    expect(await readEventRows(bench.kv, { afterSeq: 0, countMax: 1000 })).toEqual(
      rows.slice(shared),
    );
    await open({ journalMax: after.length }).look();
    expect(await readEvents(bench.kv, { afterSeq: 0, countMax: 1000 })).toEqual(after);
  });

  test('retain: messages that could not be read go by age, and all of a peer when asked', async () => {
    await bench.desk.takeFacts(alice, [{ seq: 1, bytes: Uint8Array.of(0xc1) }]);
    age(91);
    await bench.desk.takeFacts(alice, [{ seq: 2, bytes: Uint8Array.of(0xc1) }]);
    await bench.desk.takeFacts(bob, [{ seq: 1, bytes: Uint8Array.of(0xc1) }]);
    const retain = open({ journalMs: 365 * dayMs });
    await retain.look();
    expect((await readQuarantine(bench.kv, 9)).map(({ peer, seq }) => [peer, seq])).toEqual([
      [alice, 2],
      [bob, 1],
    ]);
    await retain.archiveQuarantined(alice);
    expect((await readQuarantine(bench.kv, 9)).map(({ peer }) => peer)).toEqual([bob]);
    expect(archived()).toEqual(['quarantine 1', 'quarantine 2']);
  });

  test('retain: decided decisions go by age, open ones and the newest stay', async () => {
    for (const id of ['J1', 'J2', 'J3'] as const) {
      await bench.desk.dispatch(makeJob([alice], { spec: { ...spec, lostAfterMs: 60_000 } }));
      await bench.report(alice, { kind: 'started', attempt: `${id}.1`, at: 1 });
      await bench.desk.declareLost({ id, n: 1 }, { reason: 'silent', cause: 'silence' });
    }
    await bench.desk.retry(await bench.desk.get('J1'), alice);
    expect(await keys('da/')).toHaveLength(2);
    age(91);
    await open({ jobsMax: 10 }).look();
    expect(await keys('d/')).toEqual(['d/000000000002', 'd/000000000003']);
    expect(archived()).toContain('decision D1');
  });

  test('retain: logs are exported where the policy says so', async () => {
    await end(5);
    age(31);
    await open({ isLogsArchived: true }).look();
    expect(archived()).toEqual(['log J1.1']);
  });

  test('retain: a job that goes before its log is archived with it', async () => {
    const retain = open({ isLogsArchived: true, jobsMax: 1 });
    for (let count = 0; count < 3; count += 1) {
      await end(5);
      await retain.look();
    }
    expect(await jobs()).toEqual(['J3']);
    expect(archived()).toEqual(['log J1.1', 'job J1', 'log J2.1', 'job J2']);
  });

  test('retain: what one look does not reach the next ones do, soon after', async () => {
    for (let count = 0; count < 300; count += 1) await end();
    age(91);
    const retain = open();
    retain.start();
    await bench.ports.advance(1000);
    for (let count = 0; count < 50 && (await jobs()).length > 0; count += 1) {
      await bench.ports.advance(1000);
    }
    expect(await jobs()).toEqual([]);
    await retain.stop();
    expect(bench.ports.timerCount).toBe(0);
  });
});
