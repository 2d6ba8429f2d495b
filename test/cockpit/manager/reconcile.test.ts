/*
 * The ways in which hub and worker can disagree, and that they agree in all others.
 */
import { describe, expect, test } from 'vitest';
import {
  type HubView,
  planSettlement,
  viewOfHub,
  viewOfWorker,
  type WorkerView,
} from '../../../cockpit/manager/reconcile.ts';
import { receipts } from '../../../protocol/model.ts';

const disagreements: readonly [HubView, WorkerView, string, string][] = [
  ['running', 'finished', 'await-report', 'reconcile-report-awaited'],
  ['running', 'unknown', 'lose', 'reconcile-worker-forgot'],
  ['taken', 'unknown', 'lose', 'reconcile-worker-forgot'],
  ['finished', 'running', 'cancel', 'reconcile-ended-cancelled'],
  ['finished', 'unknown', 'tell', 'reconcile-lost-gone'],
  ['unknown', 'running', 'cancel', 'reconcile-unknown-cancelled'],
  ['unknown', 'finished', 'keep-aside', 'reconcile-unknown-report'],
];

describe('reconcile', () => {
  test.each(disagreements)('reconcile: the hub has it %s, the worker %s: %s', (...row) => {
    const [hub, worker, what, event] = row;
    expect(planSettlement(hub, worker)).toEqual({ do: what, event });
  });

  test('reconcile: everything else is agreement', () => {
    const agreed: string[] = [];
    for (const hub of ['waiting', 'taken', 'running', 'finished', 'unknown'] as const) {
      for (const worker of ['running', 'finished', 'unknown'] as const) {
        if (planSettlement(hub, worker).do === 'agree') agreed.push(`${hub} ${worker}`);
      }
    }
    expect(agreed).toHaveLength(15 - disagreements.length);
  });

  test('reconcile: what no worker has proven to hold is still on its way', () => {
    const end = { outcome: 'failed', at: 1, usage: {} } as const;
    const views = receipts.map((is) =>
      viewOfHub(
        {
          n: 1,
          worker: 'a',
          state:
            is === 'finished'
              ? { is, times: { queuedAt: 1 }, end }
              : { is, times: { queuedAt: 1 } },
        },
        9,
      ),
    );
    expect(views).toEqual(['waiting', 'waiting', 'running', 'running', 'finished']);
    expect(viewOfHub(undefined, 9)).toBe('unknown');
  });

  test('reconcile: only what its worker has acknowledged is not on its way any more', () => {
    const state = { is: 'sent', times: { queuedAt: 1, sentAt: 2 } } as const;
    const given = { n: 1, worker: 'a', state, givenSeq: 5 };
    expect([4, 5].map((through) => viewOfHub(given, through))).toEqual(['waiting', 'taken']);
    // Put back into the line for another store of its worker: the number is one of the old stream.
    expect(viewOfHub({ ...given, isParked: true }, 9)).toBe('waiting');
  });

  test('reconcile: a worker has what it states, and nothing else', () => {
    const views = (['accepted', 'starting', 'running', 'finished'] as const).map((state) =>
      viewOfWorker({ attempt: 'J1.1', state }),
    );
    expect(views).toEqual(['running', 'running', 'running', 'finished']);
    expect(viewOfWorker(undefined)).toBe('unknown');
  });
});
