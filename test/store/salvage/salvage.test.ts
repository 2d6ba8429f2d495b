/*
 * Real damage to a real store: what is read all the same, and that nothing is ever missing without a word.
 */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuditPage, auditStart } from '../../../store/audit.ts';
import { readHomeAudit } from '../../../store/audit-home.ts';
import type { AuditProof } from '../../../store/audit-read.ts';
import { showAuditProof } from '../../../store/audit-text.ts';
import { openStore } from '../../../store/format.ts';
import { auditKey, wholeRange } from '../../../store/keys.ts';
import { openLevelKv } from '../../../store/open.ts';
import { openReopeningKv, readSyncedTail } from '../../../store/reopen.ts';
import { findHoles } from '../../../store/salvage/check-rows.ts';
import { crc32c, mendByte } from '../../../store/salvage/checksum.ts';
import { readLevelTable } from '../../../store/salvage/level-table.ts';
import { repairStore, showRepair } from '../../../store/salvage/repair-store.ts';
import { salvageStore } from '../../../store/salvage/salvage.ts';
import { checkAfterOpen, checkBeforeOpen, readWitness } from '../../../store/witness.ts';
import { FakePorts } from '../../protocol/fake-ports.ts';

let root: string;
let sound: string;
let truth: ReadonlyMap<string, string>;
let tail = 0;
let homes = 0;

/** Small numbers by chance, the same for a seed. */
function draw(seed: number): (below: number) => number {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'salvage-'));
  sound = join(root, 'sound');
  const ports = new FakePorts();
  const open = () => openLevelKv(sound, { writeBufferBytes: 4 * 1024 * 1024 });
  const kv = await openReopeningKv({
    open,
    ports,
    makeRoom: async () => undefined,
    changed: () => undefined,
  });
  await openStore(kv, ports.random);
  const roll = draw(7);
  const rows = new Map<string, string>();
  // Several tables on several levels, removals among them, and a log that is in no table yet.
  for (let batch = 0; batch < 1500; batch += 1) {
    const ops = Array.from({ length: 8 }, () => {
      const key = `j/${String(roll(3000)).padStart(12, '0')}`;
      if (roll(6) === 0) {
        rows.delete(key);
        return { type: 'del', key } as const;
      }
      const value = `${batch} ${roll(1e9)} `.repeat(20 + roll(150));
      rows.set(key, value);
      return { type: 'put', key, value: new TextEncoder().encode(value) } as const;
    });
    await kv.batch(ops, 'synced');
  }
  tail = kv.syncedTail;
  await kv.close();
  // Opening a store empties its log, so what is damaged later is from before that.
  cpSync(sound, join(root, 'read'), { recursive: true });
  const other = await openLevelKv(join(root, 'read'));
  truth = new Map(
    (await other.range({ ...wholeRange, countMax: 1e6, order: 'ascending' })).map(
      ({ key, value }) => [key, Buffer.from(value).toString('hex')],
    ),
  );
  await other.close();
  expect([...truth.keys()].filter((key) => key.startsWith('j/'))).toHaveLength(rows.size);
  writeFileSync(join(sound, 'TAIL'), `${tail}\n`);
}, 120_000);

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A copy to be damaged. */
function copy(): string {
  homes += 1;
  const home = join(root, `home-${homes}`);
  cpSync(sound, join(home, 'store'), { recursive: true });
  return join(home, 'store');
}

function list(store: string, pattern: RegExp): readonly string[] {
  return readdirSync(store)
    .filter((name) => pattern.test(name))
    .toSorted();
}

function change(file: string, act: (bytes: Buffer) => Buffer): void {
  writeFileSync(file, act(readFileSync(file)));
}

interface Outcome {
  readonly wrong: number;
  readonly missing: number;
  readonly said: readonly string[];
  readonly mended: readonly string[];
}

