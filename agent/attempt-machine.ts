/*
 * One attempt on a worker's box, from the hub's command to its one outcome.
 *
 *   accepted ──start──▶ starting ──spawned──▶ running ──exited──▶ finished
 *      │ cancel, expire     │ refused            │ (cancel, deadline, … only ask it to end)
 *      └────────────────────┴──▶ finished        └──restart──▶ finished: lost
 *
 * `starting` is on disk before the process is spawned, so after a crash we know that it may have
 * run: such an attempt is `lost` and is never started again. What is on this disk first wins: a
 * cancel that meets `finished` changes nothing. Source: reliability facts R9, R12, R13.
 */
import type { ErrorCode } from '../protocol/errors.ts';
import { createStepper, ignore, type Step, type Table } from '../protocol/machines/table.ts';
import type { KeptDirectory, Outcome, WorkUsage } from '../protocol/model.ts';
import type { Breach, EndCause, ProcessMark } from './work/work.ts';

interface Times {
  readonly acceptedAt: number;
}

/** How an attempt ended, as it is reported. Instants are wall milliseconds of this box. */
export interface Ending {
  readonly outcome: Outcome;
  readonly at: number;
  readonly code?: ErrorCode;
  readonly reason?: string;
  readonly usage: WorkUsage;
  readonly kept?: KeptDirectory;
}

/** Where the attempt stands; this is what its row in the store holds. */
export type AttemptState =
  | (Times & { readonly is: 'accepted' })
  | (Times & { readonly is: 'starting'; readonly endCause?: EndCause })
  | (Times & {
      readonly is: 'running';
      readonly startedAt: number;
      readonly process: ProcessMark;
      readonly endCause?: EndCause;
    })
  | (Times & { readonly is: 'finished'; readonly startedAt?: number; readonly ending: Ending });

/** What can happen to it. `at` is the wall clock; before `restart` all it left running was ended. */
export type AttemptEvent =
  | { readonly type: 'start' }
  | { readonly type: 'spawned'; readonly at: number; readonly process: ProcessMark }
  | {
      readonly type: 'not-spawned';
      readonly at: number;
      readonly code: ErrorCode;
      readonly reason: string;
    }
  | {
      readonly type: 'exited';
      readonly at: number;
      readonly usage: WorkUsage;
      /** Its checkout, where that could not be removed. */
      readonly kept?: KeptDirectory;
      /** The limit that it was ended for. */
      readonly breach?: Breach;
    }
  | { readonly type: 'end'; readonly at: number; readonly cause: EndCause }
  | { readonly type: 'expired'; readonly at: number }
  | {
      readonly type: 'restart';
      readonly at: number;
      /** When its guard ended it, where that found it still running. */
      readonly guardedAt?: number;
      readonly kept?: KeptDirectory;
      /** Its log could not be read to its end, and ends before that. */
      readonly isLogCut?: true;
    };

/** What it asks for. `spawn` only after the state is on disk; `report` with the state in one batch. */
export type AttemptEffect =
  | { readonly do: 'spawn' }
  | { readonly do: 'end-process' }
  | { readonly do: 'report' };

type Out = Step<AttemptState, AttemptEffect>;
type Starting = Extract<AttemptState, { is: 'starting' }>;
type Running = Extract<AttemptState, { is: 'running' }>;
type Finished = Extract<AttemptState, { is: 'finished' }>;

const table: Table<AttemptState, AttemptEvent, AttemptEffect> = {
  accepted: {
    start: ({ acceptedAt }) => ({
      state: { is: 'starting', acceptedAt },
      effects: [{ do: 'spawn' }],
    }),
    spawned: ignore('nothing was spawned'),
    'not-spawned': ignore('nothing was tried'),
    exited: ignore('nothing was spawned'),
    end: (state, { at, cause }) =>
      cause === 'agent-stop'
        ? { state, effects: [] }
        : finish(state, { outcome: 'cancelled', at, reason: endReasons[cause], usage: {} }),
    expired: (state, { at }) =>
      finish(state, {
        outcome: 'expired',
        at,
        code: 'JOB_EXPIRED',
        reason: expiredReason,
        usage: {},
      }),
    restart: ignore('it was never started, so it may start now'),
  },
  starting: {
    start: ignore('already under way'),
    spawned: (state, { at, process }) => ({
      state: { ...state, is: 'running', startedAt: at, process },
      effects: [{ do: 'report' }, ...(state.endCause === undefined ? [] : [endProcess])],
    }),
    'not-spawned': (state, { at, code, reason }) =>
      state.endCause === undefined
        ? finish(state, { ...judgeNotSpawned(code), at, code, reason, usage: {} })
        : finish(state, { ...judgeCause(state.endCause), at, usage: {} }),
    exited: ignore('the loop says spawned first'),
    end: (state, { cause }) => ({ state: noteCause(state, cause), effects: [] }),
    expired: ignore('its deadline is watched from the moment it runs'),
    restart: (state, event) => lose(state, event),
  },
  running: {
    start: ignore('already running'),
    spawned: ignore('already running'),
    'not-spawned': ignore('already running'),
    exited: (state, event) => {
      const { kept } = event;
      return finish(state, { ...judge(state, event), ...(kept === undefined ? {} : { kept }) });
    },
    end: (state, { cause }) => ({ state: noteCause(state, cause), effects: [endProcess] }),
    expired: ignore('the loop ends it with the cause `deadline`'),
    restart: (state, event) => lose(state, event),
  },
  finished: {
    start: ignore('ended'),
    spawned: ignore('ended'),
    'not-spawned': ignore('ended'),
    exited: ignore('ended'),
    end: ignore('ended: the outcome on this disk was first, and its report is on the way'),
    expired: ignore('ended'),
    restart: ignore('its report is in the outbox'),
  },
};

