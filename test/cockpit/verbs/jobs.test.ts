/*
 * `wally jobs` over a whole hub: a list that ends before the jobs do says so, and where to go on.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { type JobCount, statusVerb } from '../../../cockpit/verbs/hub-state.ts';
import { jobsVerb, type ListedJob } from '../../../cockpit/verbs/jobs.ts';
import type { StatusShape } from '../../../cockpit/verbs/shapes.ts';
import { plain } from '../../../cockpit/verbs/text.ts';
import { valueBytesMax } from '../../../protocol/control.ts';
import type { JobId } from '../../../protocol/model.ts';
import { alice, makeJob, spec } from '../hub/hub-bench.ts';
import { type HubInHand, openHubInHand } from '../hub/hub-in-hand.ts';
import { askVerb } from './ask-hub.ts';

let hand: HubInHand;

beforeEach(async () => {
  hand = await openHubInHand();
  for (let count = 0; count < 5; count += 1) await hand.hub.desk.dispatch(makeJob([alice]));
  await hand.hub.desk.cancel(await hand.hub.desk.get('J2'));
});

const list = (args: Readonly<Record<string, unknown>>) =>
  askVerb<readonly ListedJob[]>(hand, 'jobs', args);
const idsOf = (rows: readonly ListedJob[]) => rows.map(({ id }) => id);
const endOf = (rows: readonly ListedJob[]) => rows.filter(({ hasOlder }) => hasOlder === true);

test('jobs: one that was tried again stands where it was made, so that no page leaves one out', async () => {
  const { desk } = hand.hub;
  await desk.retry(await desk.get('J2'), alice);
  const pages = [
    await list({ active: true, limit: '4' }),
    await list({ active: true, before: 'J2' }),
  ];
  expect(pages.map(idsOf)).toEqual([['J5', 'J4', 'J3', 'J2'], ['J1']]);
});

test.each([
  { active: false, pages: [['J5', 'J4'], ['J3', 'J2'], ['J1']] },
  {
    active: true,
    pages: [
      ['J5', 'J4'],
      ['J3', 'J1'],
    ],
  },
])(
  'jobs: a list that ends before the jobs do says where to go on, to the last, %o',
  async ({ active, pages }) => {
    let before: string | undefined;
    const seen: (readonly string[])[] = [];
    while (seen.length < pages.length) {
      const rows = await list({ active, limit: '2', ...(before === undefined ? {} : { before }) });
      seen.push(idsOf(rows));
      const isLast = seen.length === pages.length;
      const ends = isLast ? [] : [rows.at(-1)];
      expect(endOf(rows)).toEqual(ends);
      before = rows.at(-1)?.id;
      const goOn = `There are older jobs than these: --before ${before} goes on there`;
      expect(jobsVerb.aside?.(rows) ?? '').toContain(isLast ? '' : goOn);
      expect(jobsVerb.aside?.(rows) === undefined).toBe(isLast);
    }
    expect(seen).toEqual(pages);
  },
);

test('jobs: a list that is all there is says no more, and of several hubs each has an end of its own', async () => {
  expect(jobsVerb.aside?.(await list({ limit: '5' }))).toBeUndefined();
  const rows = await list({ limit: '1' });
  const named = ['work', 'home'].flatMap((hub) =>
    rows.map((row) => ({ ...row, id: `${hub}:${row.id}` as JobId })),
  );
  expect(jobsVerb.aside?.(named)).toContain('--before work:J5 or --before home:J5 goes on');
});

test('jobs: an empty list of those that have not ended does not say that there never was one', async () => {
  for (const id of ['J1', 'J3', 'J4', 'J5']) {
    await hand.hub.desk.cancel(await hand.hub.desk.get(id as JobId));
  }
  const rows = await list({ active: true });
  expect([rows, jobsVerb.show(rows, plain)]).toEqual([[], expect.not.stringContaining('yet')]);
});

describe('more jobs than one answer holds', () => {
  const long = { ...spec, command: new Array<string>(64).fill('\u0001'.repeat(256)) };

  beforeEach(async () => {
    for (let count = 0; count < 95; count += 1) {
      await hand.hub.desk.dispatch(makeJob([alice], { spec: long }));
    }
  });

  test('jobs: a list ends where the answer is full, and says so', async () => {
    const rows = await list({ limit: '1000' });
    expect(JSON.stringify(rows).length).toBeLessThan(valueBytesMax / 2);
    expect(rows[0]?.id).toBe('J100');
    expect([rows.length < 99, endOf(rows)]).toEqual([true, [rows.at(-1)]]);
  });

  test('status: the newest are in it, how many there are is said, and it is never refused', async () => {
    const status = await askVerb<StatusShape & JobCount>(hand, 'status');
    expect(JSON.stringify(status).length).toBeLessThan(valueBytesMax / 2);
    expect([status.jobs[0]?.id, status.jobCount]).toEqual(['J100', 99]);
    const words = statusVerb.show(status, plain);
    expect(words).toMatch(/^99 jobs run or wait:$/m);
    expect(words).toMatch(/older ones: wally jobs --active$/m);
  });
});
