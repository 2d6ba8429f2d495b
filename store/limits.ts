/*
 * Every cap of the store, with where its value came from.
 *
 * What happens at a cap is said where it is used: a queue refuses with STORE_FULL, a log drops
 * its middle, a scan stops and is called again. Sizes are bytes, counts end in `Count` or `Max`.
 */

/** Jobs that may wait in one lane. Its callers wait for their own, so tens are usual. */
export const laneJobsMax = 10_000;

/** Changes that may wait for the next synced batch. Four windows of 256 messages, a dozen rows each. */
export const commitOpsMax = 16_384;

/** Bytes that may wait for the next synced batch: twice LevelDB's write buffer of 4 MiB. */
export const commitBytesMax = 8 * 1024 * 1024;

/** Rows that one acknowledgement deletes at most; the next one goes on. Keeps batches small. */
export const ackedRowsMax = 1024;

/** Streams that one listing returns at most. Far above any fleet one person directs. */
export const streamsMax = 10_000;

/** Letters of an event's kind and of its note. Larger things belong into a log. */
export const eventKindLettersMax = 64;
/** See `eventKindLettersMax`. */
export const eventNoteLettersMax = 4096;

/** Keys in one block of the in-memory map; a splice in it moves at most 4 KiB of pointers. */
export const sortedBlockKeysMax = 512;

/** Batches that the simulated disk can lose in a crash; older ones count as written back. */
export const memoryUndosMax = 10_000;

/** Size of one log segment where the log's cap allows it. Small enough to scan in milliseconds. */
export const logSegmentBytesMax = 1024 * 1024;

/** Segments that make up a full log; a drop in the middle therefore costs an eighth at most. */
export const logSegmentsPerCapMin = 8;

/** A segment's index has one mark for so many bytes of file; a read skips no more than that. */
export const logMarkBytes = 64 * 1024;

/** Bytes read from a segment at a time; more than the largest record, so each holds a whole one. */
export const logWindowReadBytes = 128 * 1024;

/** Least cap of a log. Below it a segment could not hold a useful record. */
export const logBytesMin = 1024;
