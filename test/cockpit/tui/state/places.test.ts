/*
 * Back and forth along the way one came.
 *
 * Moving in a list is no step; a pane or details are.
 */
import { expect, test } from 'vitest';
import { endedJob, job, worker } from '../fake-hub.ts';
import { open, type } from '../press.ts';

const base = open([120, 30], { team: [worker('alice')], jobs: [job('J1'), endedJob('J2')] });

test('places: [ goes back step by step and ] forth again', () => {
  const there = type(base, '14').state;
  expect(there.focus).toBe('inbox');
  const back = type(there, '[').state;
  expect(back.focus).toBe('team');
  expect(type(back, '[').state.focus).toBe('jobs');
  expect(type(type(back, '[').state, ']]').state.focus).toBe('inbox');
});

test('places: details are a step, and are asked for again on the way back', () => {
  const { state, effects } = type(type(base, '\r').state, '4[');
  const card = { type: 'job', job: 'J2' };
  expect(state).toMatchObject({ focus: 'jobs', detail: { isOpen: true }, card });
  expect(effects.at(-1)).toMatchObject({ request: { verb: 'job', args: { job: 'J2' } } });
});

test('places: a new step forgets the way forth, moving in a list is none', () => {
  const back = type(base, '1[').state;
  expect(back.trail.forth).toHaveLength(1);
  expect(type(back, 'jk').state.trail).toBe(back.trail);
  expect(type(back, '4').state.trail.forth).toEqual([]);
});

test('places: at the end of the way a key says so', () => {
  expect(type(base, '[').state.toast?.text).toBe('[: nowhere to go back to');
  expect(type(base, ']').state.toast?.text).toBe(']: nowhere to go on to');
});

test('places: the way is remembered only so far', () => {
  const { state } = type(base, '12'.repeat(100));
  expect(state.trail.back).toHaveLength(50);
});
