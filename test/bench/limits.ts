/*
 * How often and how long everything is measured, and the budgets. Times are milliseconds.
 *
 * Counts are chosen so that a whole run takes some five minutes on two slow cores; `--rounds` scales
 * them. Budgets are those of a small shared machine and are reported, never asserted.
 */

/** Rounds of every bench unless told; medians of fewer say little. */
export const roundsDefault = 5;

/** A process that starts and ends is cheap to measure, so it gets this many times the rounds. */
export const startsPerRound = 3;

/** Keys pressed in one round, one after the other. */
export const keysPerRound = 50;

/** Between two keys: about what a held key gives, and time enough for the log of a job to open. */
export const keyPauseMs = 100;

/** After the team is up, before anything idle is measured: timers of the start must have run out. */
export const settleMs = 8000;

/** One look at an idle process; five rounds make the 20 s of the budget. */
export const idleWindowMs = 4000;

/** The terminal of the screen bench: team, jobs and log are beside each other. */
export const screenSize = { columns: 120, rows: 34 } as const;

/** What its hub says. */
export const screenFeed = { workers: 1000, linesASecond: 5000 } as const;

/** After its first frame, before a screen is watched at rest. */
export const screenSettleMs = 2000;

/** How long the feed goes on for memory to be looked at unless told; ten say whether it is flat. */
export const soakMinutesDefault = 0.5;

/** Between two looks at memory. */
export const soakLookMs = 2000;

/** Jobs in flight at once, and how many are done in one round of each kind. */
export const loads = [
  { inFlight: 1, countSpawning: 40, countEmpty: 100 },
  { inFlight: 16, countSpawning: 120, countEmpty: 400 },
  { inFlight: 64, countSpawning: 200, countEmpty: 800 },
  { inFlight: 256, countSpawning: 256, countEmpty: 2000 },
] as const;

/** The same for jobs at the desk of a hub in the bench's own process, beside the bare floor. */
export const coreLoads = [
  { inFlight: 1, count: 1000 },
  { inFlight: 16, count: 8000 },
  { inFlight: 256, count: 40_000 },
] as const;

/** What jobs at the desk should reach of the bare floor: throughput at 16 and 256, p50 at 1. */
export const coreGoals = { share: { above: 0.6 }, delay: { below: 1.6 } } as const;

/** Attempts that the agent without processes holds at once: none waits for a slot. */
export const emptySlots = 256;

/** Jobs in flight in every cell of the comparison with other systems. */
export const rivalLoads = [1, 16, 256] as const;

/** How long one cell is measured, and goes uncounted before the first; its slowest system does a few jobs in it. */
export const cellMs = 1500;

/** How long the floor is measured before each cell. */
export const floorMs = 500;

/** What we want to be against other systems of the same durability, and against ssh. */
export const rivalGoals = [
  { id: 'bullmq-always', inFlight: 256, of: 'speed', budget: { above: 5 } },
  { id: 'nats-always', inFlight: 256, of: 'speed', budget: { above: 5 } },
  { id: 'bullmq-always', inFlight: 1, of: 'p50', budget: { below: 1 } },
  { id: 'nats-always', inFlight: 1, of: 'p50', budget: { below: 1 } },
  { id: 'ssh-master', inFlight: 16, of: 'speed', budget: { above: 50 } },
] as const;

/** Agents connected to one hub in the scale bench, and in its quick form. */
export const fleetSize = { whole: 1000, quick: 10 } as const;

/** Processes that they are spread over, each with one UDP socket. */
export const fleetProcesses = 2;

/** How long the hub is watched while nothing happens. */
export const fleetWindowMs = { whole: 10_000, quick: 500 } as const;

/** After all are linked, before the hub is watched. */
export const fleetSettleMs = { whole: 8000, quick: 200 } as const;

/** A fleet reports so often. */
export const fleetReportMs = 250;

/** Nothing of the scale bench may take longer. */
export const fleetMsMax = 180_000;

/** What the one job of the log bench prints. */
export const logBytes = 200_000_000;

/** Workers that print at once in the bench of fair shares, and what each prints. */
export const fairWorkers = { whole: 50, quick: 5 } as const;
/** See `fairWorkers`. */
export const fairBytes = { whole: 16_000_000, quick: 1_000_000 } as const;

/** Between two looks at how much of each has come. */
export const fairLookMs = 20;

/** Log kept a job on both sides, so that nothing of it is dropped. */
export const logBytesKept = 512 * 1024 * 1024;

/** What the hub of the open bench has done: jobs, and every how many of them has a log. */
export const oldHub = { jobs: 100_000, quickJobs: 2000, logEvery: 10 } as const;

/** Starts of each hub; more would show no more. */
export const openRounds = 5;

/** Budgets; each is a median that must stay below. */
export const budgets = {
  versionMs: { below: 150 },
  teamMs: { below: 400 },
  paintMs: { below: 600 },
  agentMegabytes: { below: 90 },
  hubMegabytes: { below: 120 },
  idlePercent: { below: 0.5 },
  fleetPercent: { below: 15 },
  fleetMegabytes: { below: 600 },
  fleetDispatchMs: { below: 5000 },
  fleetReturnMs: { below: 30_000 },
  openMs: { below: 2000 },
  firstPaintMs: { below: 400 },
  keyMs: { below: 20 },
  lateKeyMs: { below: 50 },
  frames: { below: 30 },
  clears: { below: 1 },
  screenMegabytes: { below: 200 },
} as const;
