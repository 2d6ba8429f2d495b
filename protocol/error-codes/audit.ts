/*
 * Codes of backups and repairs.
 *
 * What is wrong with a file that was to be restored, or with a store that was to be mended.
 */
import { type ErrorRow, lasting, passing } from './row.ts';

/** Code → what it means. */
export const auditCodes = {
  BACKUP_DAMAGED: lasting(
    1,
    'The backup is damaged or was never finished.',
    'Use another; nothing was changed.',
  ),
  BACKUP_FOREIGN: lasting(
    4,
    'The backup is of another program or of a newer version.',
    'Restore it with the program and version that it names; nothing was changed.',
  ),
  BACKUP_FAILED: passing(
    1,
    'The backup could not be made.',
    'Make room or name another file with --out; nothing half done was left.',
  ),
  RESTORE_FAILED: passing(
    1,
    'The backup could not be put in place.',
    'Run it again: what was begun goes on where it stopped.',
  ),
  REPAIR_BUSY: passing(
    4,
    'The home is in use.',
    'Stop the program that runs on it (`wally down`, `odally stop`), then repair.',
  ),
} as const satisfies Record<string, ErrorRow>;
