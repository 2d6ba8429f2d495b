/*
 * A repair and the audit trail: what somebody changed is missing nowhere, and what was lost at its end is written down.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AuditPage, auditStart, findAuditTail } from '../../../store/audit.ts';
import { openAuditFiles } from '../../../store/audit-files.ts';
import { readHomeAudit } from '../../../store/audit-home.ts';
import { verifyAudit } from '../../../store/audit-read.ts';
import { openStore } from '../../../store/format.ts';
import { auditKey, tailKey } from '../../../store/keys.ts';
import type { KvOp } from '../../../store/kv.ts';
import { auditLeapCount } from '../../../store/limits.ts';
import { openLevelKv } from '../../../store/open.ts';
import { planRow } from '../../../store/row-codec.ts';
import { readLevelLog } from '../../../store/salvage/level-log.ts';
import { type RepairPlan, repairStore } from '../../../store/salvage/repair-store.ts';
import { writeWitness } from '../../../store/witness.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';
import { createDirectory } from '../place.ts';

let place: Awaited<ReturnType<typeof createDirectory>>;
let store: string;
const { random } = new FakePorts();
/** What the witness saw more than there is. */
const lost = ['the newest 22 batches (22 were acknowledged, 0 are there)'];

/** A sound store with a trail of five entries, of which the third is another than was written. */
beforeEach(async () => {
  place = await createDirectory();
  store = join(place.path, 'store');
  const kv = await openLevelKv(store);
  await openStore(kv, random);
  const page = new AuditPage({ n: 0, hash: auditStart });
  for (const verb of ['stop', 'dispatch', 'cancel', 'retry', 'tidy']) {
    page.add({ who: 'owner', surface: 'cli', verb }, 1);
    await kv.batch(page.seal(), 'synced');
  }
  const key = auditKey(3);
  const line = Buffer.from((await kv.get(key)) ?? []).toString();
  await kv.batch(
    [{ type: 'put', key, value: Buffer.from(line.replace('cancel', 'decide')) }],
    'synced',
  );
  await kv.close();
});

afterEach(() => place.remove());

function repair(now: number, adapt: RepairPlan['adapt'] = () => []) {
  return repairStore({ home: place.path, store, random, adapt, isDryRun: false, now });
}

function prove() {
  return readHomeAudit({ store, audit: join(place.path, 'audit') }, { noted: undefined });
}

/** Puts back what somebody changed. */
async function mendLine(): Promise<void> {
  const kv = await openLevelKv(store);
  const key = auditKey(3);
  const line = Buffer.from((await kv.get(key)) ?? []).toString();
  const value = Buffer.from(line.replace('decide', 'cancel'));
  await kv.batch([{ type: 'put', key, value }], 'synced');
  await kv.close();
}

async function write(...ops: readonly KvOp[]): Promise<void> {
  const kv = await openLevelKv(store);
  await kv.batch(ops, 'synced');
  await kv.close();
}

test('repair: an entry of the trail that somebody changed is missing nowhere, and stays broken', async () => {
  expect(await repair(5)).toMatchObject({ is: 'sound', lost: [] });
  rmSync(join(store, 'CURRENT'));
  expect(await repair(6)).toMatchObject({ is: 'mended', lost: [] });
  expect(await prove()).toMatchObject({ isWhole: false, broken: { after: 3 }, gaps: [] });
});

test('repair: what is gone behind a changed entry is missing once, and no more than that', async () => {
  await write({ type: 'del', key: auditKey(5) });
  expect(await repair(5)).toMatchObject({
    is: 'missing-rows',
    lost: ['entries of the audit trail between 4 and 5'],
  });
  expect(await repair(6)).toMatchObject({ is: 'sound', lost: [] });
  // What was written down as lost does not reach back to the changed entry.
  await write({ type: 'del', key: auditKey(4) });
  expect(await repair(7)).toMatchObject({ is: 'missing-rows' });
});

test('repair: an end that was lost is a gap of nobody knows how many, and no damage the next time', async () => {
  await mendLine();
  await writeWitness(store, 22);
  expect(await repair(5)).toMatchObject({ is: 'missing-rows', lost });
  const gaps = [{ after: 5, before: 6 + auditLeapCount, isCountKnown: false }];
  expect(await prove()).toMatchObject({ isWhole: false, broken: null, entries: 5, gaps });
  expect(await repair(6)).toMatchObject({ is: 'sound', lost: [] });
});

