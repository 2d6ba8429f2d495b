/*
 * Where hub and worker disagree about an attempt when they meet again, and what is done about it.
 *
 *   hub ↓ worker →   running              finished              unknown
 *   waiting          agree                agree                 agree (it is on its way)
 *   running          agree                await its report      lose it
 *   finished         cancel it            agree (log follows)   tell whoever must decide
 *   unknown          cancel it            keep its report aside  agree
 *
 * The worker's inventory is a positive statement: what it does not name, it does not have. The hub's
 * side wins about what should be, the worker's about what is. Pure. Source: DESIGN section 5.
 */
import type { InventoryRow } from '../../protocol/frames.ts';
import type { AttemptRecord } from './job.ts';

/** An attempt as the hub has it. `waiting`: no worker has proven to hold it yet. */
export type HubView = 'waiting' | 'running' | 'finished' | 'unknown';

/** An attempt as the worker has it; what it holds and has not ended is `running`. */
export type WorkerView = 'running' | 'finished' | 'unknown';

/** What is done. `event` goes into the journal; absent where they agree. */
export type Settlement =
  | { readonly do: 'agree' }
  | {
      readonly do: 'await-report' | 'lose' | 'cancel' | 'tell' | 'keep-aside';
      readonly event: string;
    };

const agree = { do: 'agree' } as const;

const table: Readonly<Record<HubView, Readonly<Record<WorkerView, Settlement>>>> = {
  waiting: { running: agree, finished: agree, unknown: agree },
  running: {
    running: agree,
    finished: { do: 'await-report', event: 'reconcile-report-awaited' },
    unknown: { do: 'lose', event: 'reconcile-worker-forgot' },
  },
  finished: {
    running: { do: 'cancel', event: 'reconcile-ended-cancelled' },
    finished: agree,
    unknown: { do: 'tell', event: 'reconcile-lost-gone' },
  },
  unknown: {
    running: { do: 'cancel', event: 'reconcile-unknown-cancelled' },
    finished: { do: 'keep-aside', event: 'reconcile-unknown-report' },
    unknown: agree,
  },
};

/** What is done about one attempt. */
export function planSettlement(hub: HubView, worker: WorkerView): Settlement {
  return table[hub][worker];
}

/** How the hub has it; `attempt` is undefined where the hub has no such attempt. */
export function viewOfHub(attempt: AttemptRecord | undefined): HubView {
  if (attempt === undefined) return 'unknown';
  const { is } = attempt.state;
  if (is === 'finished') return 'finished';
  return is === 'queued' || is === 'sent' ? 'waiting' : 'running';
}

/** How the worker has it; undefined is a row that its inventory lacks. */
export function viewOfWorker(row: InventoryRow | undefined): WorkerView {
  if (row === undefined) return 'unknown';
  return row.state === 'finished' ? 'finished' : 'running';
}
