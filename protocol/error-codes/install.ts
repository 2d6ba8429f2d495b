/*
 * Codes of getting onto other boxes over the person's own OpenSSH, and of what is installed there.
 *
 * Each says what the person can do; most of them are for them to mend on the box or in their ssh.
 */
import { type ErrorRow, lasting, passing } from './row.ts';

/** Code → what it means. */
export const installCodes = {
  SSH_TARGET: lasting(
    2,
    'This is no destination for ssh.',
    'Write it as USER@HOST, or as a name of your ssh config.',
  ),
  SSH_MISSING: lasting(
    2,
    'There is no ssh on this box.',
    'Install OpenSSH’s client, or name the program in config.toml: [ssh] command.',
  ),
  SSH_TIMEOUT: passing(
    5,
    'The box did not answer in time.',
    'See whether `ssh` gets there by hand, then run it again.',
  ),
  SSH_HOST_KEY: lasting(
    4,
    'The host key of the box is not one that you have accepted.',
    'Connect once yourself with ssh, compare the key that it shows, and run this again.',
  ),
  SSH_AUTH: lasting(
    4,
    'The box does not let you in.',
    'Make `ssh -o BatchMode=yes` work there: a key in your agent, or --identity.',
  ),
  SSH_UNREACHABLE: passing(
    5,
    'The box cannot be reached by ssh.',
    'Look at its name, port and jump host with `ssh -v`, then run this again.',
  ),
  SSH_FAILED: passing(
    1,
    'The ssh of this box failed.',
    'Run the same destination by hand with `ssh -v`.',
  ),
} as const satisfies Record<string, ErrorRow>;
