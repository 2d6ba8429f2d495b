/*
 * Answering the hub's question for a diagnosis.
 *
 * What is asked from afar may only look, and mend what is marked as safe from anywhere. A diagnosis
 * that fails is not answered: the hub says that it heard nothing, and this box's log says why.
 */
import {
  cutReport,
  type DoctorMode,
  type DoctorReport,
  type FindingName,
} from '../../protocol/doctor.ts';
import { wrapError } from '../../protocol/errors.ts';
import type { OwnerFrame } from '../../protocol/frames.ts';

/** Diagnoses this agent and its home. */
export type Diagnose = (mode: DoctorMode, only?: FindingName) => Promise<DoctorReport>;

/** What an answer needs. */
export interface AnswerParts {
  readonly diagnose: Diagnose;
  readonly send: (frame: OwnerFrame) => void;
  readonly noticed: (line: string) => void;
}

/** Diagnoses and answers. Never rejects. */
export async function answerDoctor(
  { id, fix, only }: Extract<OwnerFrame, { t: 'doctor-ask' }>,
  { diagnose, send, noticed }: AnswerParts,
): Promise<void> {
  try {
    send({ t: 'doctor', id, ...cutReport(await diagnose(fix ? 'fix-safe' : 'look', only)) });
  } catch (thrown) {
    noticed(`the diagnosis failed: ${wrapError(thrown, 'STORE_IO').message}`);
  }
}
