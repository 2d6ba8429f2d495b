/*
 * The check contract: what a doctor asks, how a finding looks, and the one flow that may say "fixed".
 *
 * A check is one small object beside what it checks. Its diagnosis is a function of a snapshot that
 * was gathered once; only a fix touches the world, and it never destroys what was not delivered. The
 * flow is: gather, diagnose all, apply fixes, gather and diagnose again; a finding is fixed when the
 * second diagnosis does not have it any more, whatever the fix believes of itself.
 * Source: DESIGN section 9; react-native cli-doctor, with the re-check that it lacks.
 */
import { z } from 'zod';
import { wrapError } from './errors.ts';
import { findingsMax, findingTextLettersMax } from './limits.ts';
import { peerText } from './peer-text.ts';

/** What a check is about. */
export type CheckArea = 'home' | 'box' | 'store' | 'jobs' | 'logs' | 'workers' | 'link';

/** `error`: something does not work or is unsafe. `warning`: it will not, if nobody acts. */
export type Severity = 'error' | 'warning';

/** One answer of a check. `subject` tells it from others of the same check, and what its fix is about. */
export interface Evidence {
  readonly subject: string;
  readonly seen: string;
  readonly wanted: string;
  readonly advice: string;
  /** Name of the worker that it is about. */
  readonly worker?: string;
}

/** A planned repair. `W` is what it may touch. */
export interface Fix<W> {
  /** May it be applied when asked from another box? */
  readonly reach: 'anywhere' | 'here';
  /** What it will do, as a sentence. */
  plan(evidence: Evidence): string;
  /** Does it; safe to repeat. Whatever it throws leaves the finding standing. */
  apply(world: W, evidence: Evidence): Promise<void>;
}

/** One check over snapshots `S`. */
export interface Check<S, W> {
  readonly id: string;
  readonly title: string;
  /** Why anybody should care, a sentence. */
  readonly why: string;
  readonly area: CheckArea;
  readonly severity: Severity;
  /** Is the snapshot's part for it free, a few reads, or a walk over many things? */
  readonly cost: 'free' | 'reads' | 'walks';
  /** Pure. Empty when all is well, and when the snapshot cannot say. */
  diagnose(snapshot: S): readonly Evidence[];
  readonly fix?: Fix<W>;
}

/** A finding as it is shown, in JSON too. `id` is its check's. */
export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly seen: string;
  readonly wanted: string;
  readonly advice: string;
  readonly worker?: string;
}

/** What a doctor says in the end. */
export interface DoctorReport {
  readonly findings: readonly Finding[];
  /** Found at first, acted upon, and not there any more. */
  readonly fixed: readonly Finding[];
}

/** One row of `doctor --list`. */
export interface CheckRow {
  readonly id: string;
  readonly title: string;
  readonly area: CheckArea;
  readonly fix: boolean;
}

/** `look` only diagnoses; `fix-safe` applies what may be asked for from another box. */
export type DoctorMode = 'look' | 'fix' | 'fix-safe';

/** One doctor: its checks, how a snapshot comes about, and what fixes may touch. */
export interface Doctor<S, W> {
  readonly checks: readonly Check<S, W>[];
  readonly gather: () => Promise<S>;
  readonly world: W;
  /** Told what is about to be done, and what failed. */
  readonly noticed: (line: string) => void;
}

/** A finding as it travels: a newer worker's words are shown, whatever they are. */
export const findingSchema = z.object({
  id: peerText(64),
  severity: peerText(16).transform((word): Severity => (word === 'warning' ? 'warning' : 'error')),
  seen: peerText(findingTextLettersMax),
  wanted: peerText(findingTextLettersMax),
  advice: peerText(findingTextLettersMax),
});

interface Found<W> {
  readonly check: Check<never, W>;
  readonly evidence: Evidence;
}

