/*
 * What tests of the hub's retention begin with: a policy under which nothing is due, and jobs that have ended.
 */
import { Retain } from '../../../cockpit/hub/retain.ts';
import type { KeepPolicy } from '../../../cockpit/manager/plan-retention.ts';
import type { AttemptId, JobId } from '../../../protocol/model.ts';
import { Archive } from '../../../store/archive.ts';
import { MemoryArchive } from '../../../store/archive-memory.ts';
import { metaKey } from '../../../store/keys.ts';
import { instantLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';
import { alice, type HubBench, makeJob } from './hub-bench.ts';

/** A day. */
export const dayMs = 24 * 60 * 60 * 1000;

/** Nothing that these tests make is due under it. */
export const generous: KeepPolicy = {
  jobsMs: 90 * dayMs,
  jobsMax: 1000,
  logsMs: 30 * dayMs,
  logsBytesMax: 1_000_000,
  isLogsArchived: false,
  journalMs: 90 * dayMs,
  journalMax: 10_000,
};

/** Retention of a hub under a policy; `generous` where that says nothing. */
export async function openRetain(
  { kv, desk, inbox, ports, state }: HubBench,
  { policy, port = new MemoryArchive(), discard }: RetainPlan,
): Promise<Retain> {
  return new Retain({
    ...{ kv, desk, inbox, state, ports },
    logs: await openMemoryLogs(instantLogDisk(), { bytesMax: 1_000_000 }),
    archive: new Archive(kv, port),
    policy: { ...generous, ...policy },
    describe: async ({ id }) => ({ id }),
    discard: async (attempt) => void discard(attempt),
    noticed: () => undefined,
  });
}

interface RetainPlan {
  readonly policy: Partial<KeepPolicy>;
  readonly port?: MemoryArchive;
  /** Its log and files go. */
  readonly discard: (attempt: AttemptId) => unknown;
}

/** A job of alice's that has ended, and printed so many bytes. */
export async function endJob({ desk, report }: HubBench, logBytes: number): Promise<JobId> {
  const { id } = await desk.dispatch(makeJob([alice]));
  const ending = { at: 9, outcome: 'succeeded', usage: { exitCode: 0 }, logBytes } as const;
  await report(alice, { kind: 'finished', attempt: `${id}.1`, ...ending });
  return id;
}

/** Days pass while the hub runs, so that its clock is believed. */
export async function runDays({ ports, kv }: HubBench, days: number): Promise<void> {
  ports.wallStartMs += days * dayMs;
  await kv.batch([{ type: 'del', key: metaKey('keep-clock') }], 'synced');
}

/** Ids of all jobs that are kept, oldest first. */
export async function listJobs({ desk }: HubBench): Promise<readonly JobId[]> {
  return (await desk.listRecent(1000)).map(({ id }) => id).toReversed();
}
