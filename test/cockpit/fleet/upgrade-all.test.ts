/*
 * `wally upgrade --all` over several boxes: how many at once, and what stops it.
 *
 * Each box ends when the test says how.
 */
import { expect, test } from 'vitest';
import type { UpgradeRow } from '../../../cockpit/fleet/upgrade.ts';
import { upgradeAll } from '../../../cockpit/fleet/upgrade-all.ts';
import type { WorkerRecord } from '../../../cockpit/manager/worker.ts';

const names = ['alice', 'bob', 'charlie', 'dora', 'emil', 'fay'];

const workers = names.map(
  (name, n): WorkerRecord => ({
    ...{ name, key: `${n}`.repeat(64), kind: 'odally', host: 'vm', formerNames: [] },
    ...{ pairedAt: 1, lastSeenAt: 1, revokedAt: null, store: null, capabilities: null },
  }),
);

const seen = { from: 'a-000000000001', to: 'b-000000000002' };

/** Boxes that are begun in order, and end when they are told to. */
function openBoxes() {
  const begun: string[] = [];
  const ends = new Map<string, (row: UpgradeRow) => void>();
  const left = new AbortController();
  const upgrade = ({ name }: WorkerRecord) => {
    begun.push(name);
    return new Promise<UpgradeRow>((resolve) => ends.set(name, resolve));
  };
  const end = async (name: string, what: Pick<UpgradeRow, 'as' | 'code'> = { as: 'done' }) => {
    ends.get(name)?.({ name, ...seen, ...what });
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { begun, left, end, rows: upgradeAll({ upgrade, signal: left.signal }, workers) };
}

const asOf = (rows: readonly UpgradeRow[]) => rows.map(({ as }) => as);

test('upgrade --all: three go at once, the next when one has ended, and rows come in the order of the team', async () => {
  const { begun, end, rows } = openBoxes();
  expect(begun).toEqual(names.slice(0, 3));
  await end('bob', { as: 'current' });
  expect(begun).toEqual(names.slice(0, 4));
  for (const name of ['dora', 'alice', 'charlie', 'emil', 'fay']) await end(name);
  expect(asOf(await rows)).toEqual(['done', 'current', 'done', 'done', 'done', 'done']);
  expect((await rows).map(({ name }) => name)).toEqual(names);
});

test.each<Pick<UpgradeRow, 'as' | 'code'>>([
  { as: 'rolled-back', code: 'UPGRADE_ROLLED_BACK' },
  { as: 'failed', code: 'UPGRADE_CHECK' },
  { as: 'failed', code: 'INSTALL_TAMPERED' },
])(
  'upgrade --all: what is wrong with the version ($as $code) begins no other box, and sees through what was begun',
  async (what) => {
    const { begun, end, rows } = openBoxes();
    await end('bob', what);
    await end('alice');
    await end('charlie');
    expect(begun).toEqual(names.slice(0, 3));
    expect(asOf(await rows)).toEqual(['done', what.as, 'done', 'left', 'left', 'left']);
    expect((await rows).at(-1)).toMatchObject({
      ...{ name: 'fay', from: null, to: null },
      message: expect.stringContaining('because of what came of bob'),
    });
  },
);

test.each(['SSH_UNREACHABLE', 'INSTALL_DISK', 'UPGRADE_BUSY'])(
  'upgrade --all: what is wrong with one box (%s) stops no other',
  async (code) => {
    const { begun, end, rows } = openBoxes();
    await end('alice', { as: 'failed', code });
    for (const name of names.slice(1)) await end(name);
    expect(begun).toEqual(names);
    expect(asOf(await rows)).toEqual(['failed', 'done', 'done', 'done', 'done', 'done']);
  },
);

test('upgrade --all: when it is left no other is begun, and that is said of each', async () => {
  const { begun, left, end, rows } = openBoxes();
  left.abort();
  for (const name of names.slice(0, 3)) await end(name);
  expect(begun).toEqual(names.slice(0, 3));
  expect(asOf(await rows)).toEqual(['done', 'done', 'done', 'left', 'left', 'left']);
  expect((await rows)[3]?.message).toBe('it was left before this was begun');
});
