/*
 * What a check is: a question to the notes of a finished run, answered with what is wrong.
 *
 * A check sees everything and changes nothing. It looks at one promise only, so that its title says
 * what was broken.
 */
import type { JobDecision } from '../../../cockpit/manager/decision.ts';
import type { JobRecord } from '../../../cockpit/manager/job.ts';
import type { FactMessage } from '../../../protocol/messages.ts';
import type { AttemptId, JobId } from '../../../protocol/model.ts';
import type { LogSlice } from '../../../store/log.ts';
import type { History } from '../history.ts';
import type { TrailView } from '../trails.ts';
import type { World } from '../world.ts';

/** The hub's copy of a log, whole. */
export type LogCopy = LogSlice;

/** A report that the hub kept as late. */
export interface LateReport {
  readonly worker: string;
  readonly fact: FactMessage;
}

/** What there is to judge. `jobs` are as the hub has them in the end. */
export interface Evidence {
  readonly history: History;
  readonly jobs: readonly JobRecord[];
  /** Open ones about jobs; nothing here opens any other. */
  readonly decisions: readonly JobDecision[];
  readonly copies: ReadonlyMap<AttemptId, LogCopy>;
  /** The hub's copies of artifacts that are whole, by `J1.1/0`. */
  readonly artifacts: ReadonlyMap<string, Uint8Array>;
  readonly late: readonly LateReport[];
  readonly trails: readonly TrailView[];
  readonly world: World;
}

/** One thing that is wrong. */
export interface Finding {
  readonly message: string;
  readonly about?: JobId;
}

/** One promise, and whether it was kept. */
export interface Check {
  readonly title: string;
  readonly judge: (evidence: Evidence) => readonly Finding[];
}
