/*
 * Every cap and default of the wire and the session, with where its value came from.
 *
 * A queue, window, retry or buffer without a row here does not exist. Sizes are bytes, times
 * milliseconds, as the names say.
 */

/** Largest frame on any transport. Source: DESIGN section 5; larger things travel in chunks. */
export const frameBytesMax = 1024 * 1024;

/** Largest frame before `hello`: strangers can make us hold no more than this. */
export const frameBytesBeforeHelloMax = 64 * 1024;

/** Deepest nesting of a decoded frame; ours need five. Guards the schema walk against bombs. */
export const frameDepthMax = 32;

/**
 * Durable messages sent and not yet acknowledged, per peer. Selective repeat holds as many. A job makes
 * up to three on its way back, so a hub's 256 in flight to one worker are 768; bytes bound the memory.
 */
export const windowFramesMax = 1024;

/** Bytes of durable messages sent and not yet acknowledged, per peer. */
export const windowBytesMax = 1024 * 1024;

/** Bodies that share one frame. As large as a log chunk: no ack waits long behind one. */
export const dataBytesMax = 64 * 1024;

/**
 * Bodies that share one frame: half of a usual load (256 in flight), so that one end works on what the first brought
 * while the other is at the next. Of 32 to 170 this or more did best, and 14 % more jobs a second than no cap.
 */
export const dataRowsMax = 128;

/**
 * Durable messages kept in memory, per peer, before they are sent: four windows. What was written a
 * moment ago is then not read back from the disk, as long as the peer keeps up.
 */
export const bufferedRowsMax = 4 * windowFramesMax;

/** Bytes of durable messages kept in memory, per peer, before they are sent. */
export const bufferedBytesMax = 2 * windowBytesMax;

/**
 * An acknowledgement waits so long for others, because it only makes room: what its absence could
 * cost (a resend, after 100 ms at the least; a full window) is far away. With one job at a time each
 * one saved is a tenth of what a job sends.
 */
export const ackWaitMs = 20;

/** Messages that are acknowledged without waiting for more: a quarter of the window. */
export const ackRowsMax = windowFramesMax / 4;

/** What messages that came early may keep alive of their frame besides themselves: with a window of such frames 16 MiB. */
export const heldWasteBytesMax = 16 * 1024;

/** Missing sequence numbers named in one ack; more are named by the next one. */
export const needCountMax = 32;

/** Durable messages that may wait for one peer before new work for it is refused. */
export const outboxRowsMax = 10_000;

/** Log payload in one chunk. Small enough that an ack never waits long behind it. */
export const logChunkBytesMax = 64 * 1024;

/** Log payload in one frame where the window is wide: four chunks, for what a frame costs at both ends is not little. */
export const logFrameBytesMax = 4 * logChunkBytesMax;

/** Records in one chunk: a command that writes byte by byte makes a record of each. */
export const logRecordsMax = 4096;

/** Log bytes sent and not yet acknowledged, per link, over all its logs, before the hub says how many. */
export const logWindowBytesDefault = 1024 * 1024;

/** Most that the hub lets one worker have under way: 100 MB/s for 40 ms of way and sync. */
export const logWindowBytesMax = 4 * 1024 * 1024;

/** Least that the hub lets one worker have under way: half a chunk. A chunk is no larger than its window. */
export const logWindowBytesMin = 32 * 1024;

/** How often each side pings. One a second keeps the age shown fresh and costs 0.05 % of a core. */
export const pingMsDefault = 1000;

/**
 * A hub pings an agent only after so long a silence: agents ping it, so it hears each one every
 * second anyway. Asking back halved what a thousand idle agents cost it. One late ping is no silence.
 */
export const hubPingRestMs = 1.5 * pingMsDefault;

/** Silence after which a peer is shown as stale: three pings, so that one loss is not shown. */
export const staleAfterMsDefault = 3000;

/** Silence after which the link is given up and dialled again. */
export const suspectAfterMsDefault = 6000;

/** A look at a link that comes so late shows that this process itself did not run meanwhile. */
export const starvedMsMin = 2.5 * pingMsDefault;

/** Pings whose pong is awaited, a link: more than are sent before a silent link is given up. */
export const pingsAwaitedMax = 16;

