/*
 * Five thousand workers and two thousand jobs: what a key costs, in rows looked at, not in time.
 */
import { expect, test } from 'vitest';
import { isAgeing } from '../../../../cockpit/tui/state/update.ts';
import { viewScreen } from '../../../../cockpit/tui/views/screen.ts';
import type { JobRow, TeamRow } from '../../../../cockpit/verbs/shapes.ts';
import { endedJob, worker } from '../fake-hub.ts';
import { open, type } from '../press.ts';

/** How many fields of rows are read by what `act` does. */
function countReads(workerCount: number, jobCount: number, keys: string): number {
  let reads = 0;
  const watch = <T extends object>(row: T): T =>
    new Proxy(row, {
      get(target, key) {
        reads += 1;
        return Reflect.get(target, key) as unknown;
      },
    });
  const team: readonly TeamRow[] = Array.from({ length: workerCount }, (_, index) =>
    watch(worker(`w${String(index).padStart(5, '0')}`, { state: 'stale', link: 'none' })),
  );
  const jobs: readonly JobRow[] = Array.from({ length: jobCount }, (_, index) =>
    watch(endedJob(`J${index + 1}`)),
  );
  // The first look at what the hub told may be at all of it; a key's may not.
  let { state } = type(open([120, 40], { team, jobs }), keys.slice(0, 1));
  viewScreen(state);
  isAgeing(state);
  reads = 0;
  for (const key of keys.slice(1)) {
    state = type(state, key).state;
    viewScreen(state);
    isAgeing(state);
  }
  return reads;
}

test('many workers: a key looks at the rows in sight, however many there are', () => {
  const keys = '1jjjjjjjjjj\x04\x04kkkkkGkkkg';
  const few = countReads(200, 2, keys);
  const many = countReads(5000, 2, keys);
  expect(few).toBeGreaterThan(0);
  // What differs is only which rows come into sight at the end.
  expect(many).toBeLessThanOrEqual(few * 1.1);
});

test('many jobs: a key looks at the rows in sight, however many there are', () => {
  const keys = '2jjjjjjjjjj\x04\x04kkkkkGkkkg';
  const few = countReads(2, 200, keys);
  const many = countReads(2, 2000, keys);
  expect(few).toBeGreaterThan(0);
  expect(many).toBeLessThanOrEqual(few * 1.1);
});

test('many workers: what a filter leaves is shown from its first row on, the selection where it is left', () => {
  const team = Array.from({ length: 300 }, (_, index) => worker(`w${1000 + index}`));
  const far = type(open([120, 40], { team, jobs: [] }), '1G').state;
  const narrowed = type(far, '/w1').state;
  expect(narrowed.lists.team.selected).toBe(far.lists.team.selected);
  const other = type(narrowed, '0').state;
  expect(other.lists.team).toMatchObject({ selected: 'w1000', top: 0 });
});
