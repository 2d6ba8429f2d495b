/*
 * Writing down what has become of a checkout that an attempt left on its worker.
 *
 * It changes nothing but that: an outcome stays as it was written, and a job that has ended has ended.
 */
import type { KeptDirectory } from '../../protocol/model.ts';
import {
  findAttempt,
  formatAttemptId,
  isEnded,
  type JobRecord,
  putAttempt,
} from '../manager/job.ts';
import { keepJob, type Scene } from './transitions.ts';

/** The checkout, and what is still there of it. */
export interface TreeNews {
  readonly job: JobRecord;
  readonly n: number;
  readonly kept: KeptDirectory | undefined;
}

/** Puts it into the attempt's end; nothing where that is no end. */
export function noteTree(scene: Scene, { job, n, kept }: TreeNews): void {
  const known = job.kind === 'command' ? findAttempt(job, n) : undefined;
  if (job.kind !== 'command' || known?.state.is !== 'finished') return;
  const { kept: _kept, ...bare } = known.state.end;
  const end = { ...bare, ...(kept === undefined ? {} : { kept }) };
  const next = putAttempt(job, { ...known, state: { ...known.state, end } });
  // One that has ended has its place in the order of ends already.
  if (isEnded(job)) scene.change.putJob(next);
  else keepJob(scene, next);
  if (kept !== undefined) return;
  const attempt = formatAttemptId(job.id, n);
  scene.change.note({ kind: 'tree-cleared', job: job.id, attempt, worker: known.worker });
}
