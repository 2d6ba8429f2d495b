/*
 * One attempt as the hub knows it: receipts move right, and one outcome ends it.
 *
 *   queued ──sent──▶ sent ──accepted──▶ accepted ──started──▶ started ──finished──▶ finished
 *      └─cancel (never left): cancelled        any ──lost, expired, superseded──▶ finished
 *
 * `replacedAt`: given up but not written off, until it comes back or another settles the job. A
 * receipt is only what somebody proved; facts that come after the end are late and change nothing. A
 * cancel of what never left ends it at once; else it waits for the worker's answer. Source: DESIGN section 4, reliability facts R10-R13.
 */
import { createStepper, ignore, type Step, type Table } from '../../protocol/machines/table.ts';
import type {
  ArtifactsReport,
  KeptDirectory,
  Outcome,
  ReceiptTimes,
  WorkUsage,
} from '../../protocol/model.ts';

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
  /** What files it left, where it was to leave any. */
  readonly artifacts?: ArtifactsReport;
  /** Its checkout, while that holds work which is nowhere else. */
  readonly kept?: KeptDirectory;
}

interface Ground {
  readonly times: ReceiptTimes;
  readonly cancelAskedAt?: number;
  /** Another attempt was started in its place, and it may still count if it comes back. */
  readonly replacedAt?: number;
}

/** Where the attempt stands. */
export type HubAttemptState =
  | (Ground & { readonly is: 'queued' })
  | (Ground & { readonly is: 'sent' })
  | (Ground & { readonly is: 'accepted' })
  | (Ground & { readonly is: 'started' })
  | (Ground & { readonly is: 'finished'; readonly end: AttemptEnd });

/**
 * What can happen to it. `mayHaveLeft`: an earlier hub may have sent it without noting so. `acceptedAt`:
 * the report is the whole one, also of the receipts before it.
 */
export type HubAttemptEvent =
  | { readonly type: 'sent'; readonly at: number }
  | { readonly type: 'accepted'; readonly at: number }
  | { readonly type: 'started'; readonly at: number; readonly acceptedAt?: number }
  | { readonly type: 'finished'; readonly end: AttemptEnd; readonly acceptedAt?: number }
  | { readonly type: 'cancel'; readonly at: number; readonly mayHaveLeft: boolean }
  | {
      readonly type: 'expired';
      readonly at: number;
      readonly mayHaveLeft: boolean;
      readonly reason?: string;
    }
  /** `mayReturn`: its worker is not told to end it, for a person may yet let it count. */
  | {
      readonly type: 'lost';
      readonly at: number;
      readonly reason: string;
      readonly mayReturn?: boolean;
    }
  /** A person started another in its place, under a rule by which it may still count. */
  | { readonly type: 'reopened'; readonly at: number }
  /** Given up in favour of another, not written off. */
  | { readonly type: 'replaced'; readonly at: number }
  /** Its worker proved that it still has it. */
  | { readonly type: 'returned' }
  /** Another attempt at the job settled it, or came back and is kept. */
  | { readonly type: 'superseded'; readonly at: number; readonly reason: string };

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
    replaced: replace,
    reopened: ignore('it has not ended'),
    returned: comeBack,
    superseded: supersede,
  },
  sent: {
    sent: ignore('handed to a link before'),
    accepted: accept,
    started: begin,
    finished: finish,
    cancel: askCancel,
    expired: ignore('the worker may have it and watches the deadline itself'),
    lost: lose,
    replaced: replace,
    reopened: ignore('it has not ended'),
    returned: comeBack,
    superseded: supersede,
  },
  accepted: {
    sent: ignore('the worker proved more'),
    accepted: ignore('already so'),
    started: begin,
    finished: finish,
    cancel: askCancel,
    expired: ignore('the worker has it and watches the deadline itself'),
    lost: lose,
    replaced: replace,
    reopened: ignore('it has not ended'),
    returned: comeBack,
    superseded: supersede,
  },
  started: {
    sent: ignore('the worker proved more'),
    accepted: ignore('the worker proved more'),
    started: ignore('already so'),
    finished: finish,
    cancel: askCancel,
    expired: ignore('the worker has it and watches the deadline itself'),
    lost: lose,
    replaced: replace,
    reopened: ignore('it has not ended'),
    returned: comeBack,
    superseded: supersede,
  },
  finished: {
    sent: ignore('ended before it left; the cancel behind it follows'),
    accepted: late,
    started: late,
    finished: late,
    cancel: ignore('ended'),
    expired: ignore('ended'),
    lost: ignore('ended'),
    replaced: ignore('ended'),
    reopened: reopen,
    returned: ignore('ended: what it still reports is late'),
    superseded: ignore('ended'),
  },
};

