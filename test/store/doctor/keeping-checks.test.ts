/*
 * The checks of trail, backup and what was put aside: each breaks for real, is found, and is mended where it can be.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuditPage } from '../../../store/audit.ts';
import { openAuditFiles } from '../../../store/audit-files.ts';
import { AuditTrail } from '../../../store/audit-trail.ts';
import { type BackupHead, headName, readHead } from '../../../store/backup-head.ts';
import { makeBackup } from '../../../store/backup-make.ts';
import { collect, readBackup } from '../../../store/backup-tar.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { type KeepingContext, keepingSection } from '../../../store/doctor/keeping-checks.ts';
import { StoreVisit } from '../../../store/doctor/store-visit.ts';
import { openStore } from '../../../store/format.ts';
import type { Kv } from '../../../store/kv.ts';
import { auditRowsEntriesMin } from '../../../store/limits.ts';
import { openLevelKv } from '../../../store/open.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

const dayMs = 24 * 60 * 60 * 1000;
const now = Date.UTC(2026, 10, 26);
let home: { directory: string; audit: string; setAside: string; store: string };
let kv: Kv;
let trail: AuditTrail;

beforeEach(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'keeping-'));
  const [audit, setAside, store] = ['audit', 'set-aside', 'store'].map((name) =>
    join(directory, name),
  );
  home = { directory, audit: audit ?? '', setAside: setAside ?? '', store: store ?? '' };
  kv = await openLevelKv(home.store);
  await openStore(kv, new FakePorts().random);
  const page = new AuditPage({ n: 0, hash: '0'.repeat(64) });
  for (const verb of ['dispatch', 'cancel', 'stop']) {
    page.add({ who: 'owner', surface: 'cli', verb, result: 'done' }, now);
  }
  await kv.batch(page.seal(), 'synced');
  const ports = new FakePorts();
  const parts = {
    ...{ kv, ports, port: openAuditFiles(home.audit), noticed: () => undefined },
    policy: { keepMs: 730 * dayMs, bytesMax: 2 ** 20 },
    committer: () => expect.unreachable('nothing is noted'),
  };
  trail = new AuditTrail(parts, page.tail);
});

afterEach(async () => {
  await kv.close();
  rmSync(home.directory, { recursive: true });
});

function context(): KeepingContext {
  const live = { kv, health: soundDisk.health };
  const { timers } = new FakePorts();
  const isServed = async () => true;
  const visit = new StoreVisit({ directory: home.store, live, isServed, timers });
  const listPeers = async () => ['alice'];
  return { home, visit, program: 'wally', trail, listPeers, nowMs: now };
}

async function find() {
  const found = await keepingSection.look(context());
  return found.map(({ check, evidence }) => ({ id: check.id, evidence, fix: check.fix }));
}

/** One finding, mended; the second look is clean. */
async function mend(id: string): Promise<void> {
  const [finding, ...others] = await find();
  expect(others).toEqual([]);
  expect(finding?.id).toBe(id);
  if (finding?.fix === undefined) throw new Error('there is no fix');
  expect(finding.fix.plan(finding.evidence)).toMatch(/^(makes|removes) /);
  await finding.fix.apply(context(), finding.evidence);
  expect(await find()).toEqual([]);
}

function backUp(at: number): Promise<unknown> {
  return makeBackup({
    ...{ program: 'wally', version: '1', pid: 1, kv, folders: [], peers: [], now: at },
    directory: home.directory,
    out: join(home.directory, 'backups', 'wally-1.tar.gz'),
    isWanted: () => true,
    whileAuditRests: (read) => read(),
  });
}

describe('keeping checks', () => {
  test('a fresh home that never had a backup has no findings', async () => {
    expect(await find()).toEqual([]);
  });

  test('audit-broken: an entry that somebody changed is named with its place', async () => {
    const [row] = await kv.range({ gte: 'au/', lt: 'au0', countMax: 1, order: 'ascending' });
    const text = new TextDecoder().decode(row?.value).replace('"cancel"', '"invite"');
    await kv.batch(
      [{ type: 'put', key: row?.key ?? '', value: new TextEncoder().encode(text) }],
      'synced',
    );
    const [finding, ...others] = await find();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      id: 'audit-broken',
      evidence: { subject: `the row ${row?.key}` },
    });
    expect(finding?.evidence.seen).toContain('after entry 2');
    expect(finding?.fix).toBeUndefined();
  });

  test('audit-behind: old entries that cannot go into files are said, and go once they can', async () => {
    const page = new AuditPage(trail.tail);
    for (let count = 0; count < auditRowsEntriesMin; count += 1) {
      for (let each = 0; each < 2; each += 1) {
        page.add({ who: 'owner', surface: 'cli', verb: 'dispatch', result: 'done' }, now);
      }
      await kv.batch(page.seal(), 'buffered');
    }
    writeFileSync(home.audit, 'somebody’s');
    await trail.look();
    const found = await find();
    // Whoever reads the trail cannot either.
    expect(found.map(({ id }) => id)).toEqual(['audit-broken', 'audit-behind']);
    expect(found[1]?.evidence.seen).toMatch(/could not be put into files: .*ENOTDIR/);
    rmSync(home.audit);
    await mend('audit-behind');
    expect(readdirSync(home.audit)).toHaveLength(1);
  });

  test('backup-old: one of long ago is found, and made again beside it', async () => {
    await backUp(now - 2 * dayMs);
    expect(await find()).toEqual([]);
    rmSync(join(home.directory, 'backups', 'wally-1.tar.gz'));
    await backUp(now - 40 * dayMs);
    await mend('backup-old');
    const files = readdirSync(join(home.directory, 'backups')).toSorted();
    expect(files).toHaveLength(2);
    let head: BackupHead | undefined;
    await readBackup(join(home.directory, 'backups', files[1] ?? ''), async ({ name, bytes }) => {
      const all = Buffer.concat(await collect(bytes));
      if (name === headName) head = readHead(all, 'wally');
    });
    expect(head?.peers).toEqual(['alice']);
  });

  test('backup-unreadable: one with another byte is found, and made again; one that was taken away is fine', async () => {
    await backUp(now - dayMs);
    const file = join(home.directory, 'backups', 'wally-1.tar.gz');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0, bytes.length - 200, bytes.length - 100));
    await mend('backup-unreadable');
    rmSync(join(home.directory, 'backups'), { recursive: true });
    expect(await find()).toEqual([]);
  });

  test('asides-many: the oldest go, the newest five stay', async () => {
    for (let n = 1; n <= 8; n += 1)
      mkdirSync(join(home.setAside, `00${n}`, 'store'), { recursive: true });
    await mend('asides-many');
    expect(readdirSync(home.setAside).toSorted()).toEqual(['004', '005', '006', '007', '008']);
  });

  test('asides-many: copies of logs that lie beside the stores are not counted, and none is removed', async () => {
    const logs = [1, 2, 3, 4, 5, 6].map((n) => `log-J${n}.1.aside-20261126T000000Z`);
    for (const name of [...logs, '001', '002'])
      mkdirSync(join(home.setAside, name), { recursive: true });
    expect(await find()).toEqual([]);
    for (const name of ['003', '004', '005', '006']) mkdirSync(join(home.setAside, name));
    await mend('asides-many');
    const stores = ['002', '003', '004', '005', '006'];
    expect(readdirSync(home.setAside).toSorted()).toEqual([...stores, ...logs]);
  });
});
