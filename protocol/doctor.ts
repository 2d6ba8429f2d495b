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
import { findingsBytesMax, findingsMax, findingTextLettersMax } from './limits.ts';
import { peerText } from './peer-text.ts';

/** What a check is about. */
export type CheckArea = 'home' | 'box' | 'store' | 'jobs' | 'logs' | 'workers' | 'link' | 'cockpit';

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
  readonly reach: FixReach;
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

/**
 * A finding as it is shown, in JSON too. `id` is its check's. An older worker says only what is not
 * optional.
 */
export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly seen: string;
  readonly wanted: string;
  readonly advice: string;
  readonly worker?: string;
  /** What the check holds to be true, and why anybody should care. */
  readonly title?: string;
  readonly why?: string;
  readonly area?: string;
  /** Tells it from others of the same check; with the id it names what one fix is about. */
  readonly subject?: string;
  /** What its fix would do, and from where it may be asked for. */
  readonly plan?: string;
  readonly fixable?: FixReach;
  /** Its fix was applied and it is still there: what went wrong, as far as is known. */
  readonly failure?: string;
}

/** From where a fix may be asked for: from another box too, or only on the box itself. */
export type FixReach = 'anywhere' | 'here';

/** One finding, as somebody asks for its fix; all of the check where no subject is named. */
export interface FindingName {
  readonly id: string;
  readonly subject?: string;
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
  title: peerText(findingTextLettersMax).exactOptional(),
  why: peerText(findingTextLettersMax).exactOptional(),
  area: peerText(16).exactOptional(),
  subject: peerText(findingTextLettersMax).exactOptional(),
  plan: peerText(findingTextLettersMax).exactOptional(),
  fixable: z.enum(['anywhere', 'here']).exactOptional(),
  failure: peerText(findingTextLettersMax).exactOptional(),
});

/** A finding's name as it travels. */
export const findingNameSchema = z.object({
  id: peerText(64),
  subject: peerText(findingTextLettersMax).exactOptional(),
});

interface Found<W> {
  readonly check: Check<never, W>;
  readonly evidence: Evidence;
}

/** Runs the whole flow; `only` is the one finding to mend. Errors: what `gather` throws. */
export async function runDoctor<S, W>(
  doctor: Doctor<S, W>,
  mode: DoctorMode,
  only?: FindingName,
): Promise<DoctorReport> {
  const before = diagnoseAll(doctor.checks, await doctor.gather());
  const isApplicable = ({ check }: Found<W>) =>
    check.fix !== undefined && (mode === 'fix' || check.fix.reach === 'anywhere');
  const planned = mode === 'look' ? [] : before.filter(isApplicable).filter(isWanted(only));
  if (planned.length === 0) return { findings: before.map(present), fixed: [] };
  const failures = new Map<string, string>();
  for (const found of planned) failures.set(nameFound(found), await applyFix(doctor, found));
  const after = diagnoseAll(doctor.checks, await doctor.gather());
  const left = new Set(after.map(nameFound));
  const fixed = planned.filter((found) => !left.has(nameFound(found)));
  const findings = after.map((found) => {
    const failure = failures.get(nameFound(found));
    return failure === undefined ? present(found) : { ...present(found), failure };
  });
  return { findings, fixed: fixed.map(present) };
}

/** What these checks find in a snapshot: for a doctor that gathers nothing and mends nothing. */
export function diagnose<S, W>(checks: readonly Check<S, W>[], snapshot: S): readonly Finding[] {
  return diagnoseAll(checks, snapshot).map(present);
}

function isWanted<W>(only: FindingName | undefined): (found: Found<W>) => boolean {
  return ({ check, evidence }) =>
    only === undefined ||
    (check.id === only.id && (only.subject === undefined || evidence.subject === only.subject));
}

/** What a doctor can find, in the order in which it looks. */
export function listChecks<S, W>(checks: readonly Check<S, W>[]): readonly CheckRow[] {
  return checks.map(({ id, title, area, fix }) => ({ id, title, area, fix: fix !== undefined }));
}

/** A finding cut to what a frame may carry. */
export function cutFinding(finding: Finding): Omit<Finding, 'worker'> {
  const { worker: _worker, ...rest } = finding;
  const cut = Object.entries(rest).map(([name, text]) => [
    name,
    text.slice(0, findingTextLettersMax),
  ]);
  return Object.fromEntries(cut);
}

/** A report cut to what a frame may carry: what was fixed needs no reasons, and the first findings go before the rest. */
export function cutReport({ findings, fixed }: DoctorReport): {
  readonly findings: Omit<Finding, 'worker'>[];
  readonly fixed: Omit<Finding, 'worker'>[];
} {
  const bare = fixed.map(({ id, severity, seen, wanted, advice }) => ({
    ...{ id, severity, seen, wanted, advice },
  }));
  return {
    findings: takeFitting(findings.map(cutFinding)),
    fixed: takeFitting(bare.map(cutFinding)),
  };
}

function takeFitting<T extends object>(cut: readonly T[]): T[] {
  let left = findingsBytesMax;
  const isOver = (finding: T) => {
    for (const text of Object.values(finding)) left -= Buffer.byteLength(text);
    return left < 0;
  };
  const end = cut.findIndex(isOver);
  return cut.slice(0, end < 0 ? cut.length : end);
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

/** Resolves with what is to be said where the finding is still there afterwards. */
async function applyFix<S, W>(
  doctor: Doctor<S, W>,
  { check, evidence }: Found<W>,
): Promise<string> {
  const { fix } = check;
  if (fix === undefined) return 'It has no fix.';
  doctor.noticed(`doctor: ${check.id}: ${fix.plan(evidence)}`);
  try {
    await fix.apply(doctor.world, evidence);
    return 'Its fix went through, and it is still there.';
  } catch (thrown) {
    const { message } = wrapError(thrown, 'HUB_INTERNAL');
    doctor.noticed(`doctor: ${check.id}: ${message}`);
    return `Its fix failed: ${message}`;
  }
}

/** The plan of a fix is its advice, so that everybody reads what `--fix` would do. */
function present<W>({ check, evidence }: Found<W>): Finding {
  const { seen, wanted, worker, subject } = evidence;
  const { id, severity, title, why, area } = check;
  // Evidence that the check itself failed is nothing that its fix could mend.
  const fix = subject === 'check' ? undefined : check.fix;
  const plan = fix?.plan(evidence);
  const advice = plan === undefined ? evidence.advice : `${evidence.advice} --fix: ${plan}`;
  return {
    ...{ id, severity, seen, wanted, advice, title, why, area, subject },
    ...(worker === undefined ? {} : { worker }),
    ...(fix === undefined || plan === undefined ? {} : { plan, fixable: fix.reach }),
  };
}

function nameFinding({ id, worker }: Finding): string {
  return worker === undefined ? id : `${id} (${worker})`;
}

function nameFound<W>({ check, evidence }: Found<W>): string {
  return `${check.id} ${evidence.worker ?? ''} ${evidence.subject}`;
}
