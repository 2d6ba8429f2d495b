/*
 * A lane: asynchronous jobs that run one at a time, in the order of their calls.
 *
 * It owns the order and nothing else; what a job does and how its failure is met is the job's own
 * affair. A failed job does not stop the ones behind it. At its cap a lane refuses (STORE_FULL)
 * instead of growing.
 */
import { AppError } from '../protocol/errors.ts';
import { laneJobsMax } from './limits.ts';

/** Runs jobs in order. */
export interface Lane {
  /** Resolves or rejects as `job` does. Errors: STORE_FULL when too many wait. */
  run<T>(job: () => Promise<T>): Promise<T>;
  /** Resolves when every job taken so far has ended; never rejects. */
  idle(): Promise<void>;
}

/** A lane with nothing in it. */
export function createLane(): Lane {
  let tail: Promise<void> = Promise.resolve();
  let waitingCount = 0;
  const finish = (): void => {
    waitingCount -= 1;
  };
  return {
    run(job) {
      if (waitingCount >= laneJobsMax) return Promise.reject(new AppError('STORE_FULL'));
      waitingCount += 1;
      const done = tail.then(job);
      tail = done.then(finish, finish);
      return done;
    },
    idle: () => tail,
  };
}
