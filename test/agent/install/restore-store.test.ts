/*
 * Going back to the store of an older version, and what a start finds where that was cut off anywhere.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { restoreStore } from '../../../agent/install/restore-store.ts';
import { finishRestore } from '../../../store/backup-restore.ts';
import { storeMigrations } from '../../../store/format.ts';
import { formatKey, metaKey } from '../../../store/keys.ts';
import { openLevelKv } from '../../../store/open.ts';
import { findRow, planRow } from '../../../store/row-codec.ts';

const newest = storeMigrations.length + 1;
const killer = fileURLToPath(new URL('rename-killer.ts', import.meta.url));

describe('going back to an older store', () => {
  let home: string;
  let store: string;

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'wy-'));
    store = join(home, 'store');
    await lay(store, newest + 1);
    await lay(`${store}.backup-${newest}`, newest);
  });

  afterEach(() => rmSync(home, { recursive: true }));

  async function lay(directory: string, format: number): Promise<void> {
    const kv = await openLevelKv(directory);
    await kv.batch([planRow(formatKey, format), planRow(metaKey('word'), format)], 'synced');
    await kv.close();
  }

  /** Which of the two stores is in place; undefined for an empty one. */
  async function readWord(directory: string): Promise<number | undefined> {
    const kv = await openLevelKv(directory);
    try {
      return await findRow(kv, metaKey('word'), z.number());
    } finally {
      await kv.close();
    }
  }

  test('the copy takes the place of the store, which is kept aside', async () => {
    const aside = await restoreStore(store, 17);
    expect(await readWord(store)).toBe(newest);
    expect(await readWord(aside ?? '')).toBe(newest + 1);
    expect(readdirSync(home).toSorted()).toEqual(['set-aside', 'store']);
    expect(await restoreStore(store, 18)).toBeUndefined();
  });

  test('a copy that is damaged takes nobody’s place, and both stay as they were', async () => {
    const copy = `${store}.backup-${newest}`;
    rmSync(join(copy, 'CURRENT'));
    const before = readdirSync(home).toSorted();
    const refused = { code: 'STORE_DAMAGED', message: expect.stringContaining(copy) };
    await expect(restoreStore(store, 17)).rejects.toMatchObject(refused);
    expect(readdirSync(home).toSorted()).toEqual(before);
    expect(await readWord(store)).toBe(newest + 1);
  });

  test('what is left of a copy that was being removed takes nobody’s place', async () => {
    const copy = `${store}.backup-${newest}`;
    for (const name of ['CURRENT', 'CREATED']) rmSync(join(copy, name));
    await expect(restoreStore(store, 17)).rejects.toMatchObject({ code: 'STORE_MISSING' });
    expect(await readWord(store)).toBe(newest + 1);
  });

  test('killed before any of its renames, a start finds one of the two stores, and never none', async () => {
    for (let number = 1, isOver = false; !isOver; number += 1) {
      const { status } = spawnSync(process.execPath, [killer, store, String(number)]);
      isOver = status === 0;
      await finishRestore(home);
      expect([newest, newest + 1], `rename ${number}`).toContain(await readWord(store));
      if (isOver) expect(number).toBeGreaterThan(2);
      rmSync(home, { recursive: true });
      await lay(store, newest + 1);
      await lay(`${store}.backup-${newest}`, newest);
    }
  });
});
