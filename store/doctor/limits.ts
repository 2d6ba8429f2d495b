/*
 * What the doctor of a home holds to be too little or too old, with where each came from.
 *
 * A finding at a limit is a warning to people; nothing in the program acts on these.
 */

/** Oldest Node that runs this. Source: `engines` in package.json. */
export const nodeMajorMin = 22;

/** Oldest C library that Node 24 loads. Source: its build notes; the native parts ask for less. */
export const glibcMin = '2.28';

/** The same where sodium-native 5.0.1 asks for more. Source: transport facts, fstat@GLIBC_2.33. */
export const glibcArm64Min = '2.33';
