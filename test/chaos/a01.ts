/*
 * A1, the main run: ten thousand jobs, a hundred kills, bad links, and everything else that goes wrong.
 */
import type { ChaosCheck } from './check.ts';
import { getOptions } from './options.ts';
import { type MainRunPlan, runMain } from './runs/main-run.ts';

const whole = {
  jobCount: 10_000,
  agentCount: 3,
  seed: 1,
  pauseSecondsMax: 20,
  faults: {
    'kill hub': 50,
    'kill agent': 50,
    'pause hub': 2,
    'pause agent': 4,
    'cut one way': 10,
    'cut both ways': 10,
    'fill a disk': 4,
    'step a clock': 6,
  },
} as const satisfies MainRunPlan;

const short = {
  jobCount: 300,
  agentCount: 3,
  seed: 1,
  pauseSecondsMax: 9,
  faults: {
    'kill hub': 3,
    'kill agent': 3,
    'pause agent': 1,
    'cut one way': 1,
    'cut both ways': 1,
    'step a clock': 2,
  },
} as const satisfies MainRunPlan;

/** The size that the command line asks for. */
export function planMainRun(): MainRunPlan {
  const { isShort, jobs, seed } = getOptions();
  const plan: MainRunPlan = isShort ? short : whole;
  return { ...plan, jobCount: jobs ?? plan.jobCount, seed: seed ?? plan.seed };
}

/** The check. */
export const check: ChaosCheck = {
  id: 'A1',
  title: 'main run: one outcome each, no double execution, no lost line, under every fault',
  run: (report) => runMain(planMainRun(), report),
};
