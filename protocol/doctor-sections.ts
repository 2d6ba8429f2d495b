/*
 * How a doctor looks: sections of facts, each with the checks that judge it, side by side in bounded time.
 *
 * Quick sections begin at once, slow ones when those are done or have had their head start; all of
 * them have ended or are given up by one deadline. A section that fails or is late is evidence itself
 * and hides nothing that others found. It changes nothing.
 */
import type { Check, CheckRow, Evidence } from './doctor.ts';
import { examineMsMax, quickSectionMsMax } from './limits.ts';
import type { Ports } from './ports.ts';

/** A part of what a doctor looks at. `C` is what sections are given, and fixes too; `S` its facts. */
export interface SectionPlan<C, S> {
  /** A word, unique in its doctor. */
  readonly name: string;
  /** `slow`: it runs programs, waits, or walks over what may be much. */
  readonly pace: 'quick' | 'slow';
  /** Milliseconds after which it is given up; the deadline of all where absent. */
  readonly msMax?: number;
  gather(context: C): Promise<S>;
  /** In the order in which they are shown. */
  readonly checks: readonly Check<S, C>[];
}

/** A section whose facts are nobody else's affair. */
export interface Section<C> extends Omit<SectionPlan<C, unknown>, 'gather' | 'checks'> {
  readonly checks: readonly Check<never, C>[];
  /** Gathers and diagnoses. Errors: what gathering throws. */
  look(context: C): Promise<readonly Found<C>[]>;
}

/** Evidence, and the check that gave it. */
export interface Found<C> {
  readonly check: Check<never, C>;
  readonly evidence: Evidence;
}

/** What was found, in the order of the sections; `blind` are the checks that could not answer. */
export interface Examination<C> {
  readonly found: readonly Found<C>[];
  readonly blind: ReadonlySet<Check<never, C>>;
}

/** Checks the types of a section and hides them. */
export function defineSection<C, S>(plan: SectionPlan<C, S>): Section<C> {
  return {
    ...plan,
    look: async (context) => {
      const facts = await plan.gather(context);
      return plan.checks.flatMap((check) =>
        diagnoseOne(check, facts).map((evidence) => ({ check, evidence })),
      );
    },
  };
}

/** What the doctor says of itself. */
export const blindCheck: Check<never, unknown> = {
  id: 'doctor-blind',
  title: 'the doctor could look at everything',
  why: 'What could not be looked at may be broken.',
  area: 'box',
  severity: 'warning',
  cost: 'free',
  diagnose: () => [],
};

/** What can be found, in the order in which it is looked for. */
export function listChecks<C>(sections: readonly Section<C>[]): readonly CheckRow[] {
  const checks: readonly Check<never, C>[] = [
    ...sections.flatMap((section) => section.checks),
    blindCheck,
  ];
  return checks.map(({ id, title, area, fix }) => ({ id, title, area, fix: fix !== undefined }));
}

/** Looks at all of these. Never rejects. */
export async function examine<C>(
  sections: readonly Section<C>[],
  context: C,
  { clock, timers }: Pick<Ports, 'clock' | 'timers'>,
): Promise<Examination<C>> {
  const deadline = clock.monotonicMs() + examineMsMax;
  const look = (section: Section<C>): Promise<Look<C>> => {
    const left = Math.max(0, deadline - clock.monotonicMs());
    return lookWithin(section, context, { timers, msMax: Math.min(left, section.msMax ?? left) });
  };
  const quick = sections.filter(({ pace }) => pace === 'quick').map(look);
  await new Promise<void>((resolve) => {
    const cancel = timers.after(quickSectionMsMax, resolve);
    void Promise.all(quick).then(() => {
      cancel();
      resolve();
    });
  });
  const slow = sections.filter(({ pace }) => pace === 'slow').map(look);
  const looks = new Map((await Promise.all([...quick, ...slow])).map((one) => [one.section, one]));
  const ordered = sections.flatMap((section) => looks.get(section) ?? []);
  return {
    found: ordered.flatMap(({ found }) => found),
    blind: new Set(ordered.flatMap(({ isBlind, section }) => (isBlind ? section.checks : []))),
  };
}

interface Look<C> {
  readonly section: Section<C>;
  readonly found: readonly Found<C>[];
  readonly isBlind: boolean;
}

function lookWithin<C>(
  section: Section<C>,
  context: C,
  { timers, msMax }: Pick<Ports, 'timers'> & { readonly msMax: number },
): Promise<Look<C>> {
  const blind = (seen: string): Look<C> => {
    const evidence = {
      subject: section.name,
      seen,
      wanted: 'Facts.',
      advice: `Look again; if it stays so, look at ${section.name} by hand.`,
    };
    return { section, found: [{ check: blindCheck, evidence }], isBlind: true };
  };
  return new Promise((resolve) => {
    const cancel = timers.after(msMax, () =>
      resolve(blind(`Looking at ${section.name} took longer than ${Math.round(msMax)} ms.`)),
    );
    void section
      .look(context)
      .then(
        (found): Look<C> => ({ section, found, isBlind: false }),
        (thrown: unknown) => blind(`Looking at ${section.name} failed: ${wordsOf(thrown)}`),
      )
      .then((one) => {
        cancel();
        resolve(one);
      });
  });
}

/** A check that breaks says so instead of hiding what the others found. */
export function diagnoseOne<S, C>(check: Check<S, C>, facts: S): readonly Evidence[] {
  try {
    return check.diagnose(facts);
  } catch (thrown) {
    const seen = `The check itself failed: ${wordsOf(thrown)}`;
    return [{ subject: 'check', seen, wanted: 'An answer.', advice: 'Report this.' }];
  }
}

/** What a failure says, whatever was thrown. */
export function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
