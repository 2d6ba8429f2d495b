/*
 * What the fuzz target allows the decoders, and how long it goes on, each with its reason.
 */

/** Mutated frames of a whole run. */
export const framesDefault = 1_000_000;

/** Mutated frames of the run in the test command: a few seconds. */
export const framesShort = 20_000;

/** One frame may keep a decoder busy for so long, in time of the processor; the best try counts. */
export const hangMsMax = 50;

/** Tries before slowness is believed: a busy machine makes any single one slow. */
export const hangTries = 4;

/** Growth of the process over its size once warm. */
export const growthBytesMax = 200 * 1024 * 1024;

/** Frames between two looks at the process's size. */
export const framesPerLook = 2000;

/** Frames before the size counts as the baseline: by then the code is compiled. */
export const framesWarm = 4000;

/** Bytes of a mutated frame: beyond the largest one, so that its limit is tried too. */
export const mutantBytesMax = 1024 * 1024 + 16;

/** Tries to make a failing input smaller. */
export const shrinkTriesMax = 4000;

/** Generated valid frames of each kind in the corpus. */
export const generatedPerKind = 24;
