/*
 * Caps of the hub's process, with where each came from.
 *
 * What the wire fixes is in the protocol's own limits, what the disk does in the store's.
 */

/**
 * Bytes of logs on their way to the hub's disk, over all workers: each may have a share of it under
 * way. 100 MB/s for 160 ms; with more, the fastest streams would crowd out the others.
 */
export const logWaitingBytesMax = 16 * 1024 * 1024;

/** Logs whose holder was looked up and is remembered; at it all are looked up again. */
export const logHoldersMax = 4096;

/** Copies of one artifact that were not what was reported, before it is given up: one may be a bad wire. */
export const artifactTriesMax = 3;

/** Terminals open over all workers; each holds up to two windows of 64 KiB and a control call. */
export const terminalsMax = 64;
