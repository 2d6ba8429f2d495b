/*
 * Every cap and pause of running work, with where its value came from.
 *
 * Sizes are bytes, times milliseconds, as the names say. A queue, loop or wait in this folder
 * without a row here does not exist.
 */

/** Largest piece handed to `take`: two chunks of log, as many as a pipe holds while the one before is written. */
export const takeBytesMax = 128 * 1024;

/** Output read but not yet taken, per attempt; beyond it both pipes are left alone until there is room. */
export const queueBytesMax = 256 * 1024;

/** First block that a pipe is read into: a page, for most jobs print little. Full ones are followed by larger ones. */
export const pipeBlockBytesMin = 4096;

/** Pieces of this size on are not joined with what lies elsewhere: the copy costs more than a write to the disk. */
export const joinBytesMax = 32 * 1024;

/** Where less of a block is left, a new one is begun: a read costs a few microseconds however little it takes. */
export const pipeRoomBytesMin = 1024;

/** Time from asking nicely to killing. Long enough for a build tool to remove its lock files. */
export const graceMsDefault = 5000;

/** After the command itself ended, its background children may hold the pipes open for so long. */
export const drainMsMax = 2000;

/** Bytes taken after everything was killed. Two pipes of the largest size Linux gives, 1 MiB each. */
export const drainBytesMax = 2 * 1024 * 1024;

/** Pause between two looks at a group that was asked to end. */
export const groupPollMs = 100;

/** Rounds of kill and look again, for trees that fork while they are being killed. */
export const reapRoundsMax = 50;

/** Looks taken again because a process showed no environment; exec takes about a millisecond. */
export const unsureLooksMax = 2;

/** Pause between two such rounds; a killed process is gone within a few of them. */
export const reapPauseMs = 20;

/** First pause between two samples of what work uses; doubles with each sample. */
export const sampleMsFirst = 20;

/** Usual pause between two samples. A peak that is shorter shows only in the kernel's own mark. */
export const sampleMsMax = 500;

/** The pause is at least this many times what the last sample took, so that all cost under 0.1 % of a core. */
export const samplePauseFactor = 2000;

/** Pairs of pipes made at once: one `mkfifo` for sixteen attempts costs each a fifth of a millisecond. */
export const pipePairsPerBatch = 16;

/** Kernel ticks a second in /proc. Source: proc_pid_stat(5); USER_HZ is 100 on all Linux that Node runs on. */
export const ticksPerSecond = 100;

/** Bytes read of one file in /proc. `stat` has 0.3 KiB; `status` 1.5 KiB and some for each group of the user. */
export const procBytesMax = 16 * 1024;

/** Largest artifact. Larger things are for a file server; a hub would hold up others for minutes. */
export const artifactBytesMax = 1024 * 1024 * 1024;

/** All artifacts of one attempt: what a small disk can hold twice, on the worker and on the hub. */
export const artifactsBytesMax = 2 * 1024 * 1024 * 1024;

/** All paths of one report, so that it stays within one durable message of 256 KiB. */
export const artifactPathsBytesMax = 96 * 1024;

/** Looking for what a job's patterns match: 300,000 files took 2.3 s, and a pattern that takes a minute never ends. */
export const globMsMax = 60_000;

/** Heap of that look in MiB: 300,000 names of one directory fit. Where there are more the pattern is refused, and no agent dies of it. */
export const globHeapMib = 256;

/** Such looks at once: each is a thread of 10 MB, and one that takes its minute must not hold up all others. */
export const globThreadsMax = 4;

/** Bytes read at a time when an artifact is copied. */
export const artifactChunkBytes = 256 * 1024;

/** One run of git. A checkout of the largest repositories takes minutes on a slow disk. */
export const gitMsMax = 10 * 60 * 1000;

/** What git says at once. Names of changed files; where they are more, the checkout is kept uncounted. */
export const gitOutputBytesMax = 16 * 1024 * 1024;

/** Checkouts of one attempt's number, one for each pairing that used it and left work behind. */
export const treesOfAttemptMax = 100;

/** From HUP to KILL for a shell whose person has left; shells end at once, editors write a recovery file. */
export const hangUpMsMax = 2000;

/** After a shell has ended and all that it started, its terminal is read until it is silent for so long. */
export const terminalDrainMsMax = 100;

/** A host that was asked to end its shell and is not gone after this, which is longer than `hangUpMsMax`, is killed. */
export const hostEndMsMax = 4000;

/** First and longest pause before input that a terminal did not take is tried again. */
export const ptyRetryMsBase = 5;
/** See `ptyRetryMsBase`. A shell that begins to read again is served within this time. */
export const ptyRetryMsMax = 160;

/** A process may have so many times the memory that its whole tree may: what is watched ends it before that. */
export const backstopFactor = 2;

/** Threads of a user of work for each process that one job may have; a Node has about eleven. */
export const backstopThreads = 32;

/** Usual pause between two samples while work with limits runs: what a hog can take meanwhile is bounded by it. */
export const limitSampleMsMax = 100;

/** A systemd that does not answer in this time makes no scopes. */
export const scopeProbeMsMax = 3000;

/** A directory that a job names answers in this time, or is taken for gone: an automounter needs seconds. */
export const directoryLookMsMax = 10_000;

/** Looks that never return, each a shell of a megabyte; with so many nobody looks at any directory any more. */
export const directoryLooksStuckMax = 8;

/** What such a look says: a path has 4 KiB at most. */
export const directoryLookBytesMax = 64 * 1024;
