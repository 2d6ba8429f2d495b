/*
 * Caps of the hub's process, with where each came from.
 *
 * What the wire fixes is in the protocol's own limits, what the disk does in the store's.
 */

/**
 * Bytes of logs that all workers together may have under way; each may have an equal share of it. As much
 * as waits in the socket's own room without loss: of the 8 MiB that Linux makes of `udpBufferBytes`, a packet
 * of 1,400 bytes takes 2,304. 100 MB/s for 40 ms. With 8 or 16 MiB 2 to 6 % of all packets were lost.
 */
export const logUnderWayBytesMax = 4 * 1024 * 1024;

/** A worker has its share of that until so long after it last sent something: many round trips and syncs. */
export const logActiveMs = 1000;

/**
 * Bytes of logs that may wait for the disk, over all workers; what is over it is dropped and comes again. Twice
 * what a thousand workers with the least window have under way.
 */
export const logWaitingBytesMax = 64 * 1024 * 1024;

/**
 * Loads of boxes are told to screens at most this often, all in one: each telling may be the whole team,
 * and a thousand workers tell theirs at a hundred different moments a second.
 */
export const loadNewsMs = 10_000;

/**
 * A worker that has been linked for so long, and whose job ended so long ago, has asked about its log if it has it: it asks
 * at once, and again after 5 s.
 */
export const logOfferMs = 10_000;

/** Logs whose holder was looked up, or asked about them, and is remembered; at it all are looked up again. */
export const logHoldersMax = 4096;

/** Copies of one artifact that were not what was reported, before it is given up: one may be a bad wire. */
export const artifactTriesMax = 3;

/** Terminals open over all workers; each holds up to two windows of 64 KiB and a control call. */
export const terminalsMax = 64;

/** Cockpits on other machines that one hub trusts at once: an M2's boxes, and a phone or two. */
export const cockpitsMax = 64;

/** Links that one of them may have open: its screens, and verbs beside them. */
export const cockpitLinksMax = 16;

/** Pause before one of several hubs is tried again. */
export const memberPauseMs = 1000;

/** One of several hubs that has not answered a question for all by then is left out. */
export const memberAnswerMsMax = 5000;

/** Jobs that are kept of one of several hubs; a screen holds as many in all. */
export const memberJobsMax = 2000;

/** Screens hear of the team so long after it changed, once for all that changed since: a frame's time. */
export const teamNewsMs = 20;

/** A worker that was asked to remove a checkout: git takes long where that is large. */
export const treeAskMsMax = 60_000;

/** Such questions that may be open at once; each is a person's. */
export const treeAsksMax = 64;

/** Ways over ssh that are being opened at once: each is a process here and a login there. */
export const sshOpeningMax = 8;

/** From the start of ssh to the first word of the agent: as long as ssh tries to connect, and a slow login. */
export const sshPatienceMs = 25_000;

/** An ssh whose link failed has so long to say why. */
export const sshEndMsMax = 1000;

/** Ends of links that are remembered for each worker, to see whether it flaps. */
export const linkEndsKept = 32;

/** A worker that is asked to leave looks what it owes, and says so, within this time. */
export const leaveAskMsMax = 15_000;

/** Between the last word to a worker that left and the end of its link. */
export const byeLingerMs = 300;

/** Between two words to a box whose trust has ended that it has; in between it is met with silence, as a stranger is. */
export const turnedAwayMs = 5000;

/** Ended jobs that are looked through for what a box still owes: the newest, when the box is to be let go. */
export const boxJobsReadMax = 10_000;

/** How often this box looks whether it has other addresses; one look costs some 50 µs. */
export const networkLookMs = 5000;

/** A look that comes so much too late means that this box was asleep. */
export const sleptMsMin = 10_000;

/**
 * A worker says what it owes from its own memory, so at once. One that does not, an older one say, is taken by what
 * the hub knows: whoever releases waits for it.
 */
export const owedAskMsMax = 3000;

/**
 * Unended attempts that a worker is given at once; what is more waits at the hub. More than it has slots
 * (256), so that none is empty for a round trip, and with what it has ended meanwhile well below what it may hold (1,000).
 */
export const attemptsGivenMax = 400;

/**
 * A worker that took a command has said something of it by then, or its link is made anew: it says so within 50 ms, and a
 * slow disk or a slow way may keep that for some seconds.
 */
export const answerMsMax = 30_000;

/** Unended jobs read back at start; the outbox cap a worker keeps it far below this. */
export const activeJobsMax = 1_000_000;

/**
 * So many of the newest jobs bear no mark that they have not ended, at most twice as many: at start each of them is read,
 * which takes some 20 ms in all. As many as are in flight at once on a busy hub have ended before they would be marked.
 */
export const jobsUnmarkedMin = 512;
