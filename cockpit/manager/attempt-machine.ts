/*
 * One attempt as the hub knows it: receipts move right, and one outcome ends it.
 *
 *   queued ──sent──▶ sent ──accepted──▶ accepted ──started──▶ started ──finished──▶ finished
 *      └─cancel (never left): cancelled        any ──lost, expired──▶ finished
 *
 * A receipt is only what somebody proved; facts that arrive after the end are late and change
 * nothing. A cancel of what never left the hub ends it at once; anything else waits for the worker's
 * answer, because only the worker knows. Source: DESIGN section 4, reliability facts R10-R13.
 */
import { createStepper, ignore, type Step, type Table } from '../../protocol/machines/table.ts';
import type { Outcome, ReceiptTimes, WorkUsage } from '../../protocol/model.ts';

/** How an attempt ended. Instants are wall milliseconds; `code` is an error code where one fits. */
export interface AttemptEnd {
  readonly outcome: Outcome;
  readonly at: number;
  readonly code?: string;
  readonly reason?: string;
  readonly usage: WorkUsage;
  /** Where its log ends, by the worker's word; absent where no worker said. */
  readonly logBytes?: number;
  readonly startedAt?: number;
}

interface Ground {
  readonly times: ReceiptTimes;
  readonly cancelAskedAt?: number;
}

/** Where the attempt stands. */
export type HubAttemptState =
  | (Ground & { readonly is: 'queued' })
  | (Ground & { readonly is: 'sent' })
  | (Ground & { readonly is: 'accepted' })
  | (Ground & { readonly is: 'started' })
  | (Ground & { readonly is: 'finished'; readonly end: AttemptEnd });

/** What can happen to it. `mayHaveLeft`: an earlier hub may have sent it without noting so. */
export type HubAttemptEvent =
  | { readonly type: 'sent'; readonly at: number }
  | { readonly type: 'accepted'; readonly at: number }
  | { readonly type: 'started'; readonly at: number }
  | { readonly type: 'finished'; readonly end: AttemptEnd }
  | { readonly type: 'cancel'; readonly at: number; readonly mayHaveLeft: boolean }
  | { readonly type: 'expired'; readonly at: number; readonly mayHaveLeft: boolean }
  | { readonly type: 'lost'; readonly at: number; readonly reason: string };

/** What it asks for. `late`: keep what came as a late report. `tell-cancel`: send the command. */
export type HubAttemptEffect =
  | { readonly do: 'tell-cancel' }
  | { readonly do: 'late' }
  | { readonly do: 'ended' };

type Out = Step<HubAttemptState, HubAttemptEffect>;
type Unended = Exclude<HubAttemptState, { is: 'finished' }>;
type Finished = Extract<HubAttemptState, { is: 'finished' }>;

const table: Table<HubAttemptState, HubAttemptEvent, HubAttemptEffect> = {
  queued: {
    sent: (state, { at }) => move({ ...state, is: 'sent', times: { ...state.times, sentAt: at } }),
    accepted: accept,
    started: begin,
    finished: finish,
    cancel: cancelUnsent,
    expired: expireUnsent,
    lost: lose,
  },
  sent: {
    sent: ignore('handed to a link before'),
    accepted: accept,
    started: begin,
    finished: finish,
    cancel: askCancel,
    expired: ignore('the worker may have it and watches the deadline itself'),
    lost: lose,
  },
  accepted: {
    sent: ignore('the worker proved more'),
    accepted: ignore('already so'),
    started: begin,
    finished: finish,
    cancel: askCancel,
    expired: ignore('the worker has it and watches the deadline itself'),
    lost: lose,
  },
  started: {
    sent: ignore('the worker proved more'),
    accepted: ignore('the worker proved more'),
    started: ignore('already so'),
    finished: finish,
    cancel: askCancel,
    expired: ignore('the worker has it and watches the deadline itself'),
    lost: lose,
  },
  finished: {
    sent: ignore('ended before it left; the cancel behind it follows'),
    accepted: late,
    started: late,
    finished: late,
    cancel: ignore('ended'),
    expired: ignore('ended'),
    lost: ignore('ended'),
  },
};

/** One step. Pure. */
export const stepHubAttempt = createStepper(table);

function move(state: HubAttemptState): Out {
  return { state, effects: [] };
}

function accept(state: Unended, { at }: { readonly at: number }): Out {
  const times = { ...state.times, sentAt: state.times.sentAt ?? at, acceptedAt: at };
  return move({ ...state, is: 'accepted', times });
}

function begin(state: Unended, { at }: { readonly at: number }): Out {
  const { times } = state;
  return move({
    ...state,
    is: 'started',
    times: {
      ...times,
      sentAt: times.sentAt ?? at,
      acceptedAt: times.acceptedAt ?? at,
      startedAt: at,
    },
  });
}

function finish(state: Unended, { end }: { readonly end: AttemptEnd }): Out {
  const times = { ...state.times, finishedAt: end.at };
  return { state: { ...state, is: 'finished', times, end }, effects: [{ do: 'ended' }] };
}

function cancelUnsent(
  state: Extract<HubAttemptState, { is: 'queued' }>,
  event: { readonly at: number; readonly mayHaveLeft: boolean },
): Out {
  if (event.mayHaveLeft) return askCancel(state, event);
  const end = {
    outcome: 'cancelled',
    at: event.at,
    reason: 'It was cancelled before it was sent.',
    usage: {},
  } as const;
  const { state: ended, effects } = finish(state, { end });
  return { state: ended, effects: [{ do: 'tell-cancel' }, ...effects] };
}

function expireUnsent(
  state: Extract<HubAttemptState, { is: 'queued' }>,
  event: { readonly at: number; readonly mayHaveLeft: boolean },
): Out {
  // Asking for a cancel would end it as cancelled, which nobody wanted.
  if (event.mayHaveLeft) return move(state);
  const reason = 'The deadline passed before the worker could be reached.';
  const end = { outcome: 'expired', at: event.at, code: 'JOB_EXPIRED', reason, usage: {} } as const;
  const { state: ended, effects } = finish(state, { end });
  return { state: ended, effects: [{ do: 'tell-cancel' }, ...effects] };
}

/** Only the worker can say how it ends; asking twice sends nothing more. */
function askCancel(state: Unended, { at }: { readonly at: number }): Out {
  if (state.cancelAskedAt !== undefined) return move(state);
  return { state: { ...state, cancelAskedAt: at }, effects: [{ do: 'tell-cancel' }] };
}

function lose(
  state: Unended,
  { at, reason }: { readonly at: number; readonly reason: string },
): Out {
  const end: AttemptEnd = { outcome: 'lost', at, reason, usage: {} };
  const { state: ended, effects } = finish(state, { end });
  return { state: ended, effects: [{ do: 'tell-cancel' }, ...effects] };
}

function late(state: Finished): Out {
  return { state, effects: [{ do: 'late' }] };
}
