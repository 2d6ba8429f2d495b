/*
 * Every check of a finished run.
 *
 * That the world comes to rest at all, that no program fails and that no promise is left alone is
 * seen by the run itself.
 */
import { answersCheck } from './answers.ts';
import { artifactsCheck } from './artifacts.ts';
import { auditTrailsCheck } from './audit-trails.ts';
import { cancelsCheck } from './cancels.ts';
import type { Check } from './check.ts';
import { deadlinesCheck } from './deadlines.ts';
import { finalRecordsCheck } from './final-records.ts';
import { followedLogsCheck } from './followed-logs.ts';
import { lateReportsCheck } from './late-reports.ts';
import { guardsCheck, leasesCheck } from './leases.ts';
import { logCopiesCheck } from './log-copies.ts';
import { lossesCheck } from './losses.ts';
import { oneOutcomeCheck } from './one-outcome.ts';
import { receiptsCheck } from './receipts.ts';
import { revokedCheck } from './revoked.ts';
import { screensCheck } from './screens.ts';
import { setAsideCheck } from './set-aside.ts';
import { startsCheck } from './starts.ts';
import { truthCheck } from './truth.ts';

/** In the order in which they are reported. */
export const checks: readonly Check[] = [
  startsCheck,
  oneOutcomeCheck,
  finalRecordsCheck,
  receiptsCheck,
  lateReportsCheck,
  truthCheck,
  deadlinesCheck,
  logCopiesCheck,
  artifactsCheck,
  followedLogsCheck,
  answersCheck,
  screensCheck,
  revokedCheck,
  cancelsCheck,
  lossesCheck,
  leasesCheck,
  guardsCheck,
  auditTrailsCheck,
  setAsideCheck,
];
