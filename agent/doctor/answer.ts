/*
 * Answering the hub's question for a diagnosis.
 *
 * What is asked from afar may only look, and mend what is marked as safe from anywhere. A diagnosis
 * that fails is not answered: the hub says that it heard nothing, and this box's log says why.
 */
import { cutReport, type DoctorReport, type DoctorWish } from '../../protocol/doctor.ts';
import { type AppError, wrapError } from '../../protocol/errors.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';
import type { Policies } from '../policy/policies.ts';

/** Diagnoses this agent and its home. */
export type Diagnose = (wish: DoctorWish) => Promise<DoctorReport>;

/** What an answer needs. */
export interface AnswerParts {
  readonly diagnose: Diagnose;
  readonly send: (frame: OwnerFrame) => void;
  readonly noticed: (line: string) => void;
  readonly policies: Policies;
}

/** Diagnoses and answers; a fix that the policy forbids is named with each finding that it leaves. Never rejects. */
export async function answerDoctor(
  { id, fix, ...rest }: Extract<OwnerFrame, { t: 'doctor-ask' }>,
  { diagnose, send, noticed, policies }: AnswerParts,
): Promise<void> {
  try {
    const { t: _t, ...what } = rest;
    const refusal = fix ? policies.findRefusal({ asks: 'fix' }) : undefined;
    const mode = fix && refusal === undefined ? 'fix-safe' : 'look';
    const report = await diagnose({ mode, ...what });
    send({ t: 'doctor', id, ...cutReport(noteRefusal(report, refusal)) });
  } catch (thrown) {
    noticed(`the diagnosis failed: ${wrapError(thrown, 'STORE_IO').message}`);
  }
}

function noteRefusal(report: DoctorReport, refusal: AppError | undefined): DoctorReport {
  if (refusal === undefined) return report;
  const failure = `Not applied: ${refusal.message} [${refusal.code}]`;
  const findings = report.findings.map((finding) =>
    finding.fixable === 'anywhere' ? { ...finding, failure } : finding,
  );
  return { ...report, findings };
}
