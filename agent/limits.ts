/*
 * Caps and defaults of the agent, with where each came from. Times are milliseconds.
 */

/** Jobs that run at once when the config does not say: one a core, and never none. */
export const slotsPerCpuDefault = 1;

/** Most jobs that the config may let run at once. */
export const slotsMax = 256;

/** Between TERM and KILL. Long enough for a test runner to write its report. */
export const graceMsDefault = 5000;

/** A stopping agent waits so long for its work to end and its reports to be delivered. */
export const stopMsMax = 10_000;

/** How often deadlines and the hub's silence are looked at while work runs. */
export const watchMs = 250;

/** Wait before a refused dial is repeated when the hub says that it does not know us. */
export const refusedDialMs = 30_000;

/** Bytes of log read and sent in one go. Equal to the wire's chunk so that no chunk is split. */
export const logReadBytesMax = 64 * 1024;
