/*
 * How much retention does in one go, and how much `[keep]` keeps where the config does not say.
 *
 * A look that reaches a bound goes on in the next one, a second later.
 */

/** Rows of an index that one look walks at most: a tenth of a second's work. */
export const keepRowsPerLook = 4096;

/** Rows that go in one batch. Their export is a few hundred kilobytes before it is compressed. */
export const keepBatchRows = 128;

/** Jobs that share a row in the order of ends: to take one out is to write the row again, and a value has some thousand elements at most. */
export const endsPerRowMax = 128;

/** Late reports of one job that are exported with it; a job has as many attempts, and seldom any. */
export const lateReportsMax = 1000;

/** Late reports that one look walks; each job of theirs is looked for, at 20 µs. */
export const lateRowsPerLook = 1024;

/** Logs and files that could not be removed and are tried again: of so many at once none is to blame any more. */
export const stuckCopiesMax = 1000;

/** How many of those one look tries again, in turn: a disk that fails takes its time over each. */
export const stuckTriesPerLook = 16;

/** Messages that could not be applied that are kept at most; the oldest go. */
export const quarantineMax = 1000;

/** Days that ended jobs, decided decisions, and quarantined messages are kept: a quarter. */
export const jobsDaysDefault = 90;

/** Jobs kept, however young. A store of so many opens in well under 2 s (`npm run bench -- open`). */
export const jobsMaxDefault = 100_000;

/** Days that logs are kept. They are what fills a disk. */
export const logsDaysDefault = 30;

/** Bytes of logs kept, as workers counted their output: 10 GiB. */
export const logsBytesMaxDefault = 10 * 1024 ** 3;

/** Days that the journal is kept. */
export const journalDaysDefault = 90;

/** Events kept, however young: about eight a job. */
export const journalMaxDefault = 1_000_000;

/** Looks that leave something to do for so long are behind; doctor says so. */
export const keepBehindMsMax = 60 * 60 * 1000;
