/*
 * A Map and a Set for what comes and goes: that they are what Map and Set are, also for who goes through them meanwhile,
 * and that V8 keeps nothing of what was in them.
 */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChurnMap, ChurnSet } from '../../protocol/churn-map.ts';
import { oldSpaceFlags } from '../kit/old-space.ts';

const churnMaker = fileURLToPath(new URL('churn-maker.ts', import.meta.url));

type Step =
  | { readonly do: 'set' | 'delete'; readonly key: number }
  | { readonly do: 'clear' | 'leave' }
  | { readonly do: 'walk'; readonly over: 'keys' | 'values' | 'entries' }
  | { readonly do: 'next'; readonly walk: number };

const key = fc.integer({ min: 0, max: 40 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 60, arbitrary: fc.record({ do: fc.constantFrom('set', 'delete'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('walk'),
      over: fc.constantFrom('keys', 'values', 'entries'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('next'), walk: fc.nat(3) }) },
);

/** Does the steps, with walks under way meanwhile; gives all that could be seen. */
function play(map: Map<number, number>, steps: readonly Step[]): readonly unknown[] {
  const seen: unknown[] = [];
  const walks: MapIterator<unknown>[] = [];
  steps.forEach((one, at) => {
    if (one.do === 'set') map.set(one.key, at);
    else if (one.do === 'delete') seen.push(map.delete(one.key));
    else if (one.do === 'clear') map.clear();
    else if (one.do === 'walk') walks.push(map[one.over]());
    else if (one.do === 'next') seen.push(walks[one.walk]?.next());
    // As a loop does that is left; a Map's own iterator needs no word of it.
    else walks.shift()?.return?.();
    seen.push(map.size);
  });
  seen.push([...map], [...map.keys()], [...map.values()], map.has(1), map.get(2));
  map.forEach((value, at, whole) => {
    seen.push([value, at, whole === map]);
  });
  return seen;
}

test('ChurnMap: whatever is done, all that can be seen is what a Map would show', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      expect(play(new ChurnMap(), steps)).toEqual(play(new Map(), steps));
    }),
  );
});

test('ChurnMap: many come and go, some stay, and all that is there keeps its value and its place', () => {
  const [churn, map] = [new ChurnMap<number, string>(), new Map<number, string>()];
  for (let at = 0; at < 2000; at += 1) {
    for (const one of [churn, map]) {
      one.set(at, `value ${at}`);
      if (at % 10 > 0) one.delete(at - 10);
    }
    if (at % 50 === 0) expect([...churn]).toEqual([...map]);
  }
  expect(churn.size).toBeGreaterThan(150);
});

test('ChurnMap: many come and go while a loop goes through it', () => {
  const seen = [new ChurnMap([[0, 0]]), new Map([[0, 0]])].map((map) => {
    const keys: number[] = [];
    for (const at of map.keys()) {
      keys.push(at);
      map.delete(at);
      map.delete(at + 2);
      if (at < 1000) for (const more of [1, 2, 3]) map.set(at + more, at);
    }
    return keys;
  });
  expect(seen[0]).toEqual(seen[1]);
  expect(seen[0]?.length).toBeGreaterThan(500);
});

test('ChurnMap: many come and go while forEach goes through it', () => {
  const seen = [new ChurnMap([[0, 0]]), new Map([[0, 0]])].map((map) => {
    const keys: number[] = [];
    map.forEach((_value, at) => {
      keys.push(at);
      map.delete(at);
      if (at < 1000) for (const more of [1, 2, 3]) map.set(at + more, at);
    });
    return keys;
  });
  expect(seen[0]).toEqual(seen[1]);
  expect(seen[0]?.length).toBeGreaterThan(500);
});

test('ChurnMap: begins with entries, and keeps the first place of a key', () => {
  const map = new ChurnMap([
    ['a', 1],
    ['b', 2],
  ]);
  map.set('a', 3);
  expect(map.list()).toEqual([3, 2]);
  expect([...map.entries()]).toEqual([
    ['a', 3],
    ['b', 2],
  ]);
});

test('ChurnSet: whatever is done, all that can be seen is what a Set would show', () => {
  const playSet = (set: Set<number>, steps: readonly (readonly [boolean, number])[]) => {
    const seen: unknown[] = [];
    for (const [isAdded, value] of steps)
      seen.push(isAdded ? set.add(value).size : set.delete(value));
    seen.push([...set], [...set.keys()], [...set.values()], [...set.entries()], set.has(1));
    set.forEach((value, again, whole) => {
      seen.push([value, again, whole === set]);
    });
    set.clear();
    return [...seen, set.size];
  };
  const steps = fc.array(fc.tuple(fc.boolean(), key), { maxLength: 400, size: 'max' });
  fc.assert(
    fc.property(steps, fc.array(key), (done, first) => {
      expect(playSet(new ChurnSet(first), done)).toEqual(playSet(new Set(first), done));
    }),
  );
});

test('ChurnMap: of what came and went V8 keeps nothing, where a Map had it put among what is old', async () => {
  // As `protocol/heap` has it.
  const flags = [...oldSpaceFlags, '--expose-gc', '--no-allocation-site-pretenuring'];
  const measureGrown = async (kind: 'Map' | 'ChurnMap') =>
    Number((await execa(process.execPath, [...flags, churnMaker, kind])).stdout);
  const [map, churn] = await Promise.all([measureGrown('Map'), measureGrown('ChurnMap')]);
  // All of 300 MB, and 1 MB.
  expect(map).toBeGreaterThan(200e6);
  expect(churn).toBeLessThan(20e6);
});
