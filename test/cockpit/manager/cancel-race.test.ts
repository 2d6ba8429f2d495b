/*
 * The M2's cancel against the worker's end: both machines together, messages in flight both ways.
 *
 * The rule: what is on the worker's disk first wins. The hub takes the worker's word, whatever it asked
 * for, and both end with the same outcome, once.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AttemptState, stepAttempt } from '../../../agent/attempt-machine.ts';
import {
  type HubAttemptEvent,
  type HubAttemptState,
  stepHubAttempt,
} from '../../../cockpit/manager/attempt-machine.ts';

const moment = { nowMs: 0, roll: 0 };
const process = { pid: 7, start: '1', mark: 'm' };

/** Hub, worker, and two streams that lose nothing, as delivery promises. */
class Race {
  hub: HubAttemptState = { is: 'sent', times: { queuedAt: 1, sentAt: 2 } };
  worker: AttemptState = { is: 'accepted', acceptedAt: 3 };
  readonly toHub: HubAttemptEvent[] = [{ type: 'accepted', at: 3 }];
  readonly toWorker: 'cancel'[] = [];
  /** Whether a process runs on the box. */
  hasProcess = false;
  endings = 0;
  isCancelFirst: boolean | undefined;

  cancel(): void {
    this.#hub({ type: 'cancel', at: 9, mayHaveLeft: true });
  }

  deliverToHub(): void {
    const fact = this.toHub.shift();
    if (fact !== undefined) this.#hub(fact);
  }

  deliverToWorker(): void {
    if (this.toWorker.shift() === undefined) return;
    if (this.isCancelFirst === undefined) this.isCancelFirst = this.worker.is !== 'finished';
    this.#worker({ type: 'end', at: 8, cause: 'cancel' });
  }

  start(): void {
    this.#worker({ type: 'start' });
  }

  spawn(): void {
    if (this.worker.is !== 'starting') return;
    this.hasProcess = true;
    this.#worker({ type: 'spawned', at: 5, process });
  }

  exit(): void {
    if (this.worker.is !== 'running') return;
    this.hasProcess = false;
    this.#worker({ type: 'exited', at: 6, usage: { exitCode: 0 } });
  }

  #hub(event: HubAttemptEvent): void {
    const before = this.hub;
    const { state, effects } = stepHubAttempt(this.hub, event, moment);
    this.hub = state;
    if (before.is === 'finished') expect(state).toEqual(before);
    for (const effect of effects) if (effect.do === 'tell-cancel') this.toWorker.push('cancel');
  }

  #worker(event: Parameters<typeof stepAttempt>[1]): void {
    const { state, effects } = stepAttempt(this.worker, event, moment);
    this.worker = state;
    for (const effect of effects) {
      if (effect.do === 'end-process' && state.is === 'running') this.hasProcess = true;
      if (effect.do !== 'report') continue;
      if (state.is === 'running') this.toHub.push({ type: 'started', at: state.startedAt });
      if (state.is !== 'finished') continue;
      this.endings += 1;
      const { at, outcome, usage } = state.ending;
      this.toHub.push({ type: 'finished', end: { at, outcome, usage } });
    }
  }
}

type Move = 'cancel' | 'deliverToHub' | 'deliverToWorker' | 'start' | 'spawn' | 'exit';
const moves: readonly Move[] = [
  'cancel',
  'deliverToHub',
  'deliverToWorker',
  'start',
  'spawn',
  'exit',
];

test('cancel against finished: the worker’s disk decides, both sides say the same, once', () => {
  void fc.assert(
    fc.property(fc.array(fc.constantFrom(...moves), { maxLength: 25 }), (history) => {
      const race = new Race();
      for (const move of history) race[move]();
      const wasCancelled = history.includes('cancel');
      // Everything arrives, and what may still run ends.
      for (let turn = 0; turn < 6; turn += 1) {
        for (const move of ['deliverToWorker', 'start', 'spawn', 'exit', 'deliverToHub'] as const) {
          for (let times = 0; times < 4; times += 1) race[move]();
        }
      }
      expect(race.worker.is).toBe('finished');
      expect(race.hub.is).toBe('finished');
      expect(race.endings).toBe(1);
      expect(race.hasProcess).toBe(false);
      if (race.worker.is !== 'finished' || race.hub.is !== 'finished') return;
      expect(race.hub.end.outcome).toBe(race.worker.ending.outcome);
      if (!wasCancelled) expect(race.hub.end.outcome).toBe('succeeded');
      // A cancel that met the end changed nothing; one that came before it ended the work as cancelled.
      if (race.isCancelFirst !== undefined) {
        expect(race.hub.end.outcome).toBe(race.isCancelFirst ? 'cancelled' : 'succeeded');
      }
    }),
    { numRuns: 500 },
  );
});
