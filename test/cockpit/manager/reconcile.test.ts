/*
 * The six ways in which hub and worker can disagree, and that they agree in all others.
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
    for (const hub of ['waiting', 'running', 'finished', 'unknown'] as const) {
      for (const worker of ['running', 'finished', 'unknown'] as const) {
        if (planSettlement(hub, worker).do === 'agree') agreed.push(`${hub} ${worker}`);
      }
    }
    expect(agreed).toHaveLength(12 - disagreements.length);
  });

  test('reconcile: what no worker has proven to hold is still on its way', () => {
    const end = { outcome: 'failed', at: 1, usage: {} } as const;
    const views = receipts.map((is) =>
      viewOfHub({
        n: 1,
        worker: 'a',
        state:
          is === 'finished' ? { is, times: { queuedAt: 1 }, end } : { is, times: { queuedAt: 1 } },
      }),
    );
    expect(views).toEqual(['waiting', 'waiting', 'running', 'running', 'finished']);
    expect(viewOfHub(undefined)).toBe('unknown');
  });

  test('reconcile: a worker has what it states, and nothing else', () => {
    const views = (['accepted', 'starting', 'running', 'finished'] as const).map((state) =>
      viewOfWorker({ attempt: 'J1.1', state }),
    );
    expect(views).toEqual(['running', 'running', 'running', 'finished']);
    expect(viewOfWorker(undefined)).toBe('unknown');
  });
});
