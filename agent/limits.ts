/*
 * Caps and defaults of the agent, with where each came from.
 *
 * Times are milliseconds, sizes bytes, as the names say. What the wire fixes is in the protocol's
 * own limits.
 */

/** Jobs that run at once when the config does not say: one a core, and never none. */
export const slotsPerCpuDefault = 1;

/** Most jobs that the config may let run at once. */
export const slotsMax = 256;

/** Between TERM and KILL. Long enough for a test runner to write its report. */
export const graceMsDefault = 5000;

/** A box whose hub asks its M2 first knocks again after so long, until the code is over. */
export const pairAgainMs = 3000;

/** Links of one join that may open and bring no answer: one through a relay may break as it opens. */
export const pairLinksMax = 3;

/** A code that is expired by our clock is tried so long: the hub's clock may say otherwise. */
export const expiredDialMs = 2000;

/** Earlier pairings whose stores are kept for a person to look at; the oldest goes. */
export const setAsidesMax = 3;

/** Messages that could not be read that are kept at most; the oldest go into the archive. */
export const quarantineMax = 1000;

/** And for so long: as a hub keeps its own, a quarter. */
export const quarantineMsMax = 90 * 24 * 60 * 60 * 1000;

/**
 * The hub is told how busy this box is with a ping, this often: loads are averages of a minute, and a
 * thousand agents that tell theirs are a hundred small frames a second.
 */
export const loadMs = 10_000;

/** A stopping agent waits so long for its work to end and its reports to be delivered. */
export const stopMsMax = 10_000;

/** A process that goes waits so long for what it killed: 50 rounds of looking at a tree that forks take a second. */
export const killMsMax = 2000;

/** While a lease is held, it is looked at this often: a box that slept has clocks that disagree. */
export const leaseLookMs = 1000;

/** And deadlines so often, for the same reason; they need not be as exact, for nobody else has the work. */
export const deadlineLookMs = 30_000;

/** First and longest pause before output that the disk refused is tried again, with full jitter. */
export const logRetryMsBase = 50;
/** See `logRetryMsBase`. A job blocks on its pipe meanwhile; freed room is used within this time. */
export const logRetryMsMax = 2000;

/** At its start an agent tries so often to make a log durable: half a minute, then it is cut, and that is said. */
export const settleTriesMax = 32;

/** And to read one: 4 s, for what cannot be read seldom can be later, and whoever started the agent waits for 20 s. */
export const settleReadTriesMax = 8;

/** A log of which nothing was acknowledged for so long is asked for again: 5 resends of a message. */
export const logAskAgainMs = 5000;

/** Bytes of log read at a time to be sent: eight chunks, so that one look at the disk lasts a while. */
export const logReadBytesMax = 512 * 1024;

/** What one log at a time is read into: a read, and as much again where records do not fill what is read at once. */
export const logRoomBytes = 2 * logReadBytesMax;

/** Bytes read and not yet sent, over all logs; at it a log is read for one chunk only. */
export const logAheadBytesMax = 4 * 1024 * 1024;

/** An artifact of which nothing was acknowledged for so long is asked for again; as for logs. */
export const artifactAskAgainMs = 5000;

/** Room for the files of ended work is waited for so long, all in all: a person needs a minute to clear a disk. */
export const artifactRoomMsMax = 60_000;
/** And looked for this often; a full disk is measured as often by itself. */
export const artifactRoomLookMs = 500;

/**
 * Bytes of logs that may be under way at first, and at least however late the acks come: two chunks, so that
 * one is on its way while one is synced. The hub may grant less.
 */
export const logPaceBytesMin = 128 * 1024;

/** From sending a chunk of log to its ack: over this the window shrinks, for a report waits as long. */
export const logDelayMsMax = 400;
/** See `logDelayMsMax`; under this it grows. Half, so that it does not swing. */
export const logDelayMsMin = 200;

/**
 * That work was accepted or started is reported by itself where so long nothing says more of it. A spawn
 * takes a few milliseconds, and people do not see so small a delay.
 */
export const receiptWaitMs = 50;

/**
 * A report that was told ahead of this box's disk goes the usual way where the hub does not have it on its own
 * disk so soon: until then a loss of power would take it.
 */
export const earlyMsMax = 250;

/** Told ahead and not answered at most: half of a window of messages, which a frame has room for by its count. */
export const earlyReportsMax = 512;

/** After one that was not answered in time, none is told ahead for so long. */
export const earlyRestMs = 10_000;

/** Ways over stdio that may be open or greeting at once: the hub has one, and another after that broke. */
export const stdioLinksMax = 4;

/** What the hub asked for and was not answered: four terminals, and a doctor or two. */
export const askedOpenMax = 64;

/** A hub that was told that this box leaves says it back within this time, or it may not have heard. */
export const byeMsMax = 10_000;

/** Between the answer to `stop` and its beginning: the answer leaves first. */
export const stopSoonMs = 20;

/**
 * An agent says how it is from its own memory, so at once; on a box that swaps it may take a while. One that is silent
 * for longer hangs, and whoever looks after it must not hang with it. Twice what a doctor waits: by this an upgrade is
 * taken back, while a doctor only looks.
 */
export const agentAnswerMsMax = 10_000;

/**
 * Attempts that an agent holds in all, with those that only wait until the hub has their logs and files; beyond it
 * new ones are refused. As many logs as a hub answers questions for at once.
 */
export const attemptsKeptMax = 2000;

/**
 * Ended attempts whose logs or files the hub does not have yet, at which nothing new starts: a way to the hub that is
 * slower than the work slows the work, and nothing is refused. Room is left for all that a hub gives at once.
 */
export const attemptsOwedMax = 1000;

/** Stores that a home had before and of which something may still run: one is forgotten once that was ended. */
export const formerStoresMax = 16;
