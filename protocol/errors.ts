/*
 * The one error class, and the one table of the codes that it carries.
 *
 * The rows lie in `error-codes/`, a file for each kind; here they are one table. Programmer errors
 * are not among them: they are assertions and stop the program.
 */
import { auditCodes } from './error-codes/audit.ts';
import { channelCodes } from './error-codes/channel.ts';
import { doctorCodes } from './error-codes/doctor.ts';
import { installCodes } from './error-codes/install.ts';
import { programCodes } from './error-codes/program.ts';
import { reachCodes } from './error-codes/reach.ts';
import type { ErrorRow } from './error-codes/row.ts';
import { serviceCodes } from './error-codes/service.ts';
import { spawnCodes } from './error-codes/spawn.ts';
import { trustCodes } from './error-codes/trust.ts';
import { workCodes } from './error-codes/work.ts';

/** Code → what it means. Tests hold every code used in the source against this table. */
export const errorTable = {
  ...programCodes,
  ...channelCodes,
  ...reachCodes,
  ...spawnCodes,
  ...workCodes,
  ...auditCodes,
  ...installCodes,
  ...serviceCodes,
  ...doctorCodes,
  ...trustCodes,
} as const satisfies Record<string, ErrorRow>;

/** Any code of the table. */
export type ErrorCode = keyof typeof errorTable;

/** A failure that a person or a peer is told of: a code from the table and this case's words. */
export class AppError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, detail?: string, options?: { readonly cause?: unknown }) {
    super(detail ?? errorTable[code].sentence, options);
    this.name = 'AppError';
    this.code = code;
  }

  get hint(): string {
    return errorTable[this.code].hint;
  }

  get exit(): number {
    return errorTable[this.code].exit;
  }
}

/** The JSON shape of an error, as every `--json` verb prints it. */
export interface ErrorShape {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Is this string one of our codes? For errors that came over a wire. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}

/** Any thrown thing as an AppError; what is not one becomes `fallback` with the cause kept. */
export function wrapError(thrown: unknown, fallback: ErrorCode): AppError {
  if (thrown instanceof AppError) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return new AppError(fallback, `${errorTable[fallback].sentence} (${detail})`, { cause: thrown });
}

/** Is this a failure of the operating system with this code, such as ENOENT? */
export function hasSystemCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}

/** What somebody else's error says, without its advice: the first sentence of its message. */
export function readFirstSentence(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.message.split(/\.\s/)[0] ?? '') : String(thrown);
}

/** For the end of a `switch` over a union: compiles only when every case is handled. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** Stops the program when an invariant that only our own code can break is broken. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${invariant}`);
}
