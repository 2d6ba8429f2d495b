/*
 * What an all-seeing observer wrote down of one run; the checks judge this and nothing else.
 *
 * Notes are taken where things happen: processes by the boxes' operating systems, jobs as the hub's
 * feed and desk showed them, wishes as the workload had them. No part of the product can read or
 * change it. Instants are milliseconds of the run.
 */
import type { JobRecord } from '../../cockpit/manager/job.ts';
import type { AttemptId, JobId, PeerKey } from '../../protocol/model.ts';

/** A process of a job, from its start to its end. */
export interface ProcessNote {
  readonly attempt: AttemptId;
  readonly box: string;
  readonly startedAt: number;
  /** Bytes of output that the agent took. */
  takenBytes: number;
  isAlive: boolean;
  endedAt?: number;
  exitCode?: number;
  /** The agent first asked for its end then, having heard nothing from the hub for so long. */
  asked?: { readonly at: number; readonly silentMs: number };
}

/** A job as it was seen. */
export interface Sight {
  readonly at: number;
  /** Which start of the hub showed it. */
  readonly life: number;
  readonly by: 'feed' | 'desk';
  readonly job: JobRecord;
  /** Since when this hub had been running without a long pause. */
  readonly awakeSince: number;
}

/** A check that failed. */
export interface Violation {
  readonly check: string;
  readonly message: string;
  readonly about?: JobId;
}

/** One run's notes. */
export class History {
  readonly processes: ProcessNote[] = [];
  readonly sights: Sight[] = [];
  /** Jobs whose dispatch was acknowledged. */
  readonly accepted = new Set<JobId>();
  /** Jobs for which a cancel was asked, acknowledged or not. */
  readonly cancels = new Set<JobId>();
  /** Workers for whom a revoke was asked, acknowledged or not. */
  readonly revokes = new Set<PeerKey>();
  /** Attempts whose start the workshop refused. */
  readonly refusals = new Set<AttemptId>();
  /** Boxes of agents whose disk was full at some time; they may refuse work. */
  readonly fullBoxes = new Set<string>();
  /** Ends of agent processes, by box. */
  readonly agentEnds: { readonly box: string; readonly at: number; readonly how: string }[] = [];
  /** When a frame of this box came to a hub that was linked with it, ascending. */
  readonly arrivals = new Map<string, number[]>();
  readonly violations: Violation[] = [];
  readonly counts = new Map<string, number>();

  noteArrival(box: string, at: number): void {
    const known = this.arrivals.get(box);
    if (known === undefined) this.arrivals.set(box, [at]);
    else known.push(at);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  violate(violation: Violation): void {
    this.violations.push(violation);
  }
}
