/*
 * Every cap of the store, with where its value came from.
 *
 * What happens at a cap is said where it is used: a queue refuses with STORE_FULL, a log drops
 * its middle, a scan stops and is called again. Sizes are bytes, counts end in `Count` or `Max`.
 */

/** Jobs that may wait in one lane. Its callers wait for their own, so tens are usual. */
export const laneJobsMax = 10_000;

/** Changes that may wait for the next synced batch. A window of messages, a dozen rows each. */
export const commitOpsMax = 16_384;

/** Bytes that may wait for the next synced batch: half of LevelDB's table in memory. */
export const commitBytesMax = 8 * 1024 * 1024;

/** Bytes of commits that may wait while the store is opened again; beyond it the process must end. */
export const commitWaitingBytesMax = 64 * 1024 * 1024;

/** First and longest pause between two tries to open a store again; drawn with full jitter. */
export const reopenMsBase = 50;
/** See `reopenMsBase`. A freed disk is noticed within this time. */
export const reopenMsMax = 2000;

/** A read is tried so often, each time on a store that was opened anew. */
export const readTriesMax = 3;

/** Reads that may wait while a store is opened again. Each asker waits for its own, so few do. */
export const readsWaitingMax = 10_000;

/** Somebody who asks waits so long for a store that is being opened again, before it is refused. */
export const askMsMax = 1500;

/** A process that ends waits so long for a store that cannot be written. */
export const storeCloseMsMax = 3000;

/**
 * LevelDB begins another log when its table in memory, which fills as rows are written, is over this; the table is there twice while
 * one is brought to the disk. Each time it is full all newer tables are merged: with classic-level's 4 MiB that was a fifth of a busy
 * hub's CPU a job, and half of it with this.
 */
export const levelWriteBufferBytes = 16 * 1024 * 1024;

/** A log gets so much room at a time: some hundred batches of one message, and what a disk takes in a few milliseconds. */
export const levelRoomStepBytes = 1024 * 1024;

/** It gets more when about so much is left; LevelDB's own bytes, which are not counted, are less. */
export const levelRoomLeftBytes = 256 * 1024;

/** Room is made in a log with so many synced batches: a store that is only looked at, or hardly used, is left small. */
export const levelRoomAfterCount = 32;

/** Room is made where it is at most this part of what is free on the disk. */
export const levelRoomPartMax = 1 / 64;

/** The copy that a migration made goes once the store was opened so often after it. */
export const backupStartsMin = 2;

/** New work is refused below this much room, or below a part of a small file system. Source: R23. */
export const watermarkBytesDefault = 256 * 1024 * 1024;
/** Kept to be given up when the disk is full, so that outcomes can still be written. Source: R23. */
export const ballastBytesDefault = 64 * 1024 * 1024;
/** Watermark and ballast are each at most this part of the file system. */
export const diskFractionMax = 1 / 8;

/** Between two looks at the room on the disk; `diskLowLookMs` while there is little. */
export const diskLookMs = 5000;
/** See `diskLookMs`. How soon new work is taken again after somebody made room. */
export const diskLowLookMs = 500;
/** A process that lives shorter makes no ballast: 64 MiB written for one quick test is a waste. */
export const ballastAfterMs = 10_000;
/** The ballast is written in pieces of this size, each of other bytes than the one before. */
export const ballastPieceBytes = 1024 * 1024;

/**
 * Changes that may wait for a batch that is written anyway; then they get one of their own. Two
 * hundred messages acknowledged in each direction, so a busy store seldom gets there.
 */
export const deferredOpsMax = 1024;

/**
 * What must outlive its process is given to the system within this time: where work goes on a batch that is synced
 * takes it along by then, and a message that was sent in the same turn is on its way before the store is busy.
 */
export const bufferedMsMax = 2;

/** Changes that wait for a batch get one of their own after so long, so that a quiet store is tidy. */
export const deferredMsMax = 1000;

/** Streams that one listing returns at most. Far above any fleet one person directs. */
export const streamsMax = 10_000;

/** Letters of an event's kind and of its note. Larger things belong into a log. */
export const eventKindLettersMax = 64;
/** See `eventKindLettersMax`. */
export const eventNoteLettersMax = 4096;

/** Events that share one row of the journal: a row is read as a whole, and decoded within its caps. */
export const eventsPerRowMax = 512;

/** Rows of the journal that are read in one go; each may hold `eventsPerRowMax` events. */
export const eventRowsPerRead = 32;

/**
 * Processes that are counted as ended in the hands of one message before it is set aside. With the one
 * before them, which took nothing in hand, that makes three.
 */
export const deathsNotedMax = 2;

/** Bytes of entries in one row of a log of changes, but for one that is larger by itself; what is more takes several rows. */
export const changeRowBytesMax = 1024 * 1024;

/** So many entries a log of changes has beyond twice as many as things. */
export const changesSpareMax = 256;

/** So many bytes it has beyond twice those of what holds: what is gone does not lie there for long. */
export const changesSpareBytesMax = 1024 * 1024;

/** Keys in one block of the in-memory map; a splice in it moves at most 4 KiB of pointers. */
export const sortedBlockKeysMax = 512;

/** Batches that the simulated disk can lose in a crash; older ones count as written back. */
export const memoryUndosMax = 10_000;

/**
 * Size of one log segment where the log's cap allows it. Small enough to scan in milliseconds, and what damage in one takes
 * with it. Twice as much costs a log of 200 MB no less; half, a file and two syncs for each megabyte, and a tenth of the hub.
 */
