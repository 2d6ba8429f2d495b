/*
 * Where hub and worker disagree about an attempt when they meet again, and what is done about it.
 *
 *   hub ↓ worker →   running              finished              unknown
 *   waiting          agree                agree                 agree (it is on its way)
 *   taken            agree                agree                 lose it
 *   running          agree                await its report      lose it
 *   finished         cancel it            agree (log follows)   tell whoever must decide
 *   unknown          cancel it            keep its report aside  agree
 *
 * What the worker's inventory does not name, it does not have. The hub wins about what should be, it about what is. Pure.
 */
import type { InventoryRow } from '../../protocol/frames.ts';
import type { AttemptRecord } from './job.ts';

/**
 * An attempt as the hub has it. `waiting`: no worker has proven to hold it yet; `taken`: its worker has acknowledged the
 * command, and all that it had reported by then is known here.
 */
export type HubView = 'waiting' | 'taken' | 'running' | 'finished' | 'unknown';

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
const forgot = { do: 'lose', event: 'reconcile-worker-forgot' } as const;

const table: Readonly<Record<HubView, Readonly<Record<WorkerView, Settlement>>>> = {
  waiting: { running: agree, finished: agree, unknown: agree },
  taken: { running: agree, finished: agree, unknown: forgot },
  running: {
    running: agree,
    finished: { do: 'await-report', event: 'reconcile-report-awaited' },
    unknown: forgot,
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

/**
 * How the hub has it; `attempt` is undefined where the hub has no such attempt. `takenThrough`: its worker has taken all
 * commands up to here, and nothing that it said about them is still on its way; 0 where that is not known.
 */
export function viewOfHub(attempt: AttemptRecord | undefined, takenThrough: number): HubView {
  if (attempt === undefined) return 'unknown';
  const { state, isParked, givenSeq } = attempt;
  if (state.is === 'finished') return 'finished';
  if (state.is !== 'queued' && state.is !== 'sent') return 'running';
  const isGiven = isParked !== true && givenSeq !== undefined;
  return isGiven && givenSeq <= takenThrough ? 'taken' : 'waiting';
}

/** How the worker has it; undefined is a row that its inventory lacks. */
export function viewOfWorker(row: InventoryRow | undefined): WorkerView {
  if (row === undefined) return 'unknown';
  return row.state === 'finished' ? 'finished' : 'running';
}
