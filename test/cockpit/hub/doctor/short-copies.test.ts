/*
 * The walk for copies that did not come: a bounded part at each look, and nothing out of sight for good.
 */
import { expect, test } from 'vitest';
import { jobsNewestWalked, jobsOlderWalked } from '../../../../cockpit/hub/doctor/limits.ts';
import { ShortCopyWalk } from '../../../../cockpit/hub/doctor/short-copies.ts';
import type { Hub } from '../../../../cockpit/hub/hub.ts';
import { logOfferMs } from '../../../../cockpit/hub/limits.ts';
import type { JobId } from '../../../../protocol/model.ts';
import { jobKey } from '../../../../store/keys.ts';
import { planRow } from '../../../../store/row-codec.ts';
import { alice, makeJob, openTeamBench } from '../hub-bench.ts';

const promised = 10;

/** A hub with so many ended jobs of a linked worker; all copies are whole but those of `short`. */
async function openHub(count: number, short: Set<string>, told?: number) {
  const { desk, report, kv, workers } = await openTeamBench();
  await desk.dispatch(makeJob([alice]));
  const end = { at: 1, outcome: 'succeeded', usage: { exitCode: 0 }, logBytes: promised } as const;
  await report(alice, { kind: 'finished', attempt: 'J1.1', ...end });
  const job = await desk.get('J1');
  const ops = Array.from({ length: count }, (_, index) => {
    const id: JobId = `J${index + 1}`;
    return planRow(jobKey(id), { ...job, id });
  });
  await kv.batch(ops, 'synced');
  let openedCount = 0;
  const hub = {
    ...{ kv, desk, workers },
    retain: { logsForgottenAt: 0 },
    session: () => ({ isLinked: true, linkedMs: logOfferMs }),
    mirror: {
      offers: { findTold: () => told, mustHaveAsked: () => true },
      findEnd: async (attempt: string) => {
        openedCount += 1;
        return short.has(attempt) ? 1 : promised;
      },
    },
  } as unknown as Hub;
  const walk = new ShortCopyWalk();
  return async () => {
    openedCount = 0;
    const { short: found, lookedCount } = await walk.look(hub, 1e12);
    expect(openedCount).toBe(lookedCount);
    return { lookedCount, found: found.map(({ attempt }) => attempt).toSorted(), facts: found };
  };
}

test('short copies: a look is at the newest and some older ones, the next at others, and at all that were found', async () => {
  const count = jobsNewestWalked + jobsOlderWalked + 500;
  const short = new Set(['J1.1', 'J1500.1', `J${count}.1`]);
  const look = await openHub(count, short);
  const whole = jobsNewestWalked + jobsOlderWalked;
  expect(await look()).toMatchObject({ lookedCount: whole, found: ['J1500.1', `J${count}.1`] });
  expect(await look()).toMatchObject({
    lookedCount: jobsNewestWalked + 500 + 1,
    found: [...short],
  });
  expect(await look()).toMatchObject({ lookedCount: whole + 1, found: [...short] });
  short.delete('J1500.1');
  expect((await look()).found).toEqual(['J1.1', `J${count}.1`]);
});

test('short copies: a few jobs are all looked at, each once', async () => {
  const look = await openHub(3, new Set(['J2.1']));
  for (let looks = 0; looks < 2; looks += 1) {
    expect(await look()).toMatchObject({ lookedCount: 3, found: ['J2.1'] });
  }
});

test('short copies: without a job there is nothing to look at', async () => {
  const { kv, desk } = await openTeamBench();
  const hub = { kv, desk } as unknown as Hub;
  expect(await new ShortCopyWalk().look(hub, 1)).toEqual({ short: [], lookedCount: 0 });
});

test.each([
  ['does not offer', undefined, true],
  ['still sends', 1, false],
  ['knows to be here', promised, true],
])('short copies: output that its worker %s', async (_, told, isLost) => {
  const { facts } = await (await openHub(1, new Set(['J1.1']), told))();
  expect(facts).toMatchObject([{ attempt: 'J1.1', what: 'log', have: 1, promised, isLost }]);
});
