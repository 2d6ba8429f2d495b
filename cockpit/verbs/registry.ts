/*
 * The grammar: every verb that the hub answers, under its name.
 *
 * The CLI, the screen and every bridge read this list; there is no other.
 */
import { auditVerb } from './audit.ts';
import { backupVerb } from './backup.ts';
import { cockpitsRevokeVerb, cockpitsVerb } from './cockpits.ts';
import { dispatchVerb } from './dispatch.ts';
import { doctorVerb } from './doctor.ts';
import { eventsVerb } from './events.ts';
import { exportVerb } from './export.ts';
import { getVerb } from './get.ts';
import { statusVerb, stopVerb, watchVerb } from './hub-state.ts';
import { decideVerb, dismissVerb, inboxVerb } from './inbox.ts';
import { installVerb } from './install.ts';
import { inviteVerb } from './invite.ts';
import { cancelVerb, jobsVerb, jobVerb, retryVerb, waitVerb } from './jobs.ts';
import { logFindVerb, logFollowVerb, logLinesVerb } from './log-lines.ts';
import { logsVerb } from './logs.ts';
import { reachVerb } from './reach.ts';
import { releaseVerb } from './release.ts';
import { boxesVerb, providersVerb, spawnVerb } from './spawn.ts';
import { teamRenameVerb, teamRevokeVerb, teamShowVerb, teamVerb } from './team.ts';
import { terminalVerb } from './terminal.ts';
import { tidyVerb } from './tidy.ts';
import { uninstallVerb } from './uninstall.ts';
import { upgradeVerb } from './upgrade.ts';
import type { AnyVerb } from './verb.ts';

/** In the order of the help. */
export const verbs: readonly AnyVerb[] = [
  statusVerb,
  teamVerb,
  teamShowVerb,
  teamRenameVerb,
  teamRevokeVerb,
  inviteVerb,
  installVerb,
  upgradeVerb,
  uninstallVerb,
  reachVerb,
  spawnVerb,
  releaseVerb,
  boxesVerb,
  providersVerb,
  cockpitsVerb,
  cockpitsRevokeVerb,
  dispatchVerb,
  jobsVerb,
  jobVerb,
  logsVerb,
  logLinesVerb,
  logFindVerb,
  logFollowVerb,
  getVerb,
  terminalVerb,
  waitVerb,
  cancelVerb,
  retryVerb,
  tidyVerb,
  inboxVerb,
  decideVerb,
  dismissVerb,
  eventsVerb,
  auditVerb,
  watchVerb,
  doctorVerb,
  exportVerb,
  backupVerb,
  stopVerb,
];

/** The verb of this name, if there is one. */
export function findVerb(name: string): AnyVerb | undefined {
  return verbs.find((verb) => verb.name === name);
}