export const logSegmentBytesMax = 2 * 1024 * 1024;

/** Segments that make up a full log; a drop in the middle therefore costs an eighth at most. */
export const logSegmentsPerCapMin = 8;

/** A segment's index has one mark for so many bytes of file; a read skips no more than that. */
export const logMarkBytes = 64 * 1024;

/** Bytes read from a segment at a time: two of the largest records, so nothing of them is read twice. */
export const logWindowReadBytes = 2 * (64 * 1024 + 21);

/** Payloads from this size on are written from where they are; smaller ones are gathered first. */
export const logPieceBytesMin = 4096;

/** Pieces handed to the system in one write. Source: IOV_MAX of Linux and macOS is 1024. */
export const logWritePiecesMax = 512;

/** Bytes whose checksums are taken to tell whether sound records lie behind damage: some tens of milliseconds. */
export const damageCheckedBytesMax = 32 * 1024 * 1024;

/** Files of logs open at once in one home: of 50 jobs that print, the file written and the one read. */
export const logHandlesMax = 128;

/** Logs whose state is kept while nobody uses them; one of 64 MiB takes some 80 KiB. */
export const logsIdleMax = 128;

/** Newest output of one log kept in memory: what is copied a moment after it was written. */
export const logTailBytesMax = 1024 * 1024;

/** Newest output of all logs of one home kept in memory. */
export const logTailsBytesMax = 8 * 1024 * 1024;

/** Least cap of a log. Below it a segment could not hold a useful record. */
export const logBytesMin = 1024;

/** Files of artifacts open at once in one home. */
export const artifactHandlesMax = 32;

/** Bytes read at a time to hash a file; many may be hashed at once. */
export const artifactReadBytes = 256 * 1024;

/** Entries of the audit trail in one row; a batch of a busy hub has a few hundred. */
export const auditPerRowMax = 256;

/** Letters of one text in an audit entry; of a longer one the first half of this and its hash are kept. */
export const auditTextMax = 256;

/** Bytes of tables whose sums are compared before a store is opened: a tenth of a second. */
export const tablesBytesMax = 64 * 2 ** 20;

/** Gaps of an audit trail that are written down; a damaged store makes a few. */
export const auditGapsMax = 1000;

/**
 * Numbers of an audit trail that are passed over where its end was lost and nobody knows how far it went: more than the
 * 16 MiB of a store's log that was cut hold entries. A gap as large as this is one of which the count is not known.
 */
export const auditLeapCount = 1_000_000;

/** Letters of a text that are looked at for tokens; a JWT may have 512 before it can be told. */
export const auditCleanLettersMax = 1024;

/** Bytes of JSON that an audit entry keeps of what was asked. */
export const auditArgsBytesMax = 2048;

/** Values of one list, and fields of one map, in an audit entry. */
export const auditListMax = 32;

/** Levels of lists and maps in an audit entry. */
export const auditDepthMax = 4;

/** The newest entries of the audit trail that stay in the store; older ones go to files. */
export const auditRowsEntriesMin = 2048;

/** Rows of the audit trail that go to a file in one batch. */
export const auditMoveRowsMax = 256;

/**
 * A file of the audit trail, compressed, is followed by another at this size, or when a month is over: 45,000 entries,
 * which are proven in less than half a second.
 */
export const auditFileBytesMax = 2 * 1024 * 1024;

/** Bytes of its newest files that one look of a doctor proves, and of one older file, by turns: a second at the most. */
export const auditProvedBytesMax = 3 * 1024 * 1024;

/** Bytes of the audit trail's files that are kept, however young; two million entries or so. */
export const auditBytesMaxDefault = 256 * 1024 * 1024;

/** Days that files of the audit trail are kept. */
export const auditDaysDefault = 730;

/** Between two looks at what of the audit trail goes to files. */
export const auditLookMs = 5000;

/** Entries of one backup: a file for each log and artifact of a hub that keeps a hundred thousand jobs. */
export const backupEntriesMax = 2_000_000;

/** Bytes of the last entry of a backup, which names all others. */
export const backupSumsBytesMax = 512 * 1024 * 1024;

/** Bytes of rows in one entry of a backup. */
export const backupPieceBytes = 1024 * 1024;

/** Rows that a backup reads in one go: a batch of a busy hub, whose memory it is. */
export const backupRowsPerRead = 512;

/** Files at the top of a home that a backup takes along: config, keys, pairings. */
export const backupFileBytesMax = 16 * 1024 * 1024;

/** Bytes of a row's key and value in a backup; a message has at most 1 MiB. */
export const backupRowBytesMax = 16 * 1024 * 1024;

/** Between two words of the witness of a store; what was acknowledged since the last may be cut off unseen. */
export const witnessMs = 250;

/** A clock that leaps ahead by more was set, or its box slept: a night's sleep is believed at once. */
export const clockLeapMsMax = 24 * 60 * 60 * 1000;

/** A leap that has stood for so long, of time that the process ran, is believed: by then somebody would have seen it. */
export const clockLeapTrustMs = 24 * 60 * 60 * 1000;

/** Between two times at which that clock is written down: so much of a day's doubt a restart may cost. */
export const clockSaveMs = 10 * 60 * 1000;

/** Rows of an outbox that are read in one go. */
export const outboxRowsPerRead = 64;