/** Two more entries in batches of their own, and in between, or behind both, one without any; then one batch is damaged. */
async function damageBatch(verbs: readonly (string | null)[], damaged: string): Promise<void> {
  const kv = await openLevelKv(store);
  const page = new AuditPage((await findAuditTail(kv)) ?? { n: 0, hash: auditStart });
  for (const verb of verbs) {
    if (verb !== null) page.add({ who: 'owner', surface: 'cli', verb }, 1);
    const other = { type: 'put', key: 't/1', value: Buffer.from('other') } as const;
    await kv.batch([...page.seal(), other], 'synced');
  }
  await kv.close();
  const log = readdirSync(store).findLast((name) => name.endsWith('.log')) ?? '';
  const bytes = readFileSync(join(store, log));
  const records = readLevelLog(bytes).records;
  const at = records.find((one) => Buffer.from(one.bytes).includes(damaged))?.at ?? 0;
  writeFileSync(join(store, log), bytes.fill(0xa5, at + 20, at + 60));
}

test('repair: an entry in a damaged stretch of the log is lost at the end where no later one is known', async () => {
  await mendLine();
  await damageBatch(['drain', null], 'drain');
  expect(await repair(5)).toMatchObject({ is: 'missing-rows' });
  const gaps = [{ after: 5, before: 6 + auditLeapCount, isCountKnown: false }];
  expect(await prove()).toMatchObject({ broken: null, entries: 5, gaps });
});

test('repair: what a damaged stretch lost before an entry that is known is counted', async () => {
  await mendLine();
  await damageBatch(['drain', 'serve'], 'drain');
  expect(await repair(5)).toMatchObject({ is: 'missing-rows' });
  const gaps = [{ after: 5, before: 7, isCountKnown: true }];
  expect(await prove()).toMatchObject({ broken: null, entries: 6, gaps });
});

test('repair: a store that its owner puts aside leaves its trail with the gap at its end', async () => {
  await mendLine();
  await writeWitness(store, 22);
  expect(await repair(5, null)).toMatchObject({ is: 'missing-rows', lost });
  const kv = await openLevelKv(store);
  const source = { kv, port: openAuditFiles(join(place.path, 'audit')), mark: undefined };
  const gaps = [{ after: 5, before: 6 + auditLeapCount, isCountKnown: false }];
  expect(await verifyAudit(source, undefined)).toMatchObject({ broken: null, gaps });
  await kv.close();
});

/** Further entries, each in a batch of its own; undefined is a batch without one. `tail`: what the witness sees. */
async function goOn(verbs: readonly (string | undefined)[], tail: number): Promise<void> {
  const kv = await openLevelKv(store);
  const page = new AuditPage((await findAuditTail(kv)) ?? { n: 0, hash: auditStart });
  for (const verb of verbs) {
    if (verb !== undefined) page.add({ who: 'owner', surface: 'cli', verb }, 1);
    await kv.batch([...page.seal(), planRow(tailKey, tail)], 'synced');
  }
  await kv.close();
  await writeWitness(store, tail);
}

function listTables(): readonly string[] {
  return readdirSync(store)
    .filter((name) => name.endsWith('.ldb'))
    .toSorted();
}

test.each([
  ['every table', (tables: readonly string[]) => tables],
  ['the newest table', (tables: readonly string[]) => tables.slice(-1)],
])(
  'repair: where %s is lost the trail may have gone on, and every proof says so',
  async (_, choose) => {
    await mendLine();
    // Each start brings what the last one wrote into a table.
    await goOn(['drain', 'serve', 'drain'], 10);
    await goOn([undefined], 11);
    for (const name of choose(listTables())) rmSync(join(store, name));
    expect(await repair(5)).toMatchObject({ is: 'missing-rows' });
    expect(await prove()).toMatchObject({ gaps: [{ isCountKnown: false }] });
    const kv = await openLevelKv(store);
    expect((await findAuditTail(kv))?.n).toBeGreaterThanOrEqual(auditLeapCount);
    await kv.close();
  },
);
