/*
 * How much a hub's doctor walks through, and from when on it calls a thing late.
 *
 * A finding at a limit is a warning to people; nothing in the hub acts on these.
 */

/** Newest jobs whose log copies are held against what their workers promised. */
export const jobsWalkedMax = 10_000;

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
