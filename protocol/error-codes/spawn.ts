/*
 * Codes of boxes that are made and let go.
 *
 * What a provider refuses, and what the hub refuses to do with a box. A code is for ever; its sentence may be
 * improved.
 */
import { type ErrorRow, lasting, passing } from './row.ts';

/** Code → what it means. */
export const spawnCodes = {
  SPAWN_PROVIDER: lasting(
    2,
    'There is no such provider.',
    'See `wally providers`; others are made in config.toml.',
  ),
  SPAWN_CONFIG: lasting(
    2,
    'The provider’s config does not say enough.',
    'Add what is missing to its table in config.toml, and start the hub again.',
  ),
  SPAWN_FULL: lasting(
    4,
    'This provider may have no more boxes at once.',
    'Release one, or raise its `max` in config.toml.',
  ),
  SPAWN_COMMAND: passing(
    1,
    'A command of the provider failed.',
    'Read what it says; run it by hand to see more.',
  ),
  SPAWN_ABSENT: lasting(
    1,
    'The provider’s program is not on this box.',
    'Install it, or put it where the hub’s PATH finds it.',
  ),
  SPAWN_OUTPUT: lasting(
    1,
    'The provider’s answer cannot be read.',
    'Compare what its `list` command prints with the places in its config.',
  ),
  SPAWN_ENTER: passing(
    1,
    'The box is there, and no agent came up on it.',
    'Read why; what is left on the box can be entered again.',
  ),
  SPAWN_FAILED: lasting(1, 'The box was not made.', 'Read why in `wally events` or the inbox.'),
  BOX_UNKNOWN: lasting(
    2,
    'There is no spawned box of this name.',
    'See `wally team`; a worker that was installed or paired by hand is let go by `wally uninstall`.',
  ),
  BOX_LEAVING: lasting(4, 'This box is being let go.', 'Give the work to another worker.'),
  BOX_UNLANDED: lasting(
    4,
    'Work on this box would be lost.',
    'Wait for it, or name what may be lost with --discard.',
  ),
} as const satisfies Record<string, ErrorRow>;
