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

/** What is read of the log of an agent that did not come up: its tries of 20 s, each a stack and some lines. */
export const lastWordsBytesMax = 64 * 1024;

/** One that lived so long had come up: what ends it then is a new trouble. */
export const quickDeathMsMax = 30_000;

/** After so many quick deaths in a row nobody starts it any more: with the pauses, five minutes. */
export const quickDeathsMax = 10;

/** A supervisor notes itself, and looks after this time whether another did so later: both may have seen none. */
export const supervisorClaimMs = 300;

/** A supervisor that found an agent already running looks so often whether it still does. */
export const adoptedLookMs = 1000;

/** Versions that stay on a box: the current one, the one before it, and one more for a person to go back to. */
export const versionsKept = 3;

/**
 * A new version that has not opened a session by then is taken back. Twice the longest pause of a dialling agent,
 * and a slow start on a busy box.
 */
export const upgradeUpMsMax = 60_000;

/** Where there was no hub before either, a new version that answers for so long has come up. */
export const upgradeAloneMs = 3000;

/** An agent that died while it drained is started again by what keeps it within this time, or nobody does. */
export const upgradeGoneMsMax = 90_000;

/** A version's check of itself, on a slow box: it loads all of its parts. */
export const selfCheckMsMax = 60_000;

/** Who takes up a change that was cut off notes itself, and looks after this time whether another did so later. */
export const upgradeClaimMs = 1000;

/** Between two looks at a change of version that somebody follows. */
export const upgradeLookMs = 200;

/** What is owed when an agent leaves is delivered within this time, or the leaving is refused. */
export const leaveDeliverMsMax = 30_000;

/** The same without a link: what keeps dialling may be a moment away. */
export const leaveAloneMsMax = 5000;

/** Work that was given up ends within this time: its grace and its artifacts. */
export const leaveEndMsMax = 60_000;
