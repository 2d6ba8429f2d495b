/*
 * Caps of an agent's installation on its box, with where each came from.
 *
 * Times are milliseconds, sizes bytes, as the names say.
 */

/** A tool of the box (systemctl, loginctl, launchctl, crontab) that says nothing for so long hangs. */
export const toolMsMax = 20_000;

/** What is kept of a tool's words: enough for a crontab, which cron itself caps at 256 KiB or less. */
export const toolBytesMax = 1024 * 1024;

/** A login shell that has not said its PATH by then is waiting for a person. */
export const loginPathMsMax = 5000;

/** systemd's manager for a user comes up a moment after lingering was switched on; asked so often. */
export const managerAsksMax = 20;
/** See `managerAsksMax`: five seconds in all. */
export const managerAskMs = 250;

/** An agent that was started answers on its socket within this time, or it has failed. As `daemonStartMsMax`. */
export const serviceStartMsMax = 20_000;
/** Between two looks at its socket. */
export const serviceLookMs = 100;

/** An agent that was asked to stop is given so long: its own ten seconds, and its store's five, with room. */
export const serviceStopMsMax = 25_000;

/** After the first unasked death it is started again so soon; doubling. */
export const restartMsBase = 1000;
/** See `restartMsBase`. A box whose disk is full for an hour is tried once a minute. */
export const restartMsMax = 60_000;

/** One that lived so long had come up: what ends it then is a new trouble. */
export const quickDeathMsMax = 30_000;

/** After so many quick deaths in a row nobody starts it any more: with the pauses, five minutes. */
export const quickDeathsMax = 10;

/** A supervisor that found an agent already running looks so often whether it still does. */
export const adoptedLookMs = 1000;