/** One step. Pure. */
export const stepAttempt = createStepper('agent-attempt', table);

const endProcess = { do: 'end-process' } as const;

const expiredReason = 'The deadline passed before the work could start.';

/** Why an ended attempt ended, in the words that people read. */
const endReasons: Readonly<Record<EndCause, string>> = {
  cancel: 'It was cancelled.',
  deadline: 'The deadline passed while it ran.',
  'run-time': 'It ran for as long as work may here (policy.toml: work.run_seconds_max).',
  'hub-silent': 'The hub could not be heard for the time that its policy allows.',
  'agent-stop': 'The agent was stopped while it ran.',
};

/** The codes by which the hub tells these ends from a person's. */
const endCodes: Readonly<Partial<Record<EndCause, ErrorCode>>> = {
  deadline: 'JOB_EXPIRED',
  'run-time': 'POLICY_RUN_TIME',
  'hub-silent': 'LEASE_LAPSED',
};

/** The first cause stands, except that a person's cancel overrides the others. */
function noteCause<S extends Starting | Running>(state: S, cause: EndCause): S {
  return state.endCause === undefined || cause === 'cancel' ? { ...state, endCause: cause } : state;
}

function judge(
  state: Running,
  { at, usage, breach }: Extract<AttemptEvent, { type: 'exited' }>,
): Ending {
  if (state.endCause !== undefined) {
    return { ...judgeCause(state.endCause), at, usage };
  }
  if (breach !== undefined) return { outcome: 'failed', at, ...breach, usage };
  if (usage.exitCode === 0) return { outcome: 'succeeded', at, usage };
  const reason = usage.signal === undefined ? undefined : `It was ended by ${usage.signal}.`;
  return { outcome: 'failed', at, ...(reason === undefined ? {} : { reason }), usage };
}

function judgeCause(cause: EndCause): Pick<Ending, 'outcome' | 'code' | 'reason'> {
  const isTime = cause === 'deadline' || cause === 'run-time';
  const outcome = isTime ? 'expired' : 'cancelled';
  const code = endCodes[cause];
  return { outcome, ...(code === undefined ? {} : { code }), reason: endReasons[cause] };
}

/** What came between `starting` and the spawn: time that ran out is no refusal. */
function judgeNotSpawned(code: ErrorCode): Pick<Ending, 'outcome'> {
  if (code === 'JOB_EXPIRED') return { outcome: 'expired' };
  return { outcome: code === 'LEASE_LAPSED' ? 'cancelled' : 'refused' };
}

/** Lost, however it ended: what it did until then is known to nobody. */
function lose(state: Starting | Running, event: Extract<AttemptEvent, { type: 'restart' }>): Out {
  const { at, guardedAt, kept, isLogCut } = event;
  const how = guardedAt === undefined ? lostReason : guardedReason;
  const reason = isLogCut === true ? `${how} ${cutReason}` : how;
  const code = isLogCut === true ? ({ code: 'LOG_CUT' } as const) : {};
  const more = { ...code, ...(kept === undefined ? {} : { kept }) };
  return finish(state, { outcome: 'lost', at: guardedAt ?? at, reason, usage: {}, ...more });
}

const lostReason = 'The agent was killed while the work ran; nobody saw how it ended.';
const cutReason = 'Its log could not be read to its end on that box, and was cut there.';
const guardedReason =
  'The agent was killed while the work ran; when the lease was over its guard ended the work.';

function finish(state: Exclude<AttemptState, Finished>, ending: Ending): Out {
  const { acceptedAt } = state;
  const started = state.is === 'running' ? { startedAt: state.startedAt } : {};
  return {
    state: { is: 'finished', acceptedAt, ...started, ending },
    effects: [{ do: 'report' }],
  };
}
