/*
 * Codes of an agent's installation on its box: its service, its versions, and its end.
 *
 * A code is for ever; its sentence may be improved.
 */
import { type ErrorRow, lasting, passing } from './row.ts';

/** Code → what it means. */
export const serviceCodes = {
  SERVICE_NONE: lasting(
    2,
    'No service is installed on this home.',
    'Install one with `odally service install`.',
  ),
  SERVICE_TOOL: passing(
    1,
    'A tool of this box that keeps services failed.',
    'Read what it said; `odally service install --kind background` needs none of them.',
  ),
  SERVICE_START: passing(
    1,
    'The agent was started and does not answer.',
    'Read its log file, which the message names, and run `odally service start`.',
  ),
  SERVICE_BUSY: passing(
    4,
    'An agent that this service did not start runs work.',
    'Wait until that has ended, or run `odally stop`, and try again.',
  ),
  AGENT_DRAINING: passing(
    4,
    'The agent starts nothing new now: it is being upgraded, or leaves.',
    'Wait until `wally team` shows it as idle, or use another worker.',
  ),
  AGENT_LEAVING: lasting(4, 'The agent leaves its box.', 'Give the work to another worker.'),
  VERSION_UNKNOWN: lasting(
    2,
    'There is no such version of the agent on this box.',
    'See `versions` in its home; `wally upgrade` brings one.',
  ),
  VERSION_TAMPERED: lasting(
    4,
    'A file of this version is not what its manifest says.',
    'Nothing of it is run; `wally upgrade` brings it again.',
  ),
  UPGRADE_BUSY: passing(
    4,
    'The version is being changed already.',
    'See `odally upgrade` on the box; `odally upgrade --cancel` gives it up while it waits.',
  ),
  UPGRADE_CHECK: lasting(
    1,
    'The new version cannot serve this box.',
    'Nothing was changed; read what it said.',
  ),
  UPGRADE_STUCK: passing(
    1,
    'The change of version does not go on.',
    'Read the agent’s log, and run it again.',
  ),
  UPGRADE_ROLLED_BACK: lasting(
    1,
    'The new version did not come up, and the old one serves again.',
    'Read the agent’s log on the box for what the new one said.',
  ),
  UPGRADE_NO_WAY: lasting(
    4,
    'There is no way by ssh to this worker’s box.',
    'Say how ssh gets there, see `wally help reach`; or run `odally upgrade` on the box.',
  ),
  UPGRADE_LEFT: passing(
    1,
    'The change of version is not waited for any more.',
    'It goes on by itself on the box; see `wally team`.',
  ),
  LEAVE_OWED: lasting(
    4,
    'The agent holds work that would be lost.',
    'Wait for it, or give it up by name with --discard J… (or --discard all).',
  ),
  LEAVE_HOME: lasting(
    2,
    'This is not the home of an agent.',
    'Name the home of one in ODALLY_HOME.',
  ),
  LEAVE_UNHEARD: passing(
    1,
    'The box was asked to leave and has not said that it did.',
    'Look at it; `wally team revoke NAME` ends the trust in any case.',
  ),
  UNINSTALL_OLD: lasting(
    4,
    'The agent is too old to leave at its hub’s word.',
    'Upgrade it, or run `odally stop` there, remove its home, and `wally team revoke NAME`.',
  ),
} as const satisfies Record<string, ErrorRow>;
