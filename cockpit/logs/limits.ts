/*
 * Caps of reading logs by lines, with where each came from.
 *
 * All of them bound what one asker can hold of the hub: its loop, its memory or its answer.
 */

/** Output read in one go: some hundred lines, cut in a millisecond. */
export const lineReadBytes = 64 * 1024;

/** The same within a line that has no end in sight. Less than a turn of the loop is long. */
export const longReadBytes = 512 * 1024;

/**
 * A line that was begun on one stream is taken as ended when so much of the other stream came since:
 * so much and no more has to be read to know whether a line begins at a byte.
 */
export const tornBytesMax = 64 * 1024;

/** Lines that wait for one that began before them and has not ended. */
export const linesHeldMax = 4096;

/** Text of one line in a window: twice what any screen shows of it. `skip` shows what lies further on. */
export const windowTextBytes = 4 * 1024;

/** Text of one line that `wally logs` prints; the rest is counted. */
export const printedTextBytes = 256 * 1024;

/** A longer line is searched in pieces of this size, which overlap. */
export const searchPieceBytes = 32 * 1024;
/** What two pieces share: a longer hit on their border is missed. */
export const searchOverlapBytes = 1024;

/** Of one line so much is searched: more in one line is no text. */
export const searchLineBytesMax = 8 * 1024 * 1024;

/** Lines tested at a time. */
export const testedLinesMax = 1024;

/** Blocks read in a row for a batch of lines, before whoever asked is asked whether they still want it. */
export const batchReadsMax = 16;

/** Lines of one window, in each direction. */
export const windowLinesMax = 1000;

/** Bytes of text in one window: far below the largest answer, and a moment's work to send. */
export const windowBytesMax = 512 * 1024;

/** A filtered window is given as it is after so much was read for it; the asker goes on from there. */
export const filteredBytesMax = 4 * 1024 * 1024;

/** Lines of context on either side of a hit. */
export const contextLinesMax = 100;

/** Logs read side by side. Each has a block of lines in memory. */
export const logsMergedMax = 16;

/** Hits in one item of a search. */
export const hitsPerItem = 256;

/** A search says how far it has come at least after so much output. */
export const progressBytes = 4 * 1024 * 1024;

/** Letters of a pattern. */
export const patternLettersMax = 1000;

/**
 * The hub's loop is given back after so long. A turn of it is then at most this and one read, a few
 * milliseconds.
 */
export const sliceMsMax = 4;

/** A regular expression that takes longer for one batch of lines is given up: it would never end. */
export const regexMsMax = 2000;

/** The thread for regular expressions ends when nobody asked it for so long. */
export const regexIdleMs = 30_000;

/** Batches of lines that wait for that thread, over all searches. */
export const regexWaitingMax = 64;

/** Newer output that a follower has not taken: over this it is skipped to its end, and told so. */
export const followBytesMax = 2 * 1024 * 1024;
