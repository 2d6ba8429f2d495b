/*
 * Rows of a hub's store that it cannot read back, told apart by what their loss means.
 *
 * What only this hub knows of (a job that has ended, a decision, an invite) can be left out: it is as if it had been
 * forgotten. A job that has not ended, or a worker, is known elsewhere too, so without it the store is another one.
 * Pure. Errors: none.
 */
import type { z } from 'zod';
import type { JobId } from '../../protocol/model.ts';
import { activeJobKey, markedKey } from '../../store/keys.ts';
import type { KvOp, KvRow } from '../../store/kv.ts';
import { isReadable, planRow } from '../../store/row-codec.ts';
import type { SiftedRows } from '../../store/salvage/repair-store.ts';
import { boxRowSchema } from '../manager/box.ts';
import { cockpitRowSchema } from '../manager/cockpit.ts';
import { decisionRowSchema } from '../manager/decision.ts';
import { readJobNumber } from '../manager/job.ts';
import { jobRowSchema } from '../manager/job-row.ts';
import { poolRowSchema, spawnRowSchema } from '../manager/spawn-state.ts';
import { workerRowSchema } from '../manager/worker.ts';
import { findMarkedThrough, markedSchema } from './active-marks.ts';
import { endedRowSchema, findEndedJobs } from './ended-rows.ts';
import { inviteRowSchema } from './invite-book.ts';
import { findNextJob, nextJobKey, nextJobSchema } from './next-job.ts';

/** What a start, a list or a repair reads whole; by prefix, or by key. */
const schemas: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ['j', jobRowSchema],
  ['d', decisionRowSchema],
  ['w', workerRowSchema],
  ['b', boxRowSchema],
  ['cp', cockpitRowSchema],
  ['i', inviteRowSchema],
  ['s', spawnRowSchema],
  ['sp', poolRowSchema],
  ['je', endedRowSchema],
  [nextJobKey, nextJobSchema],
  [markedKey, markedSchema],
]);

/** Tells apart the rows of a hub's store. */
export function siftHubRows(rows: readonly KvRow[]): SiftedRows {
  const unread = rows.filter((row) => !canRead(row)).map(({ key }) => key);
  const isOpen = siftOpen(rows);
  const isLost = (key: string) =>
    key.startsWith('w/') || (key.startsWith('j/') && isOpen(readJob(key)));
  return {
    lost: unread.filter(isLost),
    leftOut: unread.filter((key) => !isLost(key)),
    ops: keepNumbers(unread, rows),
  };
}

/**
 * Has a job not ended? Its mark says so; above the number up to which all are marked, its place in the order of ends says
 * that it has.
 */
function siftOpen(rows: readonly KvRow[]): (id: JobId) => boolean {
  const markedThrough = findMarkedThrough(rows);
  const keys = rows.map(({ key }) => key);
  const marks = new Set(keys.filter((key) => key.startsWith('ja/')));
  const ended = new Set(rows.filter(({ key }) => key.startsWith('je/')).flatMap(findEndedJobs));
  return (id) =>
    marks.has(activeJobKey(id)) || (readJobNumber(id) > markedThrough && !ended.has(id));
}

/** A number that was given is given to no other job. */
function keepNumbers(unread: readonly string[], rows: readonly KvRow[]): readonly KvOp[] {
  const isAboutNumbers = unread.some((key) => key === nextJobKey || key.startsWith('j/'));
  return isAboutNumbers ? [planRow(nextJobKey, findNextJob(rows))] : [];
}

function canRead(row: KvRow): boolean {
  const schema = schemas.get(row.key) ?? schemas.get(row.key.slice(0, row.key.indexOf('/')));
  return schema === undefined || isReadable(schema, row);
}

function readJob(key: string): JobId {
  return `J${Number(key.slice('j/'.length))}`;
}
