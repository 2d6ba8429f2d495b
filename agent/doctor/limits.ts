/*
 * How much an agent's doctor reads, and how long it waits before it calls a thing left over.
 *
 * Nothing in the agent acts on these.
 */

/** Messages that could not be applied that are counted; more are as bad. */
export const quarantineReadMax = 1000;

/** Descriptors of an agent that rests: store, sockets, logs kept open (128). */
export const openFilesBase = 256;

/** Descriptors of one running job: pipes, log and artifacts, with room for a burst of them. */
export const openFilesPerSlot = 16;

/** Between two looks at what seems left over. Ending a tree of processes takes tens of milliseconds. */
export const secondLookMs = 500;

/** Messages that may wait for the hub before it is said; at twice as many no new work is taken. */
export const outboxDeepMin = 5000;

/** A report that waits for longer is missed by somebody; a hub that is off over night is none. */
export const outboxOldMs = 24 * 60 * 60 * 1000;

/** A checkout of ended work that nobody touched for so long is forgotten. */
export const treeOldMs = 14 * 24 * 60 * 60 * 1000;

/** A tool that is asked for its version answers within this time; some start a whole runtime for it. */
export const versionMsMax = 2000;

/** Oldest git that has `worktree remove`, which checkouts need. Source: its release notes, April 2018. */
export const gitVersionMin = '2.17';

/** Work that has ended is collected within this time of the last byte that is written of it. */
export const stillMs = 60_000;

/** What an install left half way is no longer under way after so long: its time for sending is over. */
export const incomingOldMs = 60 * 60 * 1000;
