/*
 * When what a worker does not ask about may be called gone, and when the hub can't know.
 */
import { beforeEach, expect, test } from 'vitest';
import { logHoldersMax, logOfferMs } from '../../../cockpit/hub/limits.ts';
import { LogOffers } from '../../../cockpit/hub/log-offers.ts';
import type { CommandJob } from '../../../cockpit/manager/job.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { alice, bob } from './hub-bench.ts';

const long = 10 * logOfferMs;

let nowMs: number;
let offers: LogOffers;

beforeEach(() => {
  nowMs = 1e6;
  offers = new LogOffers({ monotonicMs: () => nowMs });
});

function end(attempt: AttemptId, logBytes: number): void {
  const state = { is: 'finished', end: { logBytes } };
  const attempts = [{ n: 1, worker: alice, state }];
  offers.noteJob({ id: attempt.slice(0, -2), attempts } as unknown as CommandJob);
}

test('log offers: the time counts from the link, and from the end once it is known', () => {
  expect(offers.mustHaveAsked(alice, 'J1.1', logOfferMs)).toBe(true);
  expect(offers.mustHaveAsked(alice, 'J1.1', logOfferMs - 1)).toBe(false);
  end('J1.1', 5);
  nowMs += logOfferMs - 1;
  end('J1.1', 5);
  expect(offers.mustHaveAsked(alice, 'J1.1', long)).toBe(false);
  nowMs += 1;
  expect(offers.mustHaveAsked(alice, 'J1.1', long)).toBe(true);
});

test('log offers: a question that was not answered, or not heard, is waited for again', () => {
  offers.noteAsk(alice, 'J1.1');
  offers.noteUnheard(bob);
  expect(offers.mustHaveAsked(alice, 'J1.1', long)).toBe(false);
  expect(offers.mustHaveAsked(alice, 'J2.1', long)).toBe(true);
  expect(offers.mustHaveAsked(bob, 'J3.1', long)).toBe(false);
  nowMs += logOfferMs;
  expect(offers.mustHaveAsked(alice, 'J1.1', long)).toBe(true);
  expect(offers.mustHaveAsked(bob, 'J3.1', long)).toBe(true);
});

test('log offers: where an open one was forgotten nothing is sure until its worker links anew', () => {
  offers.noteTold(alice, 'J1.1', 5);
  for (let n = 2; n <= logHoldersMax + 1; n += 1) offers.noteTold(bob, `J${n}.1`, 5);
  expect(offers.findTold('J1.1')).toBeUndefined();
  nowMs += long;
  expect(offers.mustHaveAsked(alice, 'J1.1', long)).toBe(false);
  expect(offers.mustHaveAsked(alice, 'J1.1', long - 1)).toBe(true);
  expect(offers.mustHaveAsked(bob, 'J1.1', long)).toBe(true);
});

test('log offers: those of which all is here push out no open one', () => {
  offers.noteTold(alice, 'J1.1', 5);
  for (let n = 2; n <= 2 * logHoldersMax; n += 1) {
    offers.noteTold(alice, `J${n}.1`, 5);
    end(`J${n}.1`, 5);
  }
  expect(offers.findTold('J1.1')).toBe(5);
  nowMs += long;
  expect(offers.mustHaveAsked(alice, 'J2.1', long)).toBe(true);
});
