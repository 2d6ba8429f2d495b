/*
 * The code of a fix that did not go through.
 *
 * What stood in its way is in its words. A code is for ever; its sentence may be improved.
 */
import { type ErrorRow, lasting } from './row.ts';

/** Code → what it means. */
export const doctorCodes = {
  FIX_FAILED: lasting(
    1,
    'The fix did not go through.',
    'Do by hand what the finding advises, then run `doctor` again.',
  ),
} as const satisfies Record<string, ErrorRow>;
