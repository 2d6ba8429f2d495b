/*
 * The life of an agent: four modes, one way through them.
 */
import { expect, test } from 'vitest';
import { type LifeEvent, type LifeState, stepLife } from '../../agent/life-machine.ts';

const moment = { nowMs: 0, roll: 0 };

test.each<[LifeState['is'], LifeEvent['type'], LifeState['is'], string | undefined]>([
  ['starting', 'ready', 'serving', 'serve'],
  ['starting', 'stop', 'stopped', 'close'],
  ['starting', 'idle', 'starting', undefined],
  ['serving', 'ready', 'serving', undefined],
  ['serving', 'stop', 'stopping', 'end-work'],
  ['serving', 'idle', 'serving', undefined],
  ['stopping', 'ready', 'stopping', undefined],
  ['stopping', 'stop', 'stopping', undefined],
  ['stopping', 'idle', 'stopped', 'close'],
  ['stopped', 'ready', 'stopped', undefined],
  ['stopped', 'stop', 'stopped', undefined],
  ['stopped', 'idle', 'stopped', undefined],
])('life: %s, when %s, becomes %s', (...[from, type, to, effect]) => {
  expect(stepLife({ is: from }, { type }, moment)).toEqual({
    state: { is: to },
    effects: effect === undefined ? [] : [{ do: effect }],
  });
});
