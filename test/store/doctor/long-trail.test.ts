/*
 * An audit trail of years under a doctor: a look takes as long as it always did, and everything comes to its turn.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AuditPage, auditStart } from '../../../store/audit.ts';
import { openAuditFiles } from '../../../store/audit-files.ts';
import { AuditKeep } from '../../../store/audit-keep.ts';
import { planAuditParts } from '../../../store/audit-read.ts';
import { soundDisk } from '../../../store/disk-guard.ts';
import { keepingSection } from '../../../store/doctor/keeping-checks.ts';
import { StoreVisit } from '../../../store/doctor/store-visit.ts';
import { openStore } from '../../../store/format.ts';
import type { Kv } from '../../../store/kv.ts';
import { auditFileBytesMax, auditProvedBytesMax } from '../../../store/limits.ts';
import { openLevelKv } from '../../../store/open.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

const months = [0, 1, 2, 3, 4].map((month) => Date.UTC(2026, month, 2));
let directory: string;
let audit: string;
let kv: Kv;
const ports = new FakePorts();

/** Five files of about a megabyte and a half. */
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'long-trail-'));
  audit = join(directory, 'audit');
  kv = await openLevelKv(join(directory, 'store'));
  await openStore(kv, ports.random);
  const policy = { keepMs: Number.MAX_SAFE_INTEGER, bytesMax: Number.MAX_SAFE_INTEGER };
  const port = openAuditFiles(audit);
  const keep = new AuditKeep({ kv, port, ports, policy, noticed: () => undefined });
  const page = new AuditPage({ n: 0, hash: auditStart });
  let noise = 1;
  for (const at of months) {
    for (let n = 0; n < 1500; n += 1) {
      const words = Array.from({ length: 200 }, () => {
        noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
        return noise.toString(36);
      });
      page.add({ who: 'owner', surface: 'cli', verb: 'dispatch', args: { words } }, at);
    }
    await kv.batch(page.seal(), 'synced');
    await keep.flush();
  }
});

afterEach(async () => {
  await kv.close();
  rmSync(directory, { recursive: true });
});

async function find(nowMs: number): Promise<readonly string[]> {
  const live = { kv, health: soundDisk.health };
  const isServed = async () => true;
  const store = join(directory, 'store');
  const visit = new StoreVisit({ directory: store, live, isServed, timers: ports.timers });
  const home = { directory, audit, setAside: join(directory, 'set-aside') };
  const rest = { trail: undefined, listPeers: async () => [], nowMs };
  const found = await keepingSection.look({ home, visit, program: 'wally', ...rest });
  return found.map(({ check, evidence }) => `${check.id} ${evidence.subject}`);
}

test('audit-broken: of a long trail each look proves the newest, and an older file when that comes to its turn', async () => {
  const files = await openAuditFiles(audit).list();
  const sizes = files.map((file) => readFileSync(join(audit, file)).length);
  expect(Math.max(...sizes)).toBeLessThan(auditFileBytesMax);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(2 * auditProvedBytesMax);
  expect(await find(0)).toEqual([]);
  const change = (file: string) => {
    const text = gunzipSync(readFileSync(join(audit, file))).toString();
    const changed = text.replace('"verb":"dispatch"', '"verb":"cancel"');
    writeFileSync(join(audit, file), gzipSync(changed));
  };
  const [, second = ''] = files;
  change(second);
  // A look has no time for all of them, and does not get lost in trying.
  expect(await find(0)).toEqual([]);
  const found = new Set<string>();
  for (let minute = 1; minute < files.length; minute += 1) {
    for (const one of await find(minute * 60_000)) found.add(one);
  }
  expect([...found]).toEqual([`audit-broken ${second}`]);
  change(files.at(-1) ?? '');
  expect(await find(0)).toEqual([`audit-broken ${files.at(-1)}`]);
});

test('audit parts: the newest fit, an older one comes by turns, and a short trail is looked at as a whole', () => {
  const files = ['a', 'b', 'c', 'd'].map((name) => ({ name, bytes: 4 }));
  const plan = (minute: number, bytesMax: number) =>
    planAuditParts(files, { nowMs: minute * 60_000, bytesMax });
  const newest = { files: ['c', 'd'], isFirst: false, next: undefined };
  expect(plan(0, 8)).toEqual([newest, { files: ['a'], isFirst: true, next: 'b' }]);
  expect(plan(1, 8)).toEqual([newest, { files: ['b'], isFirst: false, next: 'c' }]);
  expect(plan(2, 8)).toEqual(plan(0, 8));
  expect(plan(0, 16)).toEqual([{ files: ['a', 'b', 'c', 'd'], isFirst: true, next: undefined }]);
  expect(plan(0, 3)).toEqual([{ files: ['d'], isFirst: false, next: undefined }]);
  expect(planAuditParts([], { nowMs: 0, bytesMax: 3 })).toEqual([
    { files: [], isFirst: true, next: undefined },
  ]);
});
