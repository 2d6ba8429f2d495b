/*
 * Answering the hub's question for a diagnosis.
 *
 * What is asked from afar may only look, and mend what is marked as safe from anywhere. A diagnosis
 * that fails is not answered: the hub says that it heard nothing, and this box's log says why.
 */
import { cutReport, type DoctorReport, type DoctorWish } from '../../protocol/doctor.ts';
import { wrapError } from '../../protocol/errors.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';

/** Diagnoses this agent and its home. */
export type Diagnose = (wish: DoctorWish) => Promise<DoctorReport>;

/** What an answer needs. */
export interface AnswerParts {
  readonly diagnose: Diagnose;
  readonly send: (frame: OwnerFrame) => void;
  readonly noticed: (line: string) => void;
}

/** Diagnoses and answers. Never rejects. */
export async function answerDoctor(
  { id, fix, ...rest }: Extract<OwnerFrame, { t: 'doctor-ask' }>,
  { diagnose, send, noticed }: AnswerParts,
): Promise<void> {
  try {
    const { t: _t, ...what } = rest;
    const report = await diagnose({ mode: fix ? 'fix-safe' : 'look', ...what });
    send({ t: 'doctor', id, ...cutReport(report) });
  } catch (thrown) {
    noticed(`the diagnosis failed: ${wrapError(thrown, 'STORE_IO').message}`);
  }
}
