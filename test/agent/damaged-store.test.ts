/*
 * Whoever opens an agent's store at rest looks at it first: a damaged one is refused with its code, and nothing of it changes.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openHeldRows } from '../../agent/attempts.ts';
import { type AgentHome, findAgentHome, savePairing } from '../../agent/home.ts';
import { leave } from '../../agent/install/leave.ts';
import { readOwed } from '../../agent/install/owed-work.ts';
import { restoreStore } from '../../agent/install/restore-store.ts';
import { pair } from '../../agent/pair.ts';
import type { Program } from '../../agent/ports.ts';
import { createKeyPair, formatKey } from '../../protocol/identity.ts';
import { createInvite } from '../../protocol/invite.ts';
import { openSystemPorts } from '../../protocol/ports.ts';
import { openStore } from '../../store/format.ts';
import { openLevelKv } from '../../store/open.ts';
import { readLevelLog } from '../../store/salvage/level-log.ts';
import { createDirectory } from '../store/place.ts';
import { spec } from './desk-bench.ts';

const ports = openSystemPorts();
const reach = { addresses: [], rendezvous: [] };
const hubKey = formatKey(createKeyPair(ports.random).publicKey);
let home: AgentHome;

beforeEach(async () => {
  const place = await createDirectory();
  onTestFinished(place.remove);
  home = findAgentHome(place.path);
  await savePairing(home, { hub: hubKey, name: 'alice', invite: 'an older one', ...reach }, 1);
  const kv = await openLevelKv(home.store);
  await openStore(kv, ports.random);
  const rows = await openHeldRows(kv);
  for (let n = 1; n <= 20; n += 1) {
    const attempt = `J${n}.1` as const;
    const state = { is: 'accepted', acceptedAt: 1 } as const;
    rows.put({ attempt, spec: { ...spec, command: ['true'] }, issuedAt: 1, state });
    await kv.batch(rows.seal(), 'synced');
  }
  await kv.close();
});

/** A stretch in the middle of its log that is not what was written. LevelDB would pass over it. */
function damage(): void {
  const log = readdirSync(home.store).find((name) => {
    const isLog = name.endsWith('.log');
    return isLog && readFileSync(join(home.store, name)).length > 1000;
  });
  const file = join(home.store, log ?? 'there is none');
  const content = readFileSync(file);
  // Behind the head of a record: where that is damaged, too, only a witness can tell it from a torn end.
  const at = (readLevelLog(content).records[5]?.at ?? 0) + 20;
  writeFileSync(file, content.fill(0, at, at + 40));
}

/** All files of the store, by their hashes. */
function hashStore(): readonly string[] {
  return readdirSync(home.store)
    .toSorted()
    .map((name) => {
      const hash = createHash('sha256').update(readFileSync(join(home.store, name)));
      return `${name} ${hash.digest('hex')}`;
    });
}

function joinAgain(): Promise<unknown> {
  const { code } = createInvite({
    ...{ kind: 'worker', hubKey, ...reach, ttlMs: 60_000 },
    ...ports,
  });
  const asked = () => {
    throw new Error('the hub was asked');
  };
  const bytes = { incoming: new Duplex(), outgoing: new Duplex({ write: asked }) };
  const program: Partial<Program> = { ports, pid: 1, hostname: 'box', say: asked };
  return pair({ program: program as Program, home, noticed: () => undefined, bytes }, code);
}

describe('a damaged store', () => {
  test.each([
    ['odally join', joinAgain],
    ['odally leave', () => readOwed(home)],
    ['going back to an older version', () => restoreStore(home.store, 7)],
  ])('%s is refused before anything is asked, moved or lost', async (_what, act) => {
    damage();
    const before = hashStore();
    const refused = { code: 'STORE_DAMAGED', hint: expect.stringContaining('`odally repair`') };
    await expect(act()).rejects.toMatchObject(refused);
    expect(hashStore()).toEqual(before);
    expect(readdirSync(home.directory).toSorted()).toEqual(['pairing.json', 'store']);
  });

  test('leaving says so, and takes nothing away', async () => {
    damage();
    const program: Partial<Program> = { ports, env: { HOME: '/nowhere' } };
    const parts = { program: program as Program, home, noticed: () => undefined };
    await expect(leave(parts, [])).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(readdirSync(home.directory).toSorted()).toEqual(['pairing.json', 'store']);
  });

  test('one that is sound is read as ever', async () => {
    expect(await readOwed(home)).toHaveLength(20);
  });
});
