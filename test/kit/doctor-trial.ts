/*
 * How every check is tried: broken for real, found with its evidence, mended, and found no more.
 *
 * A trial says how the thing breaks and what must be seen. The rest is the same for all: before it there
 * is no such finding; a fix that is for this box alone is not applied from afar; only the look after the
 * fix counts; and one more look is clean. A check without a fix is mended as a person would.
 */
import { expect, test } from 'vitest';
import type { DoctorReport, DoctorWish, Finding } from '../../protocol/doctor.ts';

/** Whom a doctor looks at in a trial. */
export interface Patient {
  diagnose(wish: DoctorWish): Promise<DoctorReport>;
  close(): Promise<void>;
}

/** One check's trial. */
export interface Trial<P> {
  /** Breaks it, really. */
  breaks(patient: P): unknown;
  /** What the evidence says. */
  readonly seen: RegExp;
  /** From where its fix may be asked for; absent where it has none. */
  readonly fix?: 'anywhere' | 'here';
  /** What a person does about it, where there is no fix. */
  mend?(patient: P): unknown;
  /** What the fix must have done, and what it must have left alone. */
  after?(patient: P): unknown;
  /** Why it cannot be tried here; undefined where it can. */
  readonly skipped?: string | undefined;
}

/** Tries these checks, each on a patient of its own. */
export function tryChecks<P extends Patient>(
  open: () => Promise<P>,
  trials: Readonly<Record<string, Trial<P>>>,
): void {
  for (const [id, trial] of Object.entries(trials)) {
    test.skipIf(trial.skipped !== undefined)(`${id}: ${describe(trial)}`, async () => {
      const patient = await open();
      try {
        await run(patient, id, trial);
      } finally {
        await patient.close();
      }
    });
  }
}

function describe({ fix, skipped }: Trial<never>): string {
  if (skipped !== undefined) return `not tried: ${skipped}`;
  if (fix === undefined) return 'what is broken is found, and not found any more once it is mended';
  return `what is broken is found and mended${fix === 'here' ? ', but not from afar' : ''}`;
}

async function run<P extends Patient>(patient: P, id: string, trial: Trial<P>): Promise<void> {
  const find = async (wish: DoctorWish) => {
    const { findings, fixed } = await patient.diagnose(wish);
    const pick = (list: readonly Finding[]) => list.filter((finding) => finding.id === id);
    return { findings: pick(findings), fixed: pick(fixed) };
  };
  expect(await find({ mode: 'look' }), `${id} in a sound patient`).toEqual(none);
  await trial.breaks(patient);
  const { findings } = await find({ mode: 'look' });
  expect(findings.map(({ seen }) => seen).join('\n')).toMatch(trial.seen);
  for (const { wanted, advice, why, title, fixable } of findings) {
    expect([wanted, advice, why, title].every((text) => text !== undefined && text !== '')).toBe(
      true,
    );
    expect(fixable).toBe(trial.fix);
  }
  if (trial.fix === undefined) await trial.mend?.(patient);
  else await expectFixed(find, trial.fix);
  expect(await find({ mode: 'look' }), `${id} after its fix`).toEqual(none);
  await trial.after?.(patient);
}

const none = { findings: [], fixed: [] };

async function expectFixed(
  find: (wish: DoctorWish) => Promise<DoctorReport>,
  reach: 'anywhere' | 'here',
): Promise<void> {
  if (reach === 'here') {
    const { findings, fixed } = await find({ mode: 'fix-safe' });
    expect({ isLeft: findings.length > 0, fixed }).toEqual({ isLeft: true, fixed: [] });
  }
  const { findings, fixed } = await find({ mode: reach === 'here' ? 'fix' : 'fix-safe' });
  expect(findings).toEqual([]);
  expect(fixed.length).toBeGreaterThan(0);
}