/** What the salvage has wrong of what was acknowledged, and what it said. */
async function judge(store: string): Promise<Outcome> {
  const { rows, lost, mended } = await salvageStore(store);
  const found = new Map(rows.map(({ key, value }) => [key, Buffer.from(value).toString('hex')]));
  let [wrong, missing] = [0, 0];
  for (const [key, value] of truth) {
    const known = found.get(key);
    if (known === undefined) missing += 1;
    else if (known !== value) wrong += 1;
  }
  for (const key of found.keys()) if (!truth.has(key)) wrong += 1;
  const said = [...lost, ...findHoles(rows, await readWitness(store))];
  rmSync(store, { recursive: true });
  return { wrong, missing, said, mended };
}

/** Whatever is not as it was has been said. */
function expectHonest(outcome: Outcome): void {
  if (outcome.wrong + outcome.missing > 0) expect(outcome.said).not.toEqual([]);
}

describe('salvage', () => {
  test('checksum: a single damaged byte is found and put right, wherever it lies', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    const roll = draw(3);
    const bytes = Uint8Array.from({ length: 5000 }, () => roll(256));
    const sum = crc32c(bytes);
    for (let n = 0; n < 300; n += 1) {
      const damaged = bytes.slice();
      const at = n < 2 ? n * 4999 : roll(5000);
      damaged[at] = (damaged[at] ?? 0) ^ (1 + roll(255));
      expect(mendByte(damaged, sum)).toEqual(bytes);
    }
    const read = Buffer.from(bytes);
    read[7] = (read[7] ?? 0) ^ 1;
    expect(Buffer.from(mendByte(read, sum) ?? []).equals(bytes)).toBe(true);
    expect(read.equals(bytes)).toBe(false);
    const twice = bytes.slice();
    [twice[10], twice[4000]] = [(twice[10] ?? 0) ^ 7, (twice[4000] ?? 0) ^ 9];
    expect(mendByte(twice, sum)).not.toEqual(twice);
  });

  test('a sound store: every row is read as LevelDB reads it, and nothing is said', async () => {
    expect(list(sound, /\.ldb$/).length).toBeGreaterThan(2);
    expect(await judge(copy())).toEqual({ wrong: 0, missing: 0, said: [], mended: [] });
  });

  test.each([
    ['CURRENT is gone', (store: string) => rmSync(join(store, 'CURRENT'))],
    [
      'the MANIFEST is gone',
      (store: string) => rmSync(join(store, list(store, /^MANIFEST/)[0] ?? '')),
    ],
    [
      'both are gone',
      (store: string) => {
        rmSync(join(store, 'CURRENT'));
        rmSync(join(store, list(store, /^MANIFEST/)[0] ?? ''));
      },
    ],
    ['CURRENT holds rubbish', (store: string) => writeFileSync(join(store, 'CURRENT'), '\0\0\0')],
  ])('when %s every row is read all the same', async (_, damage) => {
    const store = copy();
    damage(store);
    const outcome = await judge(store);
    expect(outcome).toMatchObject({ wrong: 0, missing: 0, said: [] });
    expect(outcome.mended).not.toEqual([]);
  });

  test('one flipped byte anywhere in a table or log is put right, or said', async () => {
    let mendedCount = 0;
    for (let seed = 1; seed <= 30; seed += 1) {
      const roll = draw(seed);
      const store = copy();
      const files = list(store, /\.(ldb|log)$/).filter(
        (name) => statSync(join(store, name)).size > 0,
      );
      const file = join(store, files[roll(files.length)] ?? '');
      change(file, (bytes) => {
        const at = roll(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 + roll(255));
        return bytes;
      });
      const outcome = await judge(store);
      expectHonest(outcome);
      if (outcome.mended.length > 0 && outcome.wrong + outcome.missing === 0) mendedCount += 1;
    }
    expect(mendedCount).toBeGreaterThan(20);
  }, 120_000);

  test.each([
    [
      'a stretch of a table is zeroed',
      /\.ldb$/,
      (bytes: Buffer, at: number) => bytes.fill(0, at, Math.min(bytes.length, at + 3000)),
    ],
    [
      'a stretch of a table is rubbish',
      /\.ldb$/,
      (bytes: Buffer, at: number) => bytes.fill(0xa5, at, Math.min(bytes.length, at + 20_000)),
    ],
    ['a table is cut', /\.ldb$/, (bytes: Buffer, at: number) => bytes.subarray(0, at)],
    ['the log is cut', /\.log$/, (bytes: Buffer, at: number) => bytes.subarray(0, at)],
    [
      'a stretch of the log is zeroed',
      /\.log$/,
      (bytes: Buffer, at: number) => bytes.fill(0, at, Math.min(bytes.length, at + 5000)),
    ],
    [
      'the last block of the log is zeroed',
      /\.log$/,
      (bytes: Buffer) => bytes.fill(0, Math.max(0, bytes.length - 32_768)),
    ],
    [
      'a stretch of the MANIFEST is rubbish',
      /^MANIFEST/,
      (bytes: Buffer, at: number) => bytes.fill(0xa5, at, Math.min(bytes.length, at + 40)),
    ],
  ] as const)(
    'when %s, what is missing is said',
    async (_, pattern, damage) => {
      for (let seed = 1; seed <= 8; seed += 1) {
        const roll = draw(seed * 31);
        const store = copy();
        const files = list(store, pattern).filter((name) => statSync(join(store, name)).size > 0);
        const file = join(store, files[roll(files.length)] ?? '');
        change(file, (bytes) => damage(bytes, roll(Math.max(1, bytes.length - 100))));
        const outcome = await judge(store);
        expectHonest(outcome);
        expect(outcome.missing).toBeLessThan(truth.size);
      }
    },
    120_000,
  );

  test('a table or the log that is gone is said', async () => {
    for (const name of list(sound, /\.(ldb|log)$/)) {
      const store = copy();
      rmSync(join(store, name));
      const outcome = await judge(store);
      expectHonest(outcome);
    }
  }, 120_000);

  test('it reads no less than LevelDB’s own repair does, which says nothing', async () => {
    const store = copy();
    const [table = ''] = list(store, /\.ldb$/);
    change(join(store, table), (bytes) => bytes.fill(0xa5, 9000, 12_000));
    const other = copy();
    change(join(other, table), (bytes) => bytes.fill(0xa5, 9000, 12_000));
    // `level` is classic-level here, whose types it leaves out.
    await (Level as unknown as { repair(path: string): Promise<void> }).repair(other);
    const kv = await openLevelKv(other);
    const theirs = await kv.range({ ...wholeRange, countMax: 1e6, order: 'ascending' });
    await kv.close();
    const ours = new Map((await salvageStore(store)).rows.map((row) => [row.key, row.value]));
    expect(theirs.length).toBeGreaterThan(0);
    for (const { key, value } of theirs)
      expect(Buffer.from(ours.get(key) ?? []).equals(value)).toBe(true);
  });

  test('a table that was cut gives all blocks before the cut, and one whose index is gone gives all', async () => {
    const [table = ''] = list(sound, /\.ldb$/);
    const whole = readLevelTable(readFileSync(join(sound, table)));
    const size = statSync(join(sound, table)).size;
    const bytes = readFileSync(join(sound, table));
    const half = readLevelTable(bytes.subarray(0, Math.floor(size / 2)));
    const count = half.entries.length;
    expect(count).toBeGreaterThan(whole.entries.length / 4);
    expect(half.entries).toEqual(whole.entries.slice(0, count));
    expect(half.lost).toEqual([{ after: half.entries.at(-1)?.key, through: null }]);
    const index = bytes.lastIndexOf(Buffer.from([0, 0, 0, 0, 1, 0, 0, 0, 0]));
    const bare = readLevelTable(Buffer.concat([bytes.subarray(0, index + 13), Buffer.alloc(200)]));
    expect(bare.entries).toEqual(whole.entries);
    expect(bare.lost).toEqual([]);
  });

  test('the witness: a log that was damaged in its middle, or cut, is known before it is used', async () => {
    await checkBeforeOpen(sound);
    const store = copy();
    const [log = ''] = list(store, /\.log$/).filter((name) => statSync(join(store, name)).size > 0);
    change(join(store, log), (bytes) => bytes.fill(0, 10, 20));
    await expect(checkBeforeOpen(store)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(await readWitness(store)).toBe(tail);
    rmSync(join(store, 'TAIL'));
    expect(await readWitness(store)).toBe(0);
  });

  test('repair: with nothing missing it is the same store, and the old one lies aside as it was', async () => {
    const store = copy();
    const home = join(store, '..');
    rmSync(join(store, 'CURRENT'));
    const names = readdirSync(store).toSorted();
    const plan = { home, store, now: 5, random: new FakePorts().random, adapt: () => [] };
    expect(await repairStore({ ...plan, isDryRun: true })).toMatchObject({
      is: 'mended',
      asideIn: null,
    });
    expect(readdirSync(store).toSorted()).toEqual(names);
    const answer = await repairStore({ ...plan, isDryRun: false });
    expect(showRepair(answer)).toContain('Nothing is missing.');
    expect(readdirSync(join(home, answer.asideIn ?? '', 'store')).toSorted()).toEqual(names);
    const kv = await openLevelKv(store);
    const rows = await kv.range({ ...wholeRange, countMax: 1e6, order: 'ascending' });
    await kv.close();
    const found = new Map(rows.map(({ key, value }) => [key, Buffer.from(value).toString('hex')]));
    found.delete('meta/salvaged');
    expect(found).toEqual(truth);
    expect(await repairStore({ ...plan, isDryRun: false })).toMatchObject({ is: 'sound' });
  });

  /** The sound store with a trail of five entries, of which the third is gone. */
  async function copyWithGap(): Promise<string> {
    const store = copy();
    const kv = await openLevelKv(store);
    const page = new AuditPage({ n: 0, hash: auditStart });
    for (const verb of ['stop', 'dispatch', 'cancel', 'retry', 'tidy']) {
      page.add({ who: 'owner', surface: 'cli', verb }, 1);
      await kv.batch(page.seal(), 'synced');
    }
    await kv.batch([{ type: 'del', key: auditKey(3) }], 'synced');
    await kv.close();
    return store;
  }

  test('repair: what the trail lost is said by every proof, and is no damage the next time', async () => {
    const store = await copyWithGap();
    const home = join(store, '..');
    const { random } = new FakePorts();
    const plan = { home, store, random, adapt: () => [], isDryRun: false };
    const answer = await repairStore({ ...plan, now: 5 });
    expect(answer.lost).toEqual(['entries of the audit trail between 2 and 4']);
    const proof = (await readHomeAudit(
      { store, audit: join(home, 'audit') },
      { noted: undefined },
    )) as AuditProof;
    expect(proof).toMatchObject({ isWhole: false, broken: null, gaps: [{ after: 2, before: 4 }] });
    expect(showAuditProof(proof)).toContain('a damaged store lost of it entry 3');
    expect(await repairStore({ ...plan, now: 6 })).toMatchObject({ is: 'sound', lost: [] });
  });

  test('repair: where the owner has still to put the store aside, nobody can start on it', async () => {
    const store = await copyWithGap();
    const home = join(store, '..');
    const { random } = new FakePorts();
    const plan = { home, store, random, adapt: null, isDryRun: false };
    expect(await repairStore({ ...plan, now: 5 })).toMatchObject({ is: 'missing-rows' });
    const kv = await openLevelKv(store);
    const synced = await readSyncedTail(kv);
    await kv.close();
    await expect(checkAfterOpen(store, synced)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(await repairStore({ ...plan, now: 6 })).toMatchObject({ is: 'missing-rows' });
  });

  test('repair: with something missing it is another store, and its streams begin anew', async () => {
    const store = copy();
    const home = join(store, '..');
    const [log = ''] = list(store, /\.log$/).filter((name) => statSync(join(store, name)).size > 0);
    change(join(store, log), (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2)));
    const value = new Uint8Array([1]);
    const adapt = () => [{ type: 'put', key: 'w/x', value } as const];
    const { random } = new FakePorts();
    random.bytes(8);
    const plan = { home, store, now: 5, random, adapt, isDryRun: false };
    const answer = await repairStore(plan);
    expect(answer.is).toBe('missing-rows');
    expect(showRepair(answer)).toMatch(/missing: the newest \d+ batches/);
    const kv = await openLevelKv(store);
    expect(Buffer.from((await kv.get('meta/store')) ?? []).toString('hex')).not.toBe(
      truth.get('meta/store'),
    );
    expect(await kv.get('w/x')).toEqual(value);
    await kv.close();
  });
});
