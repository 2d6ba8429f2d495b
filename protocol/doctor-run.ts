/*
 * The one flow that may say "fixed": look, mend, look again.
 *
 * A finding is fixed when the second look does not have it any more and did look at it, whatever the
 * fix believes of itself. What opened for a round of looking is closed after it, also when that fails.
 * The worst is said first, and no check with many findings crowds out the others.
 */
import type { Check, DoctorReport, DoctorWish, Finding, FindingName, Severity } from './doctor.ts';
import {
  diagnoseOne,
  type Examination,
  examine,
  type Found,
  type Section,
  wordsOf,
} from './doctor-sections.ts';
import { findingsMax, findingsOfCheckMax } from './limits.ts';
import type { Ports } from './ports.ts';

/** One doctor. `C` is what its sections and fixes are given. */
export interface Doctor<C> {
  readonly sections: readonly Section<C>[];
  /** Begins a round of looking. */
  readonly open: () => Promise<Round<C>>;
  readonly ports: Pick<Ports, 'clock' | 'timers'>;
  /** Told what is about to be done, and what failed. */
  readonly noticed: (line: string) => void;
}

/** One round: what was opened for it, and its end. */
export interface Round<C> {
  readonly context: C;
  close(): Promise<void>;
}

/** Runs the whole flow. Errors: what opening a round throws. */
export async function runDoctor<C>(doctor: Doctor<C>, wish: DoctorWish): Promise<DoctorReport> {
  const { mode, only } = wish;
  const isApplicable = ({ check, evidence }: Found<C>) =>
    check.fix !== undefined &&
    evidence.subject !== 'check' &&
    (mode === 'fix' || check.fix.reach === 'anywhere');
  const failures = new Map<string, string>();
  const { before, planned } = await withRound(doctor, async (context) => {
    const { found } = await look(doctor, wish, context);
    const wanted =
      mode === 'look' ? [] : found.filter(isApplicable).filter((one) => isWanted(one, only));
    for (const one of wanted) failures.set(nameFound(one), await applyFix(doctor, context, one));
    return { before: found, planned: wanted };
  });
  if (planned.length === 0) return { findings: presentAll(before), fixed: [] };
  const after = await withRound(doctor, (context) => look(doctor, wish, context));
  const left = new Set(after.found.map(nameFound));
  const fixed = planned.filter((one) => !left.has(nameFound(one)) && !after.blind.has(one.check));
  return { findings: presentAll(after.found, failures), fixed: presentAll(fixed) };
}

/** What these checks find in a snapshot: for a doctor that gathers nothing and mends nothing. */
export function diagnose<S, C>(checks: readonly Check<S, C>[], facts: S): readonly Finding[] {
  const found = checks.flatMap((check) =>
    diagnoseOne(check, facts).map((evidence) => ({ check, evidence })),
  );
  return presentAll(found);
}

async function withRound<C, T>(doctor: Doctor<C>, work: (context: C) => Promise<T>): Promise<T> {
  const round = await doctor.open();
  try {
    return await work(round.context);
  } finally {
    await round.close();
  }
}

/** Only sections that have a check of the area are looked at. */
async function look<C>(
  { sections, ports }: Doctor<C>,
  { area }: DoctorWish,
  context: C,
): Promise<Examination<C>> {
  if (area === undefined) return examine(sections, context, ports);
  const isAsked = (check: Check<never, C>) => check.area === area;
  const asked = sections.filter(({ checks }) => checks.some(isAsked));
  const { found, blind } = await examine(asked, context, ports);
  const known = new Set(asked.flatMap(({ checks }) => checks));
  // What the doctor says of itself belongs to every area.
  return { found: found.filter(({ check }) => isAsked(check) || !known.has(check)), blind };
}

function isWanted<C>({ check, evidence }: Found<C>, only: FindingName | undefined): boolean {
  if (only === undefined) return true;
  const isNamed = only.subject === undefined || evidence.subject === only.subject;
  return check.id === only.id && isNamed;
}

/** Resolves with what is to be said where the finding is still there afterwards. */
async function applyFix<C>(
  { noticed }: Doctor<C>,
  context: C,
  { check, evidence }: Found<C>,
): Promise<string> {
  const { fix } = check;
  if (fix === undefined) return 'It has no fix.';
  noticed(`doctor: ${check.id}: ${fix.plan(evidence)}`);
  try {
    await fix.apply(context, evidence);
    return 'Its fix went through, and it is still there.';
  } catch (thrown) {
    const message = wordsOf(thrown);
    noticed(`doctor: ${check.id}: ${message}`);
    return `Its fix failed: ${message}`;
  }
}

const severities: readonly Severity[] = ['error', 'warning'];

/** The worst first; where there are too many, every check says its first ones. */
function presentAll<C>(
  found: readonly Found<C>[],
  failures: ReadonlyMap<string, string> = new Map(),
): readonly Finding[] {
  const counts = new Map<string, number>();
  const ranked = found.map((one) => {
    const count = counts.get(one.check.id) ?? 0;
    counts.set(one.check.id, count + 1);
    return { one, isSpare: count >= findingsOfCheckMax };
  });
  const inOrder = severities.flatMap((severity) =>
    ranked.filter(({ one }) => one.check.severity === severity),
  );
  const kept = new Set(
    [...inOrder.filter(({ isSpare }) => !isSpare), ...inOrder.filter(({ isSpare }) => isSpare)]
      .slice(0, findingsMax)
      .map(({ one }) => one),
  );
  return inOrder
    .filter(({ one }) => kept.has(one))
    .map(({ one }) => {
      const failure = failures.get(nameFound(one));
      return failure === undefined ? present(one) : { ...present(one), failure };
    });
}

/** The plan of a fix is its advice, so that everybody reads what `--fix` would do. */
function present<C>({ check, evidence }: Found<C>): Finding {
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

function nameFound<C>({ check, evidence }: Found<C>): string {
  return `${check.id} ${evidence.worker ?? ''} ${evidence.subject}`;
}
