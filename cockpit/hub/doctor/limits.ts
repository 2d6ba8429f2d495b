/*
 * How much a hub's doctor walks through, and from when on it calls a thing late.
 *
 * A finding at a limit is a warning to people; nothing in the hub acts on these.
 */

/** Newest jobs whose copies are held against what their workers promised, at every look. */
export const jobsNewestWalked = 500;

/** Older ones at each look, in turn. To open 2,000 logs takes some 0.5 s of CPU, and a look as a whole has 2.7 s. */
export const jobsOlderWalked = 1500;

/** Jobs with a copy that was found short, which are looked at again until it has come: more than are shown. */
export const jobsFoundShortMax = 200;

/** Messages that could not be applied that are counted; more are as bad. */
export const quarantineReadMax = 1000;

/** A worker that is silent for longer is named: a laptop that sleeps over night is not. */
export const silentMsMax = 24 * 60 * 60 * 1000;

/** Clocks that are further apart make deadlines and reports misleading. NTP keeps them within 1 s. */
export const skewMsMax = 30_000;

/**
 * Work whose deadline is over by so much should have ended: its agent ends it at once, kills after
 * its grace, and a hub gives a silent worker 30 s more.
 */
export const overdueMsMax = 5 * 60 * 1000;

/** Keys for hubs on other machines whose modes are looked at; a cockpit looks into a few. */
export const hubKeysMax = 256;

/** Descriptors of a hub that rests: store, sockets, logs kept open (128), a few screens. */
export const openFilesBase = 256;

/** Descriptors that a worker's links, logs and artifacts may take at once. */
export const openFilesPerWorker = 4;

/** Marks that are held against what they are about; at 20 µs each that is a tenth of a second. */
export const rowsWalkedMax = 5000;

/** Newest jobs that are held against their marks; a row is some kilobytes. */
export const jobsMarkedMax = 1000;

/** Jobs that a walk reads at once: under a megabyte, and a millisecond or two of the hub's time. */
export const jobsPageRows = 256;

/** Copies of logs, and of artifacts, that are walked through; a thousand folders take some 30 ms. */
export const copiesWalkedMax = 5000;

/** A copy without a job that is younger may be one that is being forgotten. */
export const copyYoungMs = 60 * 60 * 1000;

/** An artifact that has not grown for so long is not on its way any more. */
export const partialOldMs = 24 * 60 * 60 * 1000;

/** Logs on the disk are output and headers, and what came since the last look at what is old. */
export const logsOverFraction = 2;

/** A decision that waits for longer is forgotten rather than thought about: a long weekend. */
export const decisionWaitMs = 3 * 24 * 60 * 60 * 1000;

/** Work that waits so long for a worker that is away should be known to somebody. */
export const queuedAloneMs = 60 * 60 * 1000;

/** A linked worker says in milliseconds whether it takes work; a full disk may hold it up for minutes. */
export const unansweredMs = 10 * 60 * 1000;

/** An invite that ran out is told after a day; most are used at once, or not at all on purpose. */
export const inviteUnusedMs = 24 * 60 * 60 * 1000;

/** A cockpit that was not seen for a quarter of a year is in nobody's use. */
export const cockpitUnseenMs = 90 * 24 * 60 * 60 * 1000;

/** Events are written with the clock of their moment; NTP moves it by less. */
export const eventAheadMs = 60 * 1000;

/** Looks of one fix at what is old; each does a bounded part, and a fix should end within seconds. */
export const retentionLooksMax = 50;

/** Boxes of which ssh is asked in one look; each takes two short programs. */
export const sshBoxesMax = 24;

/** ssh answers what its config says within milliseconds; a config that runs programs may take longer. */
export const sshAskMsMax = 1500;

/** Links of a worker that may end within `flapsWithinMs`: a laptop that is carried about, a box that is restarted. */
export const flapsMax = 5;
/** See `flapsMax`. */
export const flapsWithinMs = 10 * 60_000;
