/*
 * Warm pools: how many to make and to let go, and when to stop.
 * A loop that fails must not burn money.
 */
import { describe, expect, test } from 'vitest';
import {
  countBoxes,
  failPool,
  freshPool,
  listPooled,
  planPool,
  poolFailuresMax,
} from '../../../cockpit/manager/spawn-pool.ts';
import type { SpawnRecord, SpawnState } from '../../../cockpit/manager/spawn-state.ts';

const looking = { lookAt: 0, missedCount: 0, since: 0 };
const ready: SpawnState = { is: 'ready', box: { id: 'i' }, worker: 'ab'.repeat(32), ...looking };
const leaving: SpawnState = { is: 'leaving', box: { id: 'i' }, why: '', tries: 0, tryAt: null };

let count = 0;
function record(state: SpawnState, isPooled = true): SpawnRecord {
  count += 1;
  const name = `box-${count}`;
  const made = { askedAt: count, spawnedAt: count, isPooled, state };
  return { name, provider: 'p', tag: name, ...made };
}

const pool = freshPool('p');

describe('warm pool: planPool', () => {
  test('an empty pool is filled, as far as there is room for all boxes', () => {
    expect(planPool({ warm: 2, max: 4 }, { boxes: [], pool }, 0).makeCount).toBe(2);
    const others = [record(ready, false), record(leaving, false), record({ is: 'making' }, false)];
    expect(planPool({ warm: 2, max: 4 }, { boxes: others, pool }, 0).makeCount).toBe(1);
    expect(planPool({ warm: 2, max: 3 }, { boxes: others, pool }, 0).makeCount).toBe(0);
  });

  test('boxes in the making are the pool’s already; those on their way out are not', () => {
    const boxes = [record({ is: 'making' }), record({ is: 'asked' }), record(leaving)];
    expect(planPool({ warm: 2, max: 4 }, { boxes, pool }, 0).makeCount).toBe(0);
    expect(planPool({ warm: 3, max: 4 }, { boxes, pool }, 0).makeCount).toBe(1);
  });

  test('what surely was not made takes no room', () => {
    const stuck = { is: 'stuck', at: 'make', box: null, reason: '' } as const;
    expect(countBoxes([record(stuck, false)])).toBe(0);
    expect(countBoxes([record({ ...stuck, at: 'seek' }, false)])).toBe(1);
  });

  test('a pool that shrank gives up its youngest ready boxes', () => {
    const boxes = [record(ready), record(ready), record({ is: 'making' })];
    expect(planPool({ warm: 1, max: 4 }, { boxes, pool }, 0)).toEqual({
      makeCount: 0,
      surplus: [boxes[1]?.name, boxes[0]?.name],
    });
    expect(planPool({ warm: 2, max: 4 }, { boxes, pool }, 0).surplus).toEqual([boxes[1]?.name]);
  });

  test('a failure makes it wait, longer each time, then the M2 is asked and nothing is made', () => {
    const at = { reason: 'quota', wallMs: 1000, roll: 1 };
    let failing = failPool(pool, at);
    expect(failing).toMatchObject({ failureCount: 1, retryAt: 61_000, is: 'on' });
    const limits = { warm: 1, max: 4 };
    expect(planPool(limits, { boxes: [], pool: failing }, 60_999)).toEqual({
      ...{ makeCount: 0, surplus: [], waitUntil: 61_000 },
    });
    expect(planPool(limits, { boxes: [], pool: failing }, 61_000).makeCount).toBe(1);
    for (let tries = 2; tries <= poolFailuresMax; tries += 1) failing = failPool(failing, at);
    expect(failing).toMatchObject({ failureCount: poolFailuresMax, is: 'asked', reason: 'quota' });
    expect(planPool(limits, { boxes: [], pool: failing }, Number.MAX_SAFE_INTEGER)).toEqual({
      ...{ makeCount: 0, surplus: [] },
    });
    expect(failPool({ ...failing, is: 'off' }, at).is).toBe('off');
  });
});

test('warm pool: who asks gets those that are ready, the oldest first', () => {
  const boxes = [record({ is: 'making' }), record(ready, false), record(ready), record(ready)];
  expect(listPooled(boxes)).toEqual([boxes[2], boxes[3]]);
  expect(listPooled(boxes.slice(0, 2))).toEqual([]);
});
