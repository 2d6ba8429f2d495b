/*
 * Views that are asked only when what they looked at has changed.
 */
import { expect, test } from 'vitest';
import type { State } from '../../../../cockpit/tui/state/model.ts';
import { rememberView } from '../../../../cockpit/tui/views/remembered.ts';
import { open } from '../press.ts';

test('remembered view: it is asked again when a field that it read has changed, and else not', () => {
  let count = 0;
  const view = rememberView((state: State, width: number) => {
    count += 1;
    // What is read depends on what was read.
    return state.hasJobs ? `${state.jobs.length} ${width}` : state.version;
  });
  const state = open([80, 24]);
  expect(view(state, 5)).toBe('0 5');
  expect(view({ ...state, toast: undefined, version: 'other' }, 5)).toBe('0 5');
  expect(count).toBe(1);
  expect(view(state, 6)).toBe('0 6');
  expect(view({ ...state, hasJobs: false, version: 'x' }, 6)).toBe('x');
  expect(view({ ...state, hasJobs: false, version: 'y' }, 6)).toBe('y');
  expect(count).toBe(4);
});

test('remembered view: a copy of the state counts as reading all of it', () => {
  const view = rememberView((state: State, _width: number) => ({ ...state }).version);
  const state = open([80, 24]);
  expect(view(state, 1)).toBe('0.1.0');
  expect(view({ ...state, version: '0.2.0' }, 1)).toBe('0.2.0');
});

test('remembered view: one inside another tells it what it read', () => {
  const inner = rememberView((state: State, _width: number) => state.version);
  const outer = rememberView((state: State, width: number) => inner(state, width));
  const state = open([80, 24]);
  inner(state, 1);
  expect(outer(state, 1)).toBe('0.1.0');
  expect(outer({ ...state, version: '0.2.0' }, 1)).toBe('0.2.0');
});

test('remembered view: an equal rectangle is the same place', () => {
  let count = 0;
  const view = rememberView((_state: State, rect: { readonly x: number }) => {
    count += 1;
    return rect.x;
  });
  const state = open([80, 24]);
  expect([view(state, { x: 1 }), view(state, { x: 1 }), view(state, { x: 2 })]).toEqual([1, 1, 2]);
  expect(count).toBe(2);
});
