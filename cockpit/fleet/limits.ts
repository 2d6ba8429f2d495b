/*
 * Caps of getting onto boxes, with where each came from.
 *
 * What ssh itself is told to give up after stands with its options, in `ssh.ts`.
 */

/** A command on a box must have ended by then; what copies files says its own. */
export const sshRunMsDefault = 60_000;

/** Bytes that one command on a box may write; our scripts write a few lines, a doctor some hundred KiB. */
export const sshOutputBytesMax = 4 * 1024 * 1024;

/**
 * A Node that is smaller is not one whole program: distributions link it against libraries of theirs, which
 * no other box has. The official ones are of 90 MB and more.
 */
export const runtimeBytesMin = 40 * 1024 * 1024;

/** A tree must have gone over by then: a runtime of 50 MB, compressed, at 1 Mbit/s is 7 minutes. */
export const deliverMsMax = 30 * 60_000;

/** A box hashes a runtime of 120 MB in a second; a slow card takes a minute to read it. */
export const proveMsMax = 5 * 60_000;

/** Room that an agent needs besides its own files: its ballast of 64 MiB, and as much for work. */
export const installRoomBytesMin = 128 * 1024 * 1024;

/** The code that an install mints must be used at once; a slow box takes seconds to start Node. */
export const installInviteMs = 5 * 60_000;

/** A box that was started must be seen within this time; it dials at once, and again after 5 s at most. */
export const seenMsMax = 30_000;

/** Its doctor walks over what it keeps, and a box that leaves ends its work; both give up by themselves before. */
export const remoteCommandMsMax = 150_000;

/** Boxes that are upgraded at once: each is a stream of megabytes out of one hub. */
export const upgradesAtOnce = 3;

/** Between two looks at what a worker said of its change of version. */
export const upgradeLookMs = 250;

/** Between two questions over ssh for a change that no hello tells of; a multiple of `upgradeLookMs`. */
export const upgradeAskMs = 15_000;

/**
 * Questions, each that long after the one before, to a box whose answer to the beginning was lost: for a minute, in
 * which a line is back or a box has started again.
 */
export const upgradeBegunAsksMax = 5;

/** A box that leaves at our word has said goodbye by then: 60 s for its work, 30 for what it owes, and room. */
export const leaveSeenMsMax = 120_000;
