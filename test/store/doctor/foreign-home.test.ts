/*
 * Root in the home of another user: it looks at what can be looked at without making files there, and says the rest.
 */
import { chown, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startAgentBehind } from '../../../agent/doctor/start-agent.ts';
import { findAgentHome } from '../../../agent/home.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { StoreVisit } from '../../../store/doctor/store-visit.ts';
import { openLevelKv } from '../../../store/open.ts';
import { openRestingKv } from '../../../store/witness.ts';
import { createDirectory } from '../place.ts';
import { bareBox } from './fake-box.ts';

let home: string;
let store: string;
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ path: home, remove } = await createDirectory());
  store = join(home, 'store');
  await (await openLevelKv(store)).close();
  await chown(home, 65534, 65534);
});

afterEach(() => remove());

async function look(isServed = false) {
  const { timers } = openSystemPorts();
  const plan = { directory: store, live: undefined, isServed: async () => isServed, timers };
  const visit = new StoreVisit(plan);
  const fact = await visit.look();
  const kv = await visit.findKv();
  await visit.close();
  return { fact, isOpen: kv !== undefined };
}

async function listFiles(): Promise<readonly unknown[]> {
  const names = (await readdir(store)).toSorted();
  return Promise.all(names.map(async (name) => [name, (await stat(join(store, name))).mtimeMs]));
}

// Only root can write there.
describe.runIf(process.geteuid?.() === 0)('the home of another user', () => {
  test('store-foreign: the doctor of root opens no store there, and says whose it is', async () => {
    const before = await listFiles();
    const message = `The home ${dirname(store)} belongs to user 65534.`;
    expect(await look()).toEqual({ fact: { is: 'foreign', message }, isOpen: false });
    // Where its program runs nobody would open it.
    expect(await look(true)).toEqual({ fact: { is: 'unknown' }, isOpen: false });
    expect(await listFiles()).toEqual(before);
    await chown(home, 0, 0);
    expect(await look()).toMatchObject({ fact: { is: 'sound' }, isOpen: true });
  });

  test('store-foreign: nor do those of its verbs that only read', async () => {
    const before = await listFiles();
    await expect(openRestingKv(store)).rejects.toMatchObject({ code: 'HOME_FOREIGN' });
    expect(await listFiles()).toEqual(before);
  });

  test('store-foreign: no agent of root is started on it by a fix', async () => {
    const program = { node: 'node', script: 'odally.js' };
    const starting = startAgentBehind(program, findAgentHome(home), bareBox);
    await expect(starting).rejects.toMatchObject({ code: 'HOME_FOREIGN' });
  });
});
