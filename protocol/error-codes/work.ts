/*
 * Codes of workers and jobs.
 *
 * Why work was not taken, not done, or not known. A code is for ever; its sentence may be improved.
 */
import { type ErrorRow, lasting, passing } from './row.ts';

/** Code → what it means. */
export const workCodes = {
  WORKER_UNKNOWN: lasting(
    2,
    'There is no worker of this name.',
    'Run `wally team` to see the names.',
  ),
  WORKER_NONE: passing(4, 'No worker is paired yet.', 'Pair one with `wally invite`.'),
  WORKER_NO_MATCH: passing(
    4,
    'No worker has what the job needs.',
    'Run `wally team show NAME` to see what each has.',
  ),
  WORKER_NAME: lasting(
    2,
    'This cannot be a worker name.',
    'Use 1 to 32 of a-z, 0-9 and -, starting with a letter.',
  ),
  WORKER_NAME_TAKEN: lasting(4, 'Another worker has this name.', 'Choose another name.'),
  WORKER_REVOKED: lasting(
    4,
    'This worker is no longer trusted.',
    'Pair it again with `wally invite`.',
  ),
  COCKPIT_UNKNOWN: lasting(2, 'There is no such cockpit.', 'Run `wally cockpits` to see them.'),
  COCKPIT_FORBIDDEN: lasting(4, 'Only the hub’s own box may do this.', 'Do it there.'),
  COCKPIT_REVOKED: lasting(4, 'This cockpit was revoked.', 'Pair it with a fresh code.'),
  JOB_UNKNOWN: lasting(2, 'There is no job of this id.', 'Run `wally jobs` to see the ids.'),
  JOB_FINISHED: lasting(4, 'The job has already ended.', 'Use `wally retry` to try it again.'),
  JOB_UNFINISHED: passing(4, 'The job has not ended yet.', 'Cancel it first, or wait.'),
  JOB_GROUP: lasting(
    4,
    'This job is a group; act on its parts.',
    'Run `wally job J` to see its parts.',
  ),
  JOB_DIRECTORY: lasting(
    4,
    'The directory is not there on the worker.',
    'Give a directory that exists on that box.',
  ),
  JOB_REPO: lasting(
    4,
    'The directory is not a git work tree on the worker.',
    'Give a path inside a git checkout on that box.',
  ),
  JOB_BASE: lasting(
    4,
    'There is no such commit to work on, or no checkout of it could be made.',
    'Name a branch, tag or commit that the repository on that box has; fetch it there first.',
  ),
  JOB_HARNESS: lasting(
    4,
    'The box has no such harness.',
    'Run `wally team show NAME` to see what it has; its config.toml can name more.',
  ),
  JOB_SPAWN: lasting(1, 'The command could not be started.', 'Check that it exists on that box.'),
  JOB_UNGUARDED: passing(
    4,
    'No guard of leases could be started on that box.',
    'Try again; if it stays so, look at the agent’s log and at the memory of its box.',
  ),
  JOB_FULL: passing(
    4,
    'The worker already holds as many jobs as it may.',
    'Wait, or give it to another worker.',
  ),
  JOB_EXPIRED: lasting(
    1,
    'The deadline passed before the work could start.',
    'Give a longer deadline, or retry.',
  ),
  LEASE_LAPSED: lasting(
    1,
    'The worker stopped the work because it could not hear the hub.',
    'Try it again, or give it a longer --stop-after.',
  ),
  DECISION_UNKNOWN: lasting(
    2,
    'There is no decision of this id.',
    'Run `wally inbox` to see what waits.',
  ),
  DECISION_CLOSED: lasting(
    4,
    'The decision was made already.',
    'Run `wally inbox` to see what waits.',
  ),
  QUEUE_FULL: passing(
    4,
    'Too much waits for this worker.',
    'Wait until some of it has ended, or give it to another worker; revoke one that is gone for good.',
  ),
  WAIT_TIMEOUT: passing(5, 'The time to wait ran out.', 'What was waited for goes on; wait again.'),
  WORKER_AWAY: passing(
    1,
    'The worker is not connected now.',
    'Try again when `wally team` shows it as linked.',
  ),
  TREE_NONE: lasting(
    4,
    'There is no checkout to remove.',
    'Run `wally job J` to see what a job left.',
  ),
  TREE_HELD: lasting(
    4,
    'The checkout holds work that is nowhere else.',
    'Take it: `wally terminal J` opens a shell there; or `wally tidy J --discard`.',
  ),
  WORKER_TOO_OLD: lasting(
    4,
    'The worker’s agent is too old for this.',
    'Upgrade it; until then do it on its box.',
  ),
  TERMINAL_REFUSED: lasting(
    4,
    'The box lets nobody open a terminal.',
    'Set `allowed = true` under `[terminal]` in its config.toml, and start its agent again.',
  ),
  TERMINAL_FULL: passing(4, 'As many terminals are open as may be.', 'Leave one of them.'),
  TERMINAL_UNSUPPORTED: lasting(
    4,
    'The worker cannot open terminals.',
    'Upgrade its agent; where it is new, its platform has no PTY for it.',
  ),
  TERMINAL_LOST: passing(
    1,
    'The terminal was lost with the connection to its worker.',
    'Open another; what ran in it was ended.',
  ),
  TERMINAL_MISSING: lasting(
    2,
    'This needs a terminal.',
    'Run it in a terminal, or use the verbs with --json.',
  ),
} as const satisfies Record<string, ErrorRow>;
