/*
 * The check contract: what a doctor asks, how a finding looks, and how both travel.
 *
 * A check is one small object beside what it checks. Its diagnosis is a function of a snapshot that
 * was gathered once; only a fix touches the world, and it never destroys what was not delivered. How
 * snapshots come about is `doctor-sections`, the one flow that may say "fixed" is `doctor-run`.
 * Source: DESIGN section 9; react-native cli-doctor, with the re-check that it lacks.
 */
import { z } from 'zod';
import { AppError } from './errors.ts';
import { findingsBytesMax, findingTextLettersMax } from './limits.ts';
import { peerText } from './peer-text.ts';

/** What a check is about. */
export type CheckArea = (typeof checkAreas)[number];

/** In the order in which help names them. */
export const checkAreas = [
  'home',
  'config',
  'box',
  'store',
  'jobs',
  'logs',
  'workers',
  'link',
  'network',
  'service',
  'trust',
  'tools',
  'terminal',
] as const;

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

/** What is asked of a doctor: of one area alone, where one is named; `only` is the one finding to mend. */
export interface DoctorWish {
  readonly mode: DoctorMode;
  readonly only?: FindingName;
  readonly area?: string;
}

/** A report, and where it was only asked for it what a fix would do. */
export interface DoctorAnswer extends DoctorReport {
  readonly planned?: readonly Finding[];
  /** The workers and the area that were looked at, where it was not all; for people, who read no more than this. */
  readonly on?: readonly string[];
  readonly area?: CheckArea;
}

/** The findings whose fixes would be applied: from here all of them, on a worker what is safe. */
export function planFixes(
  findings: readonly Finding[],
  { mode, only }: DoctorWish,
): readonly Finding[] {
  return findings.filter(({ id, subject, plan, fixable, worker }) => {
    if (plan === undefined || mode === 'look') return false;
    const isNamed = only?.subject === undefined || only.subject === subject;
    if (only !== undefined && (only.id !== id || !isNamed)) return false;
    return fixable === 'anywhere' || (mode === 'fix' && worker === undefined);
  });
}

/** `ID` or `ID:SUBJECT`, as a person types it. */
export function parseFindingName(text: string): FindingName {
  const place = text.indexOf(':');
  if (place < 0) return { id: text };
  return { id: text.slice(0, place), subject: text.slice(place + 1) };
}

/** Refuses the name of a check that nobody has, which would mend nothing and look well. Errors: USAGE_ARGUMENT. */
export function expectKnown(only: FindingName | undefined, rows: readonly CheckRow[]): void {
  if (only === undefined || rows.some(({ id }) => id === only.id)) return;
  throw new AppError(
    'USAGE_ARGUMENT',
    `doctor: there is no check "${only.id}"; --list names them all.`,
  );
}

/** An area, as a person types it. Errors: USAGE_ARGUMENT, naming those that there are. */
export function parseArea(text: string): CheckArea {
  const area = checkAreas.find((word) => word === text);
  if (area !== undefined) return area;
  throw new AppError('USAGE_ARGUMENT', `doctor: the areas are ${checkAreas.join(', ')}.`);
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

/** What a check says that finds one thing or none. */
export function listOne(evidence: Evidence | undefined): readonly Evidence[] {
  return evidence === undefined ? [] : [evidence];
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
