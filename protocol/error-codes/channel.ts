/*
 * Codes of what two programs say to each other.
 *
 * Frames, sessions, pairing, and the files that jobs bring. A code is for ever; its sentence may be improved.
 */
import { type ErrorRow, lasting, passing } from './row.ts';

/** Code → what it means. */
export const channelCodes = {
  // Artifacts
  ARTIFACT_UNKNOWN: lasting(
    2,
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
    'Use another home (ODALLY_HOME; `wally install --home`), or let `odally leave` free this one.',
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
  AGENT_SILENT: passing(
    3,
    'The agent on this home runs and does not answer.',
    'Wait for it, or read its log and end its process.',
  ),
  AGENT_START: passing(
    3,
    'The agent did not start.',
    'Read its log file, which the message names.',
  ),
} as const satisfies Record<string, ErrorRow>;
