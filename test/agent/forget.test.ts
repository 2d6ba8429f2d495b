/*
 * What an agent forgets: old messages that could not be read, exported first.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { forgetAged, forgetQuarantined } from '../../agent/forget.ts';
import { findAgentHome } from '../../agent/home.ts';
import { quarantineMax, quarantineMsMax } from '../../agent/limits.ts';
import { instantDisk, openMemoryKv } from '../../store/memory.ts';
import { planQuarantine, readQuarantine } from '../../store/quarantine.ts';
import { createDirectory } from '../store/place.ts';

const hub = 'ab'.repeat(32);
const now = 2_000_000_000_000;
const removes: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const remove of removes.splice(0)) await remove();
});

async function forget(ats: readonly number[]) {
  const place = await createDirectory();
  removes.push(place.remove);
  const home = findAgentHome(place.path);
  const kv = await openMemoryKv(instantDisk());
  const bytes = Uint8Array.of(0xc1);
  await kv.batch(
    ats.map((at, index) => planQuarantine(hub, { seq: index + 1, bytes }, at)),
    'synced',
  );
  const count = await forgetQuarantined({ home, kv, now, which: 'aged' });
  return { count, home, left: (await readQuarantine(kv, 10_000)).map(({ seq }) => seq) };
}

test('forget: a message goes once it is over its age, into the archive', async () => {
  const { count, home, left } = await forget([now - quarantineMsMax - 1, now - quarantineMsMax]);
  expect([count, left]).toEqual([1, [2]]);
  const [file = ''] = readdirSync(home.archive);
  const line = gunzipSync(readFileSync(join(home.archive, file))).toString();
  expect(JSON.parse(line)).toMatchObject({ type: 'quarantine', peer: hub, seq: 1, base64: 'wQ==' });
});

test('forget: over the count the oldest go, and nothing is written where none do', async () => {
  const { left } = await forget([now, now - 5, ...Array(quarantineMax - 1).fill(now)]);
  expect(left).toHaveLength(quarantineMax);
  expect(left).not.toContain(2);
  const { home } = await forget([now]);
  expect(() => readdirSync(home.archive)).toThrow('ENOENT');
});

test('forget: an archive that takes nothing is said at a start, and keeps no agent from its work', async () => {
  const place = await createDirectory();
  removes.push(place.remove);
  const home = findAgentHome(place.path);
  writeFileSync(home.archive, 'in the way');
  const kv = await openMemoryKv(instantDisk());
  const old = planQuarantine(hub, { seq: 1, bytes: Uint8Array.of(0xc1) }, 1);
  await kv.batch([old], 'synced');
  const noticed: string[] = [];
  await forgetAged({ home, kv, now }, (line) => noticed.push(line));
  expect(noticed).toEqual([expect.stringContaining('stay for now')]);
  expect(await readQuarantine(kv, 9)).toHaveLength(1);
});