/** Answered pings that wait for messages to be applied; a minute's worth, then newer ones are dropped. */
export const renewalsHeldMax = 64;

/** A new link on which nothing came for so long, and no hello, is closed. */
export const helloMsMax = 5000;

/** A hello that comes slowly is given up after so long: the longest, of 64 KiB, needs a line of 1.1 KB/s. */
export const slowHelloMsMax = 60_000;

/** What comes between two looks at a link, a second apart, and is less are a carrier's signs of life, no hello. */
export const slowHelloBytesMin = 256;

/** First and largest pause between dials; full jitter. Source: reliability facts, R19. */
export const dialMsBase = 250;
/** See `dialMsBase`. Shorter than R19's 15 s so that a hub that was away for long is found soon. */
export const dialMsMax = 5000;

/** So many dials in a row pause for no longer than this: a hub that is just away is found at once. */
export const dialsEagerMax = 60;
/** See `dialsEagerMax`. */
export const dialMsEager = 1000;

/** A link that lived so long was sound: after it, pauses start over. Source: R19. */
export const healthyMsMin = 15_000;

/** First and largest pause between dials while the hub is linked another way: there is no hurry then. */
export const climbMsBase = 5000;
/** See `climbMsBase`. A way that breaks again and again is tried this seldom. */
export const climbMsMax = 300_000;

/** A link that lasts so long is as good as the way that it replaced. */
export const climbProvenMs = 30_000;

/** One dial attempt may take this long. hyperdht alone would wait 4 s for a silent host. */
export const dialAttemptMsMax = 6000;

/** First and largest pause before unacknowledged messages are sent again on a live link. */
export const resendMsBase = 200;
/** See `resendMsBase`. Source: reliability facts, R19. */
export const resendMsMax = 5000;

/** An invite is good for this long unless it says otherwise. */
export const inviteMsDefault = 10 * 60 * 1000;
/** No invite may live longer: it is a key that lets a stranger in. */
export const inviteMsMax = 24 * 60 * 60 * 1000;
/** Invites that may be open at once. */
export const invitesOpenMax = 64;

/** An attempt not heard of for this long is `lost`. Long, because laptops sleep. Source: R18. */
export const lostAfterMsDefault = 24 * 60 * 60 * 1000;

/**
 * Attempts an agent holds whose end its hub does not know; beyond it new ones are refused. They are what a hello
 * must state, in a frame of 64 KiB.
 */
export const attemptsHeldMax = 1000;

/** Bytes kept of a message that could not be applied: enough to see what it was. */
export const quarantineBytesMax = 4096;

/** Bytes of one durable message (a spec with a large environment is the largest). */
export const messageBytesMax = 256 * 1024;

/** Findings that one diagnosis gives; with so many things wrong, the first of them are enough to begin. */
export const findingsMax = 100;

/** Findings of one check that are said before the spare ones of others: ten show that it is no single slip. */
export const findingsOfCheckMax = 10;

/** A whole look ends within this time: with the answer's way it is less than the 3 s that a person waits. */
export const examineMsMax = 2700;

/** Slow sections of a doctor begin after this time even while quick ones still look. */
export const quickSectionMsMax = 300;

/** Letters of each text of a finding that travels. */
export const findingTextLettersMax = 400;

/** Bytes of all texts of the findings of one answer, and of what was fixed: together they fit a frame. */
export const findingsBytesMax = 400 * 1024;

/** A program says how it is from its memory; one that does not within this time, on a busy box too, hangs. */
export const answerMsMax = 5000;

/** A worker that was asked for its diagnosis answers within this time: two looks with a pause between. */
export const doctorMsMax = 15_000;

/**
 * Small talk of one peer (pings, hellos, resends asked for, new links): what it may say at once, and
 * what comes back a second. A sound peer pings once a second, dials four times a second at most, and
 * asks for a window of 256 again after a cut; ten times that is still served.
 */
export const talkTokensMax = 4096;
/** See `talkTokensMax`. */
export const talkPerSecond = 256;

/** Links of one peer that may be greeting at once; a dial that succeeded twice makes two. */
export const greetingLinksMax = 8;

