/*
 * A process that owns a store and writes as fast as it can; each acknowledged key is a line.
 *
 * Arguments: directory, `synced` or `buffered`, first key's number, `mending` or `plain`. The oracle
 * of what was acknowledged is whoever reads these lines. Eight batches are under way at a time, of
 * sizes that make LevelDB begin new logs often.
 */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openSystemPorts } from '../../../protocol/ports.ts';
import type { Durability, Kv } from '../../../store/kv.ts';
import { openLevelKv } from '../../../store/open.ts';
import { openReopeningKv } from '../../../store/reopen.ts';

const [, , path = '', durability = 'synced', first = '0', kind = 'mending'] = process.argv;
const kv = await openStore();
writeSync(1, 'open\n');
let next = Number(first);
await Promise.all(Array.from({ length: 8 }, writeOn));

async function writeOn(): Promise<void> {
  for (;;) {
    const key = `k${String(next).padStart(8, '0')}`;
    const size = [100, 30_000, 120_000][next % 3] ?? 0;
    next += 1;
    const value = randomBytes(size);
    await kv.batch([{ type: 'put', key, value }], durability as Durability);
    writeSync(1, `${key}\n`);
  }
}

function openStore(): Promise<Kv> {
  if (kind === 'plain') return openLevelKv(path);
  return openReopeningKv({
    open: () => openLevelKv(path),
    ports: openSystemPorts(),
    makeRoom: async () => undefined,
    changed: ({ is }) => writeSync(1, `${is}\n`),
  });
}
