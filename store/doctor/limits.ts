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

/** A program that is asked about the box answers within this time, or is not heard. */
export const askMsMax = 1500;

/** Memory that should be left: under it the system begins to end processes. */
export const memoryFreeBytesMin = 64 * 2 ** 20;

/** Room for temporary files under which compilers and installers fail. */
export const temporaryFreeBytesMin = 16 * 2 ** 20;

/** Files of an archive whose sizes are added up: forty years of months. */
export const archiveFilesMax = 500;

/** An archive over this is worth a person's look; a busy hub exports a few MiB a month. */
export const archiveBytesMax = 4 * 2 ** 30;

/** What a background program may have said; at ten lines a second that is a week. */
export const programLogBytesMax = 64 * 2 ** 20;

/** What is kept of it when it is cut: its last hours. */
export const logKeptBytes = 2 ** 20;

/** As the transport has it, which a store may not ask. Source: sun_path of unix(7), 108, 104 on macOS. */
export const socketPathBytesMax = 100;

/** Files that a disk should still be able to hold: a checkout of a large repository. */
export const inodesFreeMin = 10_000;

/** One sync on a hard disk takes 10 ms, on a busy network disk 100. */
export const syncMsMax = 500;

/** Small syncs that are tried; the fastest counts. */
export const probeCount = 3;

/** Bytes of the file that is synced: one page, as a small batch is. */
export const probeBytes = 4096;

/** A store that is locked is tried so often, this far apart: a start or another doctor holds it for less. */
export const lockTriesMax = 4;
/** See `lockTriesMax`. */
export const lockPauseMs = 150;

/** Closing a store that was looked at takes milliseconds; one that takes longer is on a disk that answers no more. */
export const closeMsMax = 2000;

/** Days after which a backup is too old; only where one was ever made. */
export const backupDaysMax = 30;

/** Bytes of a backup that a doctor reads through: a second or two. */
export const backupReadBytesMax = 32 * 1024 * 1024;

/** Stores that were put aside and are nobody's trouble. */
export const asidesMax = 5;
