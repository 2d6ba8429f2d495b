/*
 * Cells of the transition tables that no history can take, and why not.
 *
 * The tables decide every pair of state and event because their types demand it; some pairs are
 * excluded by those who step the machine. Each reason names who that is. Coverage fails when one of
 * these is taken after all.
 */

/** Name of the cell → why nothing takes it. */
export const unreachable: ReadonlyMap<string, string> = new Map([]);
