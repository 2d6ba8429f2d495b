/*
 * What must be true after a run, read from the hub and from the files that the jobs left.
 *
 * Each job is held against its proof: one outcome, at most one run, all lines or, where it was lost, a
 * beginning of them. Then the doctor is asked. A broken promise is a line of `faults`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogItem } from '../../../cockpit/verbs/shapes.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { Voice } from '../field/voice.ts';
import type { EndedJob } from './job-flow.ts';
import { countLines, readEffects } from './proof-job.ts';

/** What to look at. */
export interface VerdictPlan {
  readonly voice: Voice;
  readonly ended: readonly EndedJob[];
  readonly directory: string;
  /** Outcomes that the faults of the run may lead to. */
  readonly allowed: readonly string[];
  /** A field whose clocks are wrong on purpose is no matter for a doctor. */
  readonly doctor?: 'not asked';
  /** Checks that are right to find something after what the run does. */
  readonly mayFind?: readonly string[];
  /** Where disks are wiped, what was not copied yet is gone with them. */
  readonly logs?: 'not judged';
}

/** What was found. */
export interface Verdict {
  readonly faults: readonly string[];
  readonly outcomes: Readonly<Record<string, number>>;
  readonly doubleRuns: number;
  readonly lostLines: number;
  readonly doctor: string;
}

/** What of a doctor's finding is shown. */
interface Finding {
  readonly id: string;
  readonly seen: string;
  readonly worker?: string;
}

/** Logs may still be on their way for so long after the last outcome. */
const logMsMax = 90_000;

/** Logs that are read at once. */
const readersMax = 16;

/** Faults shown of one kind; a run that goes wrong may have ten thousand. */
const shownMax = 5;

/** Looks at everything. */
export async function judge(plan: VerdictPlan): Promise<Verdict> {
  const faults: string[] = [];
  const outcomes: Record<string, number> = {};
  let doubleRuns = 0;
  for (const { job, row } of plan.ended) {
    const outcome = row.outcome ?? 'none';
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    const isLapsed = outcome === 'cancelled' && job.leaseSeconds !== undefined;
    if (!isLapsed && !plan.allowed.includes(outcome))
      faults.push(`${row.id} ended ${outcome}: ${row.reason}`);
    const runs = readEffects(plan.directory, job.key);
    if (runs.length > 1) {
      doubleRuns += 1;
      faults.push(`${row.id} ran ${runs.length} times: ${runs.join(' ')}`);
    }
    if (outcome === 'succeeded' && runs.length === 0) faults.push(`${row.id} succeeded unrun`);
  }
  const lostLines = plan.logs === undefined ? await countLostLines(plan, faults) : 0;
  const doctor = plan.doctor ?? (await askDoctor(plan, faults));
  return { faults: shorten(faults), outcomes, doubleRuns, lostLines, doctor };
}

async function countLostLines(plan: VerdictPlan, faults: string[]): Promise<number> {
  const waiting = [...plan.ended];
  let lost = 0;
  const read = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      // Not `+= await`, which would add to what the sum was before the others had added theirs.
      const count = await judgeLog(plan.voice, next, faults);
      lost += count;
    }
  };
  await Promise.all(Array.from({ length: readersMax }, read));
  return lost;
}

/** Lines that are missing; what may still come is waited for. */
async function judgeLog(voice: Voice, ended: EndedJob, faults: string[]): Promise<number> {
  const { job, row } = ended;
  const giveUpAt = performance.now() + logMsMax;
  for (;;) {
    const text = await readText(voice, row.id);
    const count = countLines(job, text);
    if (count === undefined) {
      faults.push(
        `${row.id}: its log is not what it printed: ${JSON.stringify(text.slice(0, 200))}`,
      );
      return job.lineCount;
    }
    if (row.outcome !== 'succeeded' || count === job.lineCount) return 0;
    if (performance.now() > giveUpAt) {
      faults.push(`${row.id}: ${job.lineCount - count} of its lines are lost`);
      return job.lineCount - count;
    }
    await sleep(200);
  }
}

/** All that the hub has of the output; a gap counts as text that nobody printed. */
async function readText(voice: Voice, id: string): Promise<string> {
  const { items } = await voice.list<LogItem>('logs', { job: id });
  return items.map((item) => ('text' in item ? item.text : `[gap ${item.gapBytes}]`)).join('');
}

async function askDoctor({ voice, mayFind = [] }: VerdictPlan, faults: string[]): Promise<string> {
  try {
    const report = await voice.ask<{ findings: readonly Finding[] }>('doctor');
    const findings = report.findings.filter(({ id }) => !mayFind.includes(id));
    for (const { id, seen, worker } of findings) {
      faults.push(`doctor: ${id}${worker === undefined ? '' : ` on ${worker}`}: ${seen}`);
    }
    return findings.length === 0 ? 'finds nothing' : `finds ${findings.length}`;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'USAGE_VERB') return 'is not there yet';
    throw thrown;
  }
}

function shorten(faults: readonly string[]): readonly string[] {
  if (faults.length <= shownMax) return faults;
  return [...faults.slice(0, shownMax), `and ${faults.length - shownMax} more`];
}
