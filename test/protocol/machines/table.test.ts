/*
 * The form of every machine: cells are looked up, ignored ones change nothing, steps can be watched.
 */
import { afterEach, expect, test } from 'vitest';
import {
  createStepper,
  ignore,
  listCells,
  type Table,
  watchSteps,
} from '../../../protocol/machines/table.ts';

type Lamp = { readonly is: 'off' } | { readonly is: 'on' };
type Press = { readonly type: 'press' } | { readonly type: 'break' };

const lamp: Table<Lamp, Press, never> = {
  off: { press: () => ({ state: { is: 'on' }, effects: [] }), break: ignore('it is dark') },
  on: {
    press: () => ({ state: { is: 'off' }, effects: [] }),
    break: () => ({ state: { is: 'off' }, effects: [] }),
  },
};
const stepLamp = createStepper('test-lamp', lamp);
const moment = { nowMs: 0, roll: 0 };

afterEach(() => watchSteps(undefined));

test('table: an ignored event gives the very same state', () => {
  const off: Lamp = { is: 'off' };
  expect(stepLamp(off, { type: 'break' }, moment)).toEqual({ state: off, effects: [] });
  expect(stepLamp(off, { type: 'break' }, moment).state).toBe(off);
});

test('table: every cell is listed, an ignored one with its reason', () => {
  expect(listCells().filter(({ table }) => table === 'test-lamp')).toEqual([
    { table: 'test-lamp', state: 'off', event: 'press' },
    { table: 'test-lamp', state: 'off', event: 'break', ignored: 'it is dark' },
    { table: 'test-lamp', state: 'on', event: 'press' },
    { table: 'test-lamp', state: 'on', event: 'break' },
  ]);
});

test('table: who watches is told of ignored cells too, and of nothing once it stopped', () => {
  const told: string[] = [];
  watchSteps((table, state, event) => told.push(`${table} ${state} ${event}`));
  stepLamp({ is: 'off' }, { type: 'break' }, moment);
  stepLamp({ is: 'on' }, { type: 'press' }, moment);
  watchSteps(undefined);
  stepLamp({ is: 'on' }, { type: 'press' }, moment);
  expect(told).toEqual(['test-lamp off break', 'test-lamp on press']);
});

test('table: two tables of one name are a broken invariant', () => {
  expect(() => createStepper('test-lamp', lamp)).toThrow('every table has a name of its own');
});
