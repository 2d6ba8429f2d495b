/*
 * What follows from a lost attempt: another one elsewhere, a question to the M2, or nothing.
 *
 * A replacement by the hub's own decision needs all of these: the M2 allowed it at dispatch, the work may
 * safely run twice, and the lost attempt is certainly over. That is so when its worker said so, when its
 * box is gone, or when it had a lease and the silence was longer than that could last by any clock. All else asks,
 * because nobody can know whether it ran. Pure. Source: reliability facts R12, R17, R18.
 */
import type { CommandSpec } from '../../protocol/model.ts';
import type { HubAttemptState } from './attempt-machine.ts';
import { type AttemptRecord, type CommandJob, isReplaced } from './job.ts';
import { type Candidate, findBest } from './plan-dispatch.ts';

/**
 * Why an attempt is given up. `silence`: unheard for its `lost-after`. `overdue`: its deadline passed
 * in silence. `restarted`: its agent was killed and reaped what it left. `lapsed`: the worker ended it
 * because its lease ran out. `forgotten`: the worker came back without it. `revoked`: by the M2.
 * `vanished`: its box is gone, by the word of its provider. `unreadable`: it ended, and the message that said how could not be applied.
 */
export type LossCause =
  | 'silence'
  | 'overdue'
  | 'restarted'
  | 'lapsed'
  | 'forgotten'
  | 'revoked'
  | 'vanished'
  | 'unreadable';

/** What is to be done. `why` is for people. */
export type LossPlan =
  | { readonly do: 'replace'; readonly worker: string }
  | { readonly do: 'ask'; readonly why: string }
  | { readonly do: 'leave' };

/** Attempts that a job may come to without a person: what fails so often fails for a reason. */
export const attemptsByItselfMax = 5;

/** How much faster or slower than ours a worker's clock may run, as a fraction. Source: R17. */
const clockRateError = 0.2;

/** From the end of a lease to the end of the last process: the longest grace, and a look's delay. */
const endingMsMax = 15_000;

/**
 * The shortest `lost-after` of work that may be replaced: by then a lease of `stopAfterMs` is over on
 * the slowest clock, and so is the work. Source: reliability facts R17.
 */
export function findReplaceAfterMs(stopAfterMs: number): number {
  return Math.ceil(stopAfterMs * ((1 + clockRateError) / (1 - clockRateError)) + endingMsMax);
}

/** Everything the decision looks at. `now`: wall milliseconds of the hub. */
export interface Loss {
  readonly job: CommandJob;
  readonly attempt: AttemptRecord;
  readonly cause: LossCause;
  readonly candidates: readonly Candidate[];
  readonly now: number;
}

/** What follows. */
export function planLoss(loss: Loss): LossPlan {
  const { job, attempt } = loss;
  // The M2 wanted its end; that it came about otherwise than asked is no question.
  if (attempt.state.cancelAskedAt !== undefined) return { do: 'leave' };
  // Another attempt at it is under way already and is heard.
  if (job.attempts.some((other) => other.n !== attempt.n && isHeard(other))) return { do: 'leave' };
  const obstacle = findObstacle(loss);
  if (obstacle !== undefined) return { do: 'ask', why: obstacle };
  const worker = findElsewhere(loss);
  if (worker !== undefined) return { do: 'replace', worker };
  const need = job.targeting.need.join(', ');
  const who =
    job.targeting.on === null ? `No other worker${need && ` with ${need}`}` : 'Its worker';
  return { do: 'ask', why: `${who} is there to take it over.` };
}

/**
 * What the M2 is asked about an end that is no loss: whether refused work is to be tried elsewhere, and
 * work that its deadline overtook before it began, once more. Work whose end was asked for is no question,
 * nor is work that ran into its deadline: that limit was the asker's own.
 */
export function findQuestion(
  state: Extract<HubAttemptState, { is: 'finished' }>,
): 'refused' | 'expired' | undefined {
  if (state.cancelAskedAt !== undefined) return undefined;
  if (state.end.outcome === 'refused') return 'refused';
  const hasBegun = state.times.startedAt !== undefined || state.end.startedAt !== undefined;
  return state.end.outcome === 'expired' && !hasBegun ? 'expired' : undefined;
}

function isHeard({ state }: AttemptRecord): boolean {
  return state.is !== 'finished' && !isReplaced(state);
}

function findObstacle({ job, attempt, cause, now }: Loss): string | undefined {
  const { spec } = job;
  if (spec.mayReplace !== true) return spec.isIdempotent ? unallowed : unsafe;
  if (!spec.isIdempotent) return unsafe;
  if (cause === 'overdue' || (attempt.expiresAt ?? now) < now) return 'Its deadline is over.';
  if (!isCertainlyOver(spec, cause)) return 'It may still run where it was.';
  if (job.attempts.length >= attemptsByItselfMax) {
    return `It was tried ${job.attempts.length} times already.`;
  }
  return undefined;
}

const unsafe = 'It may have run, and it was not said that it may run twice.';
const unallowed = 'It was not said that it may be started elsewhere by itself.';

function isCertainlyOver(spec: CommandSpec, cause: LossCause): boolean {
  switch (cause) {
    case 'restarted':
    case 'lapsed':
    case 'vanished':
      return true;
    case 'silence':
      return (
        spec.stopAfterMs !== undefined && spec.lostAfterMs >= findReplaceAfterMs(spec.stopAfterMs)
      );
    default:
      return false;
  }
}

/** Present workers only: what waits for an absent one would only be lost again. */
function findElsewhere({ job, attempt, cause, candidates }: Loss): string | undefined {
  const { on, need } = job.targeting;
  const present = candidates.filter(({ isPresent, worker }) => {
    if (!isPresent || worker.revokedAt !== null) return false;
    return on === null || worker.key === on;
  });
  const others = present.filter(({ worker }) => worker.key !== attempt.worker);
  const other = findBest(others, need);
  if (other !== undefined) return other.key;
  // The same one, where it was the agent that failed and not the way to it.
  return cause === 'restarted' ? findBest(present, need)?.key : undefined;
}
