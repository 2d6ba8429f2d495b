/*
 * How much work a worker has at once: what is more waits here, in a line, in the order of dispatch.
 *
 * An agent refuses what it can't hold, and a refusal ends a job. So its commands leave only while it has
 * fewer unended ones than it may have, and each end that it reports lets the next one go, in the same
 * batch. What waits never left: a cancel or its deadline ends it at once. Called once a change, as it is committed.
 * Source: reliability facts R22.
 */
import type { JobId, PeerKey } from '../../protocol/model.ts';
import { findHeldBy, formatAttemptId, putAttempt } from '../manager/job.ts';
import { findUnended, keepJob, type Scene, sendCancel } from './transitions.ts';

/** Queues the commands of all whose turn it is; a worker has at most `countMax` unended ones. */
export function giveWork(scene: Scene, countMax: number): void {
  const { parked, streams } = scene.state;
  if (parked.size === 0) return;
  for (const worker of [...parked.keys()]) {
    // Without a stream it goes on waiting for the worker's first hello.
    if (streams.has(worker)) giveTo(scene, worker, countMax);
  }
}

function giveTo(scene: Scene, worker: PeerKey, countMax: number): void {
  const { parked, heldBy } = scene.state;
  const line = parked.get(worker) ?? new Set<JobId>();
  let room = countMax - ((heldBy.get(worker)?.size ?? 0) - line.size);
  // What is given leaves the line meanwhile, which a Set allows.
  for (const id of line) {
    if (room <= 0) return;
    room -= 1;
    give(scene, worker, id);
  }
}

function give(scene: Scene, worker: PeerKey, id: JobId): void {
  const { state, change } = scene;
  const streams = state.streams.get(worker);
  const job = findUnended(scene, id);
  const held = job?.kind === 'command' ? findHeldBy(job, worker) : undefined;
  if (job?.kind !== 'command' || held === undefined || streams === undefined) return;
  const { isParked: _isParked, ...given } = held;
  const { n, expiresAt, state: at } = given;
  const attempt = formatAttemptId(id, n);
  // Nothing sent it before this very moment, whichever process made it.
  change.addTo(state.freshAttempts, attempt);
  const givenSeq = change.send(worker, streams, {
    kind: 'assign',
    attempt,
    spec: { ...job.spec, command: [...job.spec.command] },
    issuedAt: change.at,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  keepJob(scene, putAttempt(job, { ...given, givenSeq }));
  // Asked while there was no stream to send it in, or in one that has ended since.
  if (at.cancelAskedAt !== undefined) sendCancel(scene, worker, attempt);
}
