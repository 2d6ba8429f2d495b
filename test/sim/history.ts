/*
 * What an all-seeing observer wrote down of one run; the checks judge this and nothing else.
 *
 * Notes are taken where things happen: processes by the boxes' operating systems, jobs as the hub's
 * feed and desk showed them, wishes as the workload had them. No part of the product can read or
 * change it. Instants are milliseconds of the run.
 */
import type { JobRecord } from '../../cockpit/manager/job.ts';
import type { AttemptId, JobId, Outcome, PeerKey } from '../../protocol/model.ts';
import type { Reading, Screen } from './followers.ts';

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
  /** How many files it leaves; absent where it was to leave none. */
  artifactCount?: number;
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

/** Why a box's word is not to be trusted. */
export type Stain = 'rogue' | 'restored' | 'twin';

/** A check that failed. */
export interface Violation {
  readonly check: string;
  readonly message: string;
  readonly about?: JobId;
}

/** A time in which a box could not act; one that lasts grows. */
export interface Idle {
  readonly box: string;
  readonly at: number;
  until: number;
}

/** One run's notes. */
export class History {
  readonly processes: ProcessNote[] = [];
  readonly sights: Sight[] = [];
  /** Jobs whose dispatch was acknowledged. */
  readonly accepted = new Set<JobId>();
  /** Jobs for which a cancel was asked, acknowledged or not. */
  readonly cancels = new Set<JobId>();
  /** Jobs of which somebody asked for another attempt, acknowledged or not. */
  readonly begunByPeople = new Set<JobId>();
  /** Jobs about which somebody answered a decision, acknowledged or not. */
  readonly decided = new Set<JobId>();
  /** Workers for whom a revoke was asked, acknowledged or not. */
  readonly revokes = new Set<PeerKey>();
  /** When a revoke was acknowledged. */
  readonly revokedAt = new Map<PeerKey, number>();
  /** When a frame of the hub's last left for this worker, but for one that says that it is revoked. */
  readonly sentTo = new Map<PeerKey, number>();
  /** When the hub first said yes to this one-time key. */
  readonly pairedAt = new Map<PeerKey, number>();
  /** What verbs that waited for an end said of it. */
  readonly told: { readonly attempt: AttemptId; readonly outcome: Outcome }[] = [];
  /** What followers of logs were told. */
  readonly readings: Reading[] = [];
  /** What screens were told. */
  readonly screens: Screen[] = [];
  /** Attempts whose start the workshop refused. */
  readonly refusals = new Set<AttemptId>();
  /** Boxes of agents whose disk was full at some time; they may refuse work. */
  readonly fullBoxes = new Set<string>();
  /** Ends of agent processes, by box. */
  readonly agentEnds: { readonly box: string; readonly at: number; readonly how: string }[] = [];
  /** When a frame of this box came to a hub that was linked with it, ascending. */
  readonly arrivals = new Map<string, number[]>();
  /** When each attempt's command first left the hub. */
  readonly leftAt = new Map<AttemptId, number>();
  /** Attempts whose cancel left the hub. */
  readonly cancelled = new Set<AttemptId>();
  /** By box: when an answer to a ping became good, and when that ping had left. */
  readonly answered = new Map<string, { readonly at: number; readonly sentAt: number }[]>();
  /** The same for answers that the box by its own word must have taken as good. */
  readonly confirmed = new Map<string, { readonly at: number; readonly sentAt: number }[]>();
  /** By box: when the hub's clock was read for it, and how long after that was asked for. */
  readonly clockReads = new Map<string, { readonly at: number; readonly tookMs: number }[]>();
  /** Times in which a box could not act: paused, dead, or waiting for its disk. */
  readonly idle: Idle[] = [];
  /** Guards of leases that died by themselves. */
  readonly guardEnds: { readonly box: string; readonly at: number }[] = [];
  /** Work that ran, and was ended by a guard before its agent had asked it to end. */
  readonly guardActs: {
    readonly attempt: AttemptId;
    readonly box: string;
    readonly at: number;
  }[] = [];
  /** Boxes whose agent was no honest one, or not the only one. */
  readonly stains = new Map<string, Set<Stain>>();
  /** Was the hub's disk restored from a copy? Then its numbers may have been given twice. */
  isHubRestored = false;
  /** From then on nothing went wrong any more. */
  healedAt = Number.POSITIVE_INFINITY;
  readonly violations: Violation[] = [];
  readonly counts = new Map<string, number>();

  noteArrival(box: string, at: number): void {
    const known = this.arrivals.get(box);
    if (known === undefined) this.arrivals.set(box, [at]);
    else known.push(at);
  }

  noteConfirmed(box: string, answer: { readonly at: number; readonly sentAt: number }): void {
    const known = this.confirmed.get(box);
    if (known === undefined) this.confirmed.set(box, [answer]);
    else known.push(answer);
  }

  noteAnswered(box: string, answer: { readonly at: number; readonly sentAt: number }): void {
    const known = this.answered.get(box);
    if (known === undefined) this.answered.set(box, [answer]);
    else known.push(answer);
  }

  noteClockRead(box: string, read: { readonly at: number; readonly tookMs: number }): void {
    const known = this.clockReads.get(box);
    if (known === undefined) this.clockReads.set(box, [read]);
    else known.push(read);
  }

  stain(box: string, stain: Stain): void {
    this.stains.set(box, (this.stains.get(box) ?? new Set()).add(stain));
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  violate(violation: Violation): void {
    this.violations.push(violation);
  }
}
