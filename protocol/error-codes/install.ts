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
    'Make `ssh -o BatchMode=yes` work there: a key in your agent, or --identity. The hub uses the agent that ran when it was started.',
  ),
  SSH_IDENTITY: lasting(
    2,
    'The key for ssh cannot be read.',
    'Name one with --identity that the hub’s user can read on the hub’s box.',
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
  // What is put onto a box
  INSTALL_BUNDLE: lasting(
    2,
    'The agent cannot be sent from here.',
    'Run the hub from a build that is whole: `npm run build`, then start it again.',
  ),
  INSTALL_RUNTIME: lasting(
    1,
    'There is no Node for that box.',
    'Install Node 22 or newer on the box, and run this again.',
  ),
  INSTALL_SHELL: lasting(
    4,
    'The box has no shell that an agent could be installed with.',
    'Boxes run Linux or macOS, with /bin/sh; Windows only by a Linux in it.',
  ),
  INSTALL_PLATFORM: lasting(
    4,
    'There is no agent for this kind of box.',
    'Agents run on Linux and macOS, on x64 and arm64.',
  ),
  INSTALL_LIBC: lasting(
    4,
    'The system of the box is too old, or another kind, for the agent.',
    'Take a newer box: Debian 10, Ubuntu 20.04, RHEL 8, macOS 13.5 or newer, and no Alpine.',
  ),
  INSTALL_TOOLS: lasting(
    4,
    'The box lacks a tool that the install needs.',
    'Install what is named there, and run this again.',
  ),
  INSTALL_HOME: lasting(
    4,
    'The home of the agent cannot be written there.',
    'Mend the owner and mode of the directory, or choose another with --home.',
  ),
  INSTALL_DISK: lasting(
    4,
    'There is too little room on the box.',
    'Free some, or choose another directory with --home, and run this again.',
  ),
  INSTALL_NAME: lasting(4, 'The box has another name already.', 'Rename it, or leave --name out.'),
  INSTALL_TAMPERED: passing(
    1,
    'What arrived on the box is not what was sent.',
    'Run it again; if it stays so, something between here and there changes bytes.',
  ),
  INSTALL_BUSY: passing(
    4,
    'This box is being installed right now.',
    'Wait for that to end: `wally events -f` tells.',
  ),
  INSTALL_LEFT: passing(
    1,
    'The install was left before its end.',
    'Run it again: what is done is seen and skipped.',
  ),
  INSTALL_UNREACHED: lasting(
    4,
    'The box does not reach this hub.',
    'Let the hub listen where the box gets to: [swarm] host in its config.toml; then run this again.',
  ),
  INSTALL_UNSEEN: passing(
    5,
    'The agent runs on the box, and the hub does not see it.',
    'Run `odally doctor` there; run this again when it is mended.',
  ),
  INSTALL_FAILED: passing(
    1,
    'A step on the box failed.',
    'Read what it says; run this again when it is mended: what is done is skipped.',
  ),
} as const satisfies Record<string, ErrorRow>;
