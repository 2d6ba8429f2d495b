/*
 * Forgetting while the disk takes nothing, does not let go, or somebody else asks: what failed is done later, and
 * counted once.
 */
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { lateRowsPerLook, stuckCopiesMax } from '../../../cockpit/hub/keep-limits.ts';
import { Retain } from '../../../cockpit/hub/retain.ts';
import type { KeepPolicy } from '../../../cockpit/manager/plan-retention.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { Archive, type ArchivePort } from '../../../store/archive.ts';
import { MemoryArchive } from '../../../store/archive-memory.ts';
import { lateReportKey, prefixRange } from '../../../store/keys.ts';
import type { Log, LogStore } from '../../../store/log.ts';
import { instantLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';
import { readQuarantine } from '../../../store/quarantine.ts';
import { planRow } from '../../../store/row-codec.ts';
import { alice, bob, type HubBench, openTeamBench } from './hub-bench.ts';
import { dayMs, endJob, generous, listJobs, runDays } from './retain-scene.ts';

let bench: HubBench;
let port: MemoryArchive;
let logs: LogStore;
let discarded: AttemptId[];
let said: string[];
/** Of these attempts nothing can be removed. */
let stuck: Set<AttemptId>;

beforeEach(async () => {
  bench = await openTeamBench();
  port = new MemoryArchive();
  logs = await openMemoryLogs(instantLogDisk(), { bytesMax: 8 * 1024 * 1024 });
  discarded = [];
  said = [];
  stuck = new Set();
});

function open(policy: Partial<KeepPolicy>, archive: ArchivePort = port): Retain {
  const { kv, desk, inbox, ports, state } = bench;
  return new Retain({
    ...{ kv, desk, inbox, state, ports, logs },
    archive: new Archive(kv, archive),
    policy: { ...generous, ...policy },
    describe: async ({ id }) => ({ id }),
    discard: async (attempt) => {
      if (stuck.has(attempt)) throw new Error('no such luck');
      discarded.push(attempt);
      await logs.remove(attempt);
    },
    noticed: (line) => said.push(line),
  });
}

/** A job of alice's that has ended, and printed so many bytes. */
async function end(logBytes = 0): Promise<void> {
  const id = await endJob(bench, logBytes);
  if (logBytes === 0) return;
  const log = await logs.open(`${id}.1`);
  await log.append([{ offset: 0, stream: 'stdout', at: 1, bytes: new Uint8Array(logBytes) }]);
}

interface Line {
  readonly type: string;
  readonly id?: string;
  readonly attempt?: string;
  readonly offset: number;
  readonly report: { readonly fact: { readonly attempt: string } };
}

function readArchive(): readonly Line[] {
  const files = [...port.files.values()].filter((file) => file.length > 0);
  const lines = files.flatMap((file) => gunzipSync(file).toString().trimEnd().split('\n'));
  return lines.map((line) => JSON.parse(line));
}

/** `type`, and id or attempt, of every line in the archive. */
function archived(): readonly string[] {
  return readArchive().map(
    ({ type, id, attempt, report }) => `${type} ${id ?? attempt ?? report.fact.attempt}`,
  );
}

function age(days: number): void {
  bench.ports.wallStartMs += days * dayMs;
}

async function listLate(): Promise<readonly string[]> {
  const range = { ...prefixRange('l/'), countMax: 10_000, order: 'ascending' } as const;
  return (await bench.kv.range(range)).map(({ key }) =>
    key.split('/').slice(1, 3).map(Number).join('.'),
  );
}

const jobs = () => listJobs(bench);

describe('retain in trouble', () => {
  test('retain: what a full disk kept goes once there is room, and nothing younger in its place', async () => {
    let isFull = true;
    const filling: ArchivePort = {
      findSize: (file) => port.findSize(file),
      cut: (file, bytes) => port.cut(file, bytes),
      append: (file, bytes) =>
        isFull ? Promise.reject(new Error('no space left')) : port.append(file, bytes),
    };
    for (let count = 0; count < 4; count += 1) await end();
    const retain = open({ jobsMax: 2 }, filling);
    await retain.look();
    expect(await jobs()).toEqual(['J1', 'J2', 'J3', 'J4']);
    isFull = false;
    await retain.look();
    expect(await jobs()).toEqual(['J3', 'J4']);
  });

  test('retain: logs that could not be removed at once are not counted off twice', async () => {
    for (let count = 0; count < 5; count += 1) await end(400);
    const retain = open({ logsBytesMax: 1000 });
    stuck.add('J2.1');
    for (let count = 0; count < 3; count += 1) await retain.look();
    stuck.clear();
    await retain.look();
    expect(discarded).toEqual(['J1.1', 'J3.1', 'J2.1']);
  });

  test('retain: a log that cannot be removed holds up nothing else, is told once, and goes when it can', async () => {
    for (let count = 0; count < 4; count += 1) await end(5);
    stuck.add('J2.1');
    age(91);
    const retain = open({ journalMs: 365 * dayMs });
    for (let count = 0; count < 3; count += 1) await retain.look();
    expect([await jobs(), [...new Set(discarded)]]).toEqual([[], ['J1.1', 'J3.1', 'J4.1']]);
    expect(retain.status).toEqual({
      failure: expect.stringMatching(/^the log or files of J2.1: .*no such luck/),
      behindSince: null,
    });
    expect(said).toHaveLength(1);
    stuck.clear();
    await retain.look();
    expect([retain.status.failure, discarded.at(-1)]).toEqual([null, 'J2.1']);
  });

  test('retain: a log that cannot be removed is archived once, over its job and the next start of the hub', async () => {
    await end(5);
    stuck.add('J1.1');
    age(31);
    const policy = { isLogsArchived: true, journalMs: 365 * dayMs };
    const retain = open(policy);
    for (let count = 0; count < 3; count += 1) await retain.look();
    expect(archived()).toEqual(['log J1.1']);
    bench = await bench.restart();
    await runDays(bench, 60);
    const next = open(policy);
    await next.look();
    expect([await jobs(), archived()]).toEqual([[], ['log J1.1', 'job J1']]);
    expect(next.status.failure).toContain('J1.1');
    bench = await bench.restart();
    stuck.clear();
    const last = open(policy);
    await last.look();
    expect([[...new Set(discarded)], last.status.failure]).toEqual([['J1.1'], null]);
    expect(archived()).toEqual(['log J1.1', 'job J1']);
    expect(await bench.kv.get('meta/stuck-copies')).toBeUndefined();
  });

  test('retain: a log that cannot be read for the archive is kept, and archived from there on when it can', async () => {
    await end(3 * 1024 * 1024);
    await end(5);
    age(31);
    let isBroken = true;
    const { open: openLog } = logs;
    logs.open = async (attempt) => {
      const log = await openLog.call(logs, attempt);
      if (attempt !== 'J1.1') return log;
      const read: Log['read'] = (from, ...rest) =>
        isBroken && from > 0 ? Promise.reject(new Error('EIO')) : log.read(from, ...rest);
      return { ...log, end: log.end, read };
    };
    const retain = open({ isLogsArchived: true });
    for (let count = 0; count < 2; count += 1) await retain.look();
    expect([discarded, retain.status.failure]).toEqual([
      ['J2.1'],
      expect.stringMatching(/^the log or files of J1.1: .*EIO/),
    ]);
    isBroken = false;
    await retain.look();
    expect([discarded, retain.status.failure]).toEqual([['J2.1', 'J1.1'], null]);
    const offsets = readArchive().flatMap(({ type, attempt, offset }) =>
      type === 'log' && attempt === 'J1.1' ? [offset] : [],
    );
    expect(offsets).toEqual([...new Set(offsets)].toSorted((a, b) => a - b));
    expect(offsets.length).toBeGreaterThan(1);
  });

  test('retain: where more cannot be removed than one can name, the rest waits', async () => {
    for (let count = 0; count < stuckCopiesMax + 2; count += 1) await end(5);
    for (let n = 1; n <= stuckCopiesMax + 2; n += 1) stuck.add(`J${n}.1`);
    age(31);
    const retain = open({});
    await retain.look();
    expect(retain.status.failure).toMatch(/^[^(]+ \(no such luck\)$/);
    expect(await jobs()).toHaveLength(1000);
    stuck.clear();
    for (let count = 0; count < 100; count += 1) await retain.look();
    expect(new Set(discarded).size).toBe(stuckCopiesMax + 2);
    expect(retain.status.failure).toBeNull();
  });

  test('retain: a report that comes after its job was forgotten goes with the next look, exported', async () => {
    for (let count = 0; count < 2; count += 1) await end();
    const retain = open({ jobsMax: 1, journalMs: 365 * dayMs });
    await retain.look();
    expect(await jobs()).toEqual(['J2']);
    for (const attempt of ['J1.1', 'J2.1'] as const) {
      await bench.report(alice, { kind: 'started', attempt, at: 1 });
    }
    expect(await listLate()).toEqual(['1.1', '2.1']);
    await retain.look();
    expect(await listLate()).toEqual(['2.1']);
    expect(archived()).toEqual(['job J1', 'late J1.1']);
  });

  test('retain: late reports of no job that an earlier version left go a page a look', async () => {
    const count = lateRowsPerLook + 10;
    const value = planRow('x', {
      worker: alice,
      fact: { kind: 'started', attempt: 'J9.1', at: 1 },
    });
    const ops = Array.from({ length: count }, (_, n) => {
      return { ...value, key: lateReportKey(`J${n + 1000}.1`, alice) };
    });
    await bench.kv.batch(ops, 'synced');
    const retain = open({});
    await retain.look();
    expect([(await listLate()).length, retain.status.behindSince]).toEqual([
      10,
      expect.any(Number),
    ]);
    await retain.look();
    expect([await listLate(), retain.status.behindSince]).toEqual([[], null]);
  });

  test('retain: two that ask for messages to be moved write the archive one after the other', async () => {
    for (const peer of [alice, bob]) {
      await bench.desk.takeFacts(peer, [{ seq: 1, bytes: Uint8Array.of(0xc1) }]);
    }
    let [writing, most] = [0, 0];
    const slow: ArchivePort = {
      findSize: (file) => port.findSize(file),
      cut: (file, bytes) => port.cut(file, bytes),
      append: async (file, bytes) => {
        writing += 1;
        most = Math.max(most, writing);
        await new Promise(setImmediate);
        await port.append(file, bytes);
        writing -= 1;
      },
    };
    const retain = open({}, slow);
    const asked = [alice, bob].map((peer) => retain.archiveQuarantined(peer));
    await Promise.all([retain.look(), ...asked]);
    expect(most).toBe(1);
    expect(await readQuarantine(bench.kv, 9)).toEqual([]);
  });
});
