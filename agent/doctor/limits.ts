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
export const secondLookMs = 1000;
