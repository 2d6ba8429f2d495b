/*
 * The one table of error codes, and the one error class that carries them.
 *
 * A code is for ever; its sentence may be improved. Each row says what happened, which exit status
 * a verb ends with, whether trying again can help, and what the person should do. Programmer
 * errors are not here: they are assertions and stop the program.
 */

interface ErrorRow {
  readonly sentence: string;
  /** Exit status of the verb: 1 bad outcome, 2 usage, 3 hub out of reach, 4 refused, 5 timed out. */
  readonly exit: 1 | 2 | 3 | 4 | 5;
  readonly canRetry: boolean;
  readonly hint: string;
}

/** Code → what it means. Tests hold every code used in the source against this table. */
export const errorTable = {
  // Usage
  USAGE_VERB: lasting(2, 'There is no such verb.', 'Run `wally help` to see the verbs.'),
  USAGE_FLAG: lasting(2, 'A flag is unknown or lacks its value.', 'Run the verb with --help.'),
  USAGE_ARGUMENT: lasting(2, 'An argument is missing or malformed.', 'Run the verb with --help.'),
  // The box, homes and config
  NODE_VERSION: lasting(
    2,
    'This version of Node.js is too old.',
    'Run it with a newer one; `npm run wally` and `npm run odally` take the one that was installed along.',
  ),
  HOME_UNWRITABLE: lasting(
    2,
    'The home directory cannot be written.',
    'Choose another home, or mend its owner and mode.',
  ),
  CONFIG_INVALID: lasting(
    2,
    'The config file cannot be read.',
    'Correct the line that is named, or move the file away.',
  ),
  KEY_INVALID: lasting(
    2,
    'The key file is damaged.',
    'Restore it from a backup; a new key means pairing again.',
  ),
  // Hub and control socket
  HUB_UNREACHABLE: passing(3, 'The hub cannot be reached.', 'Start it with `wally up`.'),
  HUB_START: passing(3, 'The hub did not start.', 'Read its log file, which the message names.'),
  HUB_RUNNING: lasting(
    4,
    'A hub is already running on this home.',
    'Use it, or stop it with `wally down`.',
  ),
  HUB_STOPPING: passing(3, 'The hub is stopping.', 'Start it again with `wally up`.'),
  HUB_INTERNAL: lasting(1, 'The hub met a fault of its own.', 'Read the hub log and report it.'),
  SOCKET_PATH: lasting(
    2,
    'The control socket cannot be made at this path.',
    'Choose a shorter home path.',
  ),
  // Store
  STORE_LOCKED: passing(
    4,
    'Another process owns this store.',
    'Stop that process, or use another home.',
  ),
  STORE_FORMAT: lasting(4, 'The store was written by a newer version.', 'Upgrade this program.'),
  STORE_IO: passing(
    1,
    'The store could not be written or read.',
    'Check the disk; what was acknowledged is kept.',
  ),
  STORE_DAMAGED: lasting(
    1,
    'The store holds something that cannot be read.',
    'Restore a backup; keep the directory.',
  ),
  STORE_REOPENING: passing(
    4,
    'The store failed and is being opened again.',
    'Try again in a moment; if it stays so, look at the disk.',
  ),
  DISK_LOW: passing(
    4,
    'The disk has too little room for new work.',
    'Free some space; what was accepted goes on, and new work is taken by itself.',
  ),
  DISK_FULL: passing(
    4,
    'The disk is full.',
    'Free some space; what was accepted is kept and goes on by itself.',
  ),
  STORE_FULL: passing(4, 'The queue of changes to the store is full.', 'Try again in a moment.'),
  SAVE_FILE: lasting(
    4,
    'The file could not be written.',
    'Choose another name; a file that is there is never written over.',
  ),
  SEARCH_SLOW: lasting(
    4,
    'The regular expression takes too long.',
    'Write it so that it has one way to match, or search for plain text.',
  ),
  LOG_OFFSET: lasting(
    1,
    'Log bytes arrived out of place.',
    'None; the stream starts again from the right offset.',
  ),
  // Artifacts
  ARTIFACT_UNKNOWN: lasting(
    4,
    'There is no such artifact.',
    'See `wally get J`; name a file below the job’s directory with --artifact when you dispatch.',
  ),
  ARTIFACT_INCOMPLETE: passing(
    4,
    'The artifact is not here yet.',
    'Its worker sends it when it is linked; ask again.',
  ),
  ARTIFACT_TOO_LARGE: lasting(
    4,
    'The artifact is over what a job may bring.',
    'Let the job make it smaller, or in fewer files.',
  ),
  ARTIFACT_REFUSED: lasting(
    4,
    'It is no plain file inside the job’s directory.',
    'Links, devices and what lies outside are left alone; copy the file into the directory.',
  ),
  ARTIFACT_AGED: lasting(
    1,
    'The artifact was removed when its time was over.',
    'Files are kept as long as logs; see [keep] in the config.',
  ),
  ARTIFACT_GONE: lasting(
    1,
    'The artifact was lost before it came here.',
    'Its worker no longer has it; run the job again.',
  ),
  ARTIFACT_DAMAGED: lasting(
    1,
    'The artifact is not what its worker kept.',
    'Get it again; if it stays so, look at the disks and run the job again.',
  ),
  ARTIFACT_EXISTS: lasting(
    4,
    'There is a file already where the artifact would go.',
    'Name another with --out, or say --force.',
  ),
  ARTIFACT_OFFSET: lasting(
    1,
    'Bytes of an artifact arrived out of place.',
    'None; they are sent again from the right offset.',
  ),
  // Wire
  FRAME_INVALID: lasting(1, 'A peer sent a frame that cannot be read.', 'Upgrade the older side.'),
  MESSAGE_POISON: lasting(
    1,
    'A message could not be applied and was set aside.',
    'It is kept in the store under q/; read the log and report it.',
  ),
  FRAME_TOO_LARGE: lasting(1, 'A peer sent a frame over the limit.', 'Upgrade the older side.'),
  PEER_VERSION: lasting(4, 'The two sides share no protocol version.', 'Upgrade the older side.'),
  PEER_UNKNOWN: lasting(4, 'The peer is not trusted here.', 'Pair it with `wally invite`.'),
  PEER_FLOOD: passing(
    4,
    'The peer said far more than it has reason to.',
    'It was cut off and may dial again; look at what runs on its box.',
  ),
  PEER_REGRESSED: lasting(
    4,
    'The peer remembers less than it acknowledged.',
    'Its store was restored from a copy; pair it again.',
  ),
  LINK_LOST: passing(3, 'The connection was lost.', 'It is dialled again by itself.'),
  LINK_TIMEOUT: passing(
    3,
    'The peer did not answer in time.',
    'Check that it runs and can be reached.',
  ),
  // Pairing
  INVITE_MALFORMED: lasting(
    2,
    'This is not a pairing code.',
    'Copy the whole code from `wally invite`.',
  ),
  INVITE_EXPIRED: lasting(
    4,
    'The pairing code has expired.',
    'Make a new one with `wally invite`.',
  ),
  INVITE_USED: lasting(
    4,
    'The pairing code was already used.',
    'Make a new one with `wally invite`.',
  ),
  PAIRING_ASKED: passing(
    4,
    'The hub asks its M2 whether to let this box in.',
    'Wait for the answer: `wally inbox` on the hub.',
  ),
  PAIRING_REJECTED: lasting(4, 'The hub’s M2 did not let this box in.', 'Ask for another invite.'),
  PAIR_EXISTS: lasting(
    4,
    'This home is already paired with another hub.',
    'Use another home (ODALLY_HOME).',
  ),
  PAIR_MISSING: lasting(
    4,
    'This home is not paired with a hub yet.',
    'Run `odally join CODE` first.',
  ),
  AGENT_RUNNING: lasting(
    4,
    'An agent is already running on this home.',
    'Use another home, or stop that agent.',
  ),
  AGENT_UNREACHABLE: passing(3, 'No agent runs on this home.', 'Start it with `odally run`.'),
  AGENT_START: passing(
    3,
    'The agent did not start.',
    'Read its log file, which the message names.',
  ),
  // Workers and jobs
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
    'Too many messages wait for this worker.',
    'Wait until it is back, or revoke it.',
  ),
  WAIT_TIMEOUT: passing(5, 'The time to wait ran out.', 'The job goes on; wait again.'),
  WORKER_AWAY: passing(
    1,
    'The worker is not connected now.',
    'Try again when `wally team` shows it as linked.',
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

/** Any code of the table. */
export type ErrorCode = keyof typeof errorTable;

/** A failure that a person or a peer is told of: a code from the table and this case's words. */
export class AppError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail?: string, options?: { readonly cause?: unknown }) {
    super(detail ?? errorTable[code].sentence, options);
    this.name = 'AppError';
    this.code = code;
  }

  get hint(): string {
    return errorTable[this.code].hint;
  }

  get exit(): number {
    return errorTable[this.code].exit;
  }
}

/** The JSON shape of an error, as every `--json` verb prints it. */
export interface ErrorShape {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Is this string one of our codes? For errors that came over a wire. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}

/** Any thrown thing as an AppError; what is not one becomes `fallback` with the cause kept. */
export function wrapError(thrown: unknown, fallback: ErrorCode): AppError {
  if (thrown instanceof AppError) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return new AppError(fallback, `${errorTable[fallback].sentence} (${detail})`, { cause: thrown });
}

/** Is this a failure of the operating system with this code, such as ENOENT? */
export function hasSystemCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}

/** What somebody else's error says, without its advice: the first sentence of its message. */
export function readFirstSentence(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.message.split(/\.\s/)[0] ?? '') : String(thrown);
}

/** For the end of a `switch` over a union: compiles only when every case is handled. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** Stops the program when an invariant that only our own code can break is broken. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${invariant}`);
}

/** Trying again can help. */
function passing(exit: ErrorRow['exit'], sentence: string, hint: string): ErrorRow {
  return { exit, canRetry: true, sentence, hint };
}

/** Trying again cannot help before somebody acts. */
function lasting(exit: ErrorRow['exit'], sentence: string, hint: string): ErrorRow {
  return { exit, canRetry: false, sentence, hint };
}
