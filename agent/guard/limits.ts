/*
 * Caps and pauses of the guard of leases, with where each came from.
 *
 * Times are milliseconds, sizes bytes, as the names say.
 */

/** Guard and agent hear of each other this often while a lease is held; as often as an agent looks itself. */
export const guardTickMs = 1000;

/** An agent that lives ends its work itself, and first: the guard lets a lease be over for so long. */
export const guardMarginMs = 1000;

/** Beyond its grace, for work that the agent was ending when it died: what its own kill may take. */
export const guardEndingMs = 5000;

/** A guard that was started has ticked by then (it takes 50 ms here), or leased work is refused. */
export const guardReadyMsMax = 5000;

/** A guard that has not ticked for so long is stopped or stuck, and another takes its place. */
export const guardSilentMsMax = 5000;

/** First and longest pause before another guard is started where one ended; doubles in between. */
export const guardRestartMsBase = 100;
/** See `guardRestartMsBase`. */
export const guardRestartMsMax = 10_000;

/** Changes that nobody waits for are told together after so long; a tenth of the margin. */
export const guardStateMs = 100;

/** With no lease left a guard stays so long, for a next one: work comes in rows. */
export const guardIdleMs = 10_000;

/** Without a word from an agent for so long a guard that has nothing left to do ends by itself. */
export const guardOrphanMsMax = 60_000;

/** One line between the two: 256 slots with 300 bytes each, three times over. */
export const guardLineBytesMax = 256 * 1024;

/** Heap of a guard in MiB; it uses 4. Node would let it grow to gigabytes before it tidies up. */
export const guardHeapMib = 16;
