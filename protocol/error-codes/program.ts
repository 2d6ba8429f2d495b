/*
 * Codes of a program, its box, its home and its store.
 *
 * What can fail on one box with nobody else there. A code is for ever; its sentence may be improved.
 */
import { type ErrorRow, lasting, passing } from './row.ts';

/** Code → what it means. */
export const programCodes = {
  // Usage
  USAGE_VERB: lasting(
    2,
    'There is no such verb.',
    'Run `wally help`, on a box `odally help`, to see the verbs.',
  ),
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
  HOME_SILENT: passing(
    3,
    'The disk of the home answers nothing.',
    'Look whether the disk or its server is there, and ask again once it is; nothing was changed.',
  ),
  HOME_FOREIGN: lasting(
    2,
    'The home belongs to another user.',
    'Run it as that user: what root makes there, their own program cannot use.',
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
  HUB_UNKNOWN: lasting(
    2,
    'There is no such hub.',
    'Name the home of one, one that was paired, or a code of `wally invite --cockpit`.',
  ),
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
    'Keep the directory; `wally repair`, on a box `odally repair`, reads all that can be read.',
  ),
  STORE_MISSING: lasting(
    1,
    'The store of this home is gone.',
    'Put it back, or `wally restore FILE`; `wally repair` puts aside what belonged to it, and begins anew.',
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
  LOG_CUT: lasting(
    1,
    'A part of the log could not be read from the disk of its worker.',
    'Look at the disk of that box (`dmesg`) and at who owns the files in its home; what could be read is kept.',
  ),
} as const satisfies Record<string, ErrorRow>;