/**
 * A peer may have greeted on a link so long before we knew of the link: it is there once its dial is over, and here once its
 * owner has taken it.
 */
export const linkLagMsMax = 1000;

/** Stores of one peer that a session remembers as given up. Source: reliability facts, R1. */
export const givenUpStoresMax = 16;

/**
 * Frames that wait while a peer's new store is adopted: what is said once a link is one or two, and questions
 * for logs that do not fit are asked again.
 */
export const earlyFramesMax = 16;

/** Links that never opened of which a session remembers the end, for those who look. */
export const unopenedKept = 16;

/** Questions of one worker for the ends of logs that may wait at once: twice what it can hold. */
export const logAsksMax = 2000;

/** Patterns of artifacts in one job. */
export const artifactPatternsMax = 32;

/** Letters of one pattern or path; with `artifactsCountMax` a report stays within one message. */
export const artifactPathLettersMax = 512;

/** Files that one attempt may bring: a report of so many long paths fills half a message. */
export const artifactsCountMax = 200;

/** Artifact payload in one chunk; like a log's, so that an ack never waits long behind it. */
export const artifactChunkBytesMax = 64 * 1024;

/** Artifact bytes sent and not yet acknowledged, per link, over all files. */
export const artifactWindowBytesMax = 1024 * 1024;

/**
 * Bytes of a terminal in one frame. Small, for they share the link with what must not wait: 16 KiB take
 * 130 ms at 1 Mbit/s.
 */
export const terminalChunkBytesMax = 16 * 1024;

/**
 * Bytes of a terminal under way in each direction: 1.3 MB/s at 50 ms, and what still scrolls by after
 * ctrl-c is no more than this and what the asker's own terminal holds.
 */
export const terminalWindowBytesMax = 64 * 1024;

/** Terminals that one worker has open for its hub; each is a shell and up to two windows of memory. */
export const terminalsPerWorkerMax = 4;

/** Widest and highest terminal. Wider ones are not seen, and the kernel's own limit is 65,535. */
export const terminalColumnsMax = 2000;

/** Letters of a commit's name. Source: what a file system takes for a ref, 255, and what follows it. */
export const baseLettersMax = 256;

/** Letters of one prompt: with its spec within one message, whatever letters they are. */
export const promptLettersMax = 60_000;

/** Harnesses of one box: more than there are. */
export const harnessesMax = 64;

/** Letters of the directory that a terminal is opened in. Source: PATH_MAX of Linux. */
export const terminalPathLettersMax = 4096;

/** A worker answers the wish for a terminal within this time; a login shell is not awaited. */
export const terminalOpenMsMax = 10_000;

/**
 * A terminal outlives the loss of its link for so long, at both ends: a dial that succeeds takes one or
 * two seconds, and a shell that nobody sees should not live on.
 */
export const terminalAwayMsMax = 10_000;

/** Bytes of a control conversation's value in one frame; well below the largest frame. */
export const partBytesMax = 512 * 1024;

/** Variables of one job whose values are secret. */
export const secretNamesMax = 64;

/** Bytes of the shortest value that can be secret; a shorter one stands in too many innocent words. */
export const secretBytesMin = 6;

/** Lines in which a box tells its policy; more than a card shows are of no use. */
export const policyLinesMax = 32;

/** Letters of one such line. */
export const policyLineLettersMax = 400;

/** Things that an agent which leaves names as owed, at most; there may be more. */
export const owedRowsMax = 1000;

/** What V8 has for what lives shortly, in hubs and agents that are busy: a job costs 5 µs more with half of it, and no less with twice as much. */
export const youngHeapBytesMax = 32 * 2 ** 20;

/**
 * Bytes of new buffers after which V8 looks for those that were dropped already. Of 4, 8, 16 and 32 MiB it is what made a log
 * of 200 MB cheapest: with fewer each look finds most of them still in use, and what was found so twice is kept for long.
 */
export const youngBufferBytesMax = 16 * 2 ** 20;

/** Links of one peer that may come and not open within `unopenedWithinMs`: an end that starts, a box or a dial that is slow. */
export const unopenedMax = 3;
/** See `unopenedMax`. */
export const unopenedWithinMs = 10 * 60_000;
