/*
 * A hub's home as it is after many jobs: made by the product's own rows, batches and logs.
 *
 * Each job has what one really leaves: its record with all receipts, its place in the order of ends, the
 * events of its life; a part of them a log. Nothing runs and nothing waits.
 */
import { join } from 'node:path';
import { type ActiveMarks, readActiveJobs } from '../../../cockpit/hub/active-marks.ts';
import { Change } from '../../../cockpit/hub/change.ts';
import { EndsPage } from '../../../cockpit/hub/ended-rows.ts';
import type { CommandJob } from '../../../cockpit/manager/job.ts';
import type { JobId } from '../../../protocol/model.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { Archive } from '../../../store/archive.ts';
import { openArchiveFiles } from '../../../store/archive-files.ts';
import { openStore } from '../../../store/format.ts';
import { planEvents } from '../../../store/journal.ts';
import type { KvOp } from '../../../store/kv.ts';
import { openLogFiles } from '../../../store/log-files.ts';
import { openLevelKv } from '../../../store/open.ts';

/** What the hub has done. */
export interface OldStorePlan {
  readonly home: string;
  readonly jobs: number;
  /** Every so many jobs one has a log. */
  readonly logEvery: number;
}

const batchJobs = 500;

const life = ['queued', 'sent', 'accepted', 'started', 'finished'] as const;

/** Makes it; the home must be empty. */
export async function makeOldStore({ home, jobs, logEvery }: OldStorePlan): Promise<void> {
  const { random, clock } = openSystemPorts();
  const kv = await openLevelKv(join(home, 'store'));
  await openStore(kv, random);
  const logs = await openLogFiles(join(home, 'logs'), { bytesMax: 1_000_000 });
  const archive = new Archive(kv, openArchiveFiles(join(home, 'archive')));
  const now = Math.round(clock.wallMs());
  const { marks } = await readActiveJobs(kv);
  const ends = new EndsPage();
  let seq = 1;
  for (let first = 1; first <= jobs; first += batchJobs) {
    const ops: KvOp[] = [];
    for (let n = first; n < first + batchJobs && n <= jobs; n += 1) {
      const at = now - (jobs - n) * 10;
      const takeEventSeq = () => {
        seq += 1;
        return seq - 1;
      };
      const change = new Change(at, { takeEventSeq });
      endJob(change, n);
      ends.add(change.listEnds());
      ops.push(...change.planOps(), ...planMarks(marks, n), ...planEvents(change.events));
      ops.push(...ends.seal());
      if (n % logEvery === 0) {
        const log = await logs.open(`J${n}.1`);
        const bytes = new TextEncoder().encode(`output of job ${n}\n`.repeat(10));
        await log.append([{ offset: 0, stream: 'stdout', at, bytes }]);
      }
    }
    await kv.batch(ops, 'buffered');
  }
  await kv.batch([await archive.export([{ type: 'job', id: 'J0' }], now)], 'synced');
  await logs.close();
  await kv.close();
}

/** It has begun, and then ended. */
function planMarks(marks: ActiveMarks, n: number): readonly KvOp[] {
  return [true, false].flatMap((isActive) =>
    marks.plan(new Map<JobId, boolean>([[`J${n}`, isActive]])),
  );
}

function endJob(change: Change, n: number): void {
  const { at } = change;
  const worker = (n % 3).toString(16).repeat(64);
  const times = { queuedAt: at, sentAt: at, acceptedAt: at, startedAt: at, finishedAt: at };
  const usage = { exitCode: 0, cpuMs: 12, memoryBytesPeak: 5_000_000 };
  const end = { outcome: 'succeeded', at, usage, logBytes: 170, startedAt: at } as const;
  const job: CommandJob = {
    kind: 'command',
    id: `J${n}`,
    title: `npm test -- --shard ${n}`,
    createdAt: at,
    parent: null,
    spec: {
      command: [`npm test -- --shard ${n}`],
      cwd: '/srv/project',
      env: { CI: '1' },
      isIdempotent: false,
      lostAfterMs: 86_400_000,
    },
    targeting: { on: null, need: ['git', 'node'] },
    attempts: [{ n: 1, worker, state: { is: 'finished', times, end } }],
  };
  change.putJob(job);
  change.markActive(job.id, false);
  change.note({ kind: 'job-dispatched', job: job.id, worker });
  for (const is of life) {
    change.note({ kind: `attempt-${is}`, job: job.id, attempt: `J${n}.1`, worker });
  }
}