/** One step. Pure. */
export const stepHubAttempt = createStepper('hub-attempt', table);

function move(state: HubAttemptState): Out {
  return { state, effects: [] };
}

function accept(state: Unended, { at }: { readonly at: number }): Out {
  const times = { ...state.times, sentAt: state.times.sentAt ?? at, acceptedAt: at };
  return move({ ...state, is: 'accepted', times });
}

function begin(state: Unended, event: { readonly at: number; readonly acceptedAt?: number }): Out {
  const { at, acceptedAt = at } = event;
  const times = { ...proveAccepted(state.times, acceptedAt), startedAt: at };
  return move({ ...state, is: 'started', times });
}

/** The receipts, where a later one says when it was accepted. */
function proveAccepted(times: ReceiptTimes, at: number): ReceiptTimes {
  return { ...times, sentAt: times.sentAt ?? at, acceptedAt: times.acceptedAt ?? at };
}

/** The receipts of a whole report. */
function proveAll(times: ReceiptTimes, acceptedAt: number, end: AttemptEnd): ReceiptTimes {
  const startedAt = times.startedAt ?? end.startedAt;
  const proven = proveAccepted(times, acceptedAt);
  return startedAt === undefined ? proven : { ...proven, startedAt };
}

function finish(
  unended: Unended,
  { end, acceptedAt }: { readonly end: AttemptEnd; readonly acceptedAt?: number },
): Out {
  const { replacedAt: _replacedAt, ...state } = unended;
  const proven = acceptedAt === undefined ? state.times : proveAll(state.times, acceptedAt, end);
  const times = { ...proven, finishedAt: end.at };
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
  event: { readonly at: number; readonly mayHaveLeft: boolean; readonly reason?: string },
): Out {
  // Asking for a cancel would end it as cancelled, which nobody wanted.
  if (event.mayHaveLeft) return move(state);
  const { reason = 'The deadline passed before the worker could be reached.' } = event;
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
  event: { readonly at: number; readonly reason: string; readonly mayReturn?: boolean },
): Out {
  const { at, reason, mayReturn } = event;
  const ended = finish(state, { end: { outcome: 'lost', at, reason, usage: {} } });
  if (mayReturn === true) return ended;
  return { state: ended.state, effects: [{ do: 'tell-cancel' }, ...ended.effects] };
}

/** Back to the receipt that was last proven; only what nobody saw end can be open again. */
function reopen(state: Finished, { at }: { readonly at: number }): Out {
  const { end, times, ...ground } = state;
  if (end.outcome !== 'lost') return move(state);
  const { finishedAt: _finishedAt, ...proven } = times;
  return move({ ...ground, is: findReceipt(proven), times: proven, replacedAt: at });
}

function findReceipt(times: ReceiptTimes): Unended['is'] {
  if (times.startedAt !== undefined) return 'started';
  if (times.acceptedAt !== undefined) return 'accepted';
  return times.sentAt === undefined ? 'queued' : 'sent';
}

function replace(state: Unended, { at }: { readonly at: number }): Out {
  return move({ ...state, replacedAt: at });
}

function comeBack(state: Unended): Out {
  const { replacedAt, ...back } = state;
  return move(replacedAt === undefined ? state : back);
}

/** Nobody knows how a replaced one ended; of one that was heard we know that its end was asked for. */
function supersede(
  state: Unended,
  { at, reason }: { readonly at: number; readonly reason: string },
): Out {
  const outcome = state.replacedAt === undefined ? 'cancelled' : 'lost';
  const { state: ended, effects } = finish(state, { end: { outcome, at, reason, usage: {} } });
  return { state: ended, effects: [{ do: 'tell-cancel' }, ...effects] };
}

function late(state: Finished): Out {
  return { state, effects: [{ do: 'late' }] };
}