/** Runs the whole flow. Errors: what `gather` throws. */
export async function runDoctor<S, W>(
  doctor: Doctor<S, W>,
  mode: DoctorMode,
): Promise<DoctorReport> {
  const before = diagnoseAll(doctor.checks, await doctor.gather());
  const isApplicable = ({ check }: Found<W>) =>
    check.fix !== undefined && (mode === 'fix' || check.fix.reach === 'anywhere');
  const planned = mode === 'look' ? [] : before.filter(isApplicable);
  if (planned.length === 0) return { findings: before.map(present), fixed: [] };
  for (const found of planned) await applyFix(doctor, found);
  const after = diagnoseAll(doctor.checks, await doctor.gather());
  const left = new Set(after.map(nameFound));
  const fixed = planned.filter((found) => !left.has(nameFound(found)));
  return { findings: after.map(present), fixed: fixed.map(present) };
}

/** What a doctor can find, in the order in which it looks. */
export function listChecks<S, W>(checks: readonly Check<S, W>[]): readonly CheckRow[] {
  return checks.map(({ id, title, area, fix }) => ({ id, title, area, fix: fix !== undefined }));
}

/** A finding cut to what a frame may carry. */
export function cutFinding(finding: Finding): Omit<Finding, 'worker'> {
  const cut = (text: string) => text.slice(0, findingTextLettersMax);
  const { id, severity, seen, wanted, advice } = finding;
  return { id, severity, seen: cut(seen), wanted: cut(wanted), advice: cut(advice) };
}

/** A report as people read it; `whom` says of what it is. */
export function describeReport({ findings, fixed }: DoctorReport, whom: string): string {
  const lines = [
    ...fixed.map((finding) => `fixed    ${nameFinding(finding)}: ${finding.seen}`),
    ...findings.flatMap((finding) => [
      `${finding.severity.padEnd(8)} ${nameFinding(finding)}: ${finding.seen}`,
      `         wanted: ${finding.wanted} ${finding.advice}`,
    ]),
  ];
  if (findings.length === 0) lines.push(`Nothing is wrong with ${whom}.`);
  return lines.join('\n');
}

/** What can be found, as people read it. */
export function describeChecks(rows: readonly CheckRow[]): string {
  const line = ({ id, area, title, fix }: CheckRow) =>
    `${id.padEnd(22)} ${area.padEnd(8)} ${title}${fix ? ' (can be fixed)' : ''}`;
  return rows.map(line).join('\n');
}

function diagnoseAll<S, W>(checks: readonly Check<S, W>[], snapshot: S): readonly Found<W>[] {
  const found = checks.flatMap((check) =>
    diagnoseOne(check, snapshot).map((evidence) => ({ check, evidence })),
  );
  return found.slice(0, findingsMax);
}

/** A check that breaks says so instead of hiding what the others found. */
function diagnoseOne<S, W>(check: Check<S, W>, snapshot: S): readonly Evidence[] {
  try {
    return check.diagnose(snapshot);
  } catch (thrown) {
    const { message } = wrapError(thrown, 'HUB_INTERNAL');
    const seen = `The check itself failed: ${message}`;
    return [{ subject: 'check', seen, wanted: 'An answer.', advice: 'Report this.' }];
  }
}

async function applyFix<S, W>(doctor: Doctor<S, W>, { check, evidence }: Found<W>): Promise<void> {
  const { fix } = check;
  if (fix === undefined) return;
  doctor.noticed(`doctor: ${check.id}: ${fix.plan(evidence)}`);
  try {
    await fix.apply(doctor.world, evidence);
  } catch (thrown) {
    doctor.noticed(`doctor: ${check.id}: ${wrapError(thrown, 'HUB_INTERNAL').message}`);
  }
}

/** The plan of a fix is its advice, so that everybody reads what `--fix` would do. */
function present<W>({ check, evidence }: Found<W>): Finding {
  const { seen, wanted, worker } = evidence;
  const { id, severity, fix } = check;
  const isOwn = evidence.subject !== 'check';
  const advice =
    fix === undefined || !isOwn
      ? evidence.advice
      : `${evidence.advice} --fix: ${fix.plan(evidence)}`;
  return { id, severity, seen, wanted, advice, ...(worker === undefined ? {} : { worker }) };
}

function nameFinding({ id, worker }: Finding): string {
  return worker === undefined ? id : `${id} (${worker})`;
}

function nameFound<W>({ check, evidence }: Found<W>): string {
  return `${check.id} ${evidence.worker ?? ''} ${evidence.subject}`;
}
