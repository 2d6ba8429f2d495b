/*
 * What a verb must say when it can't do what was asked: one coded error, in two forms, and nothing
 * that only its authors understand.
 */
import { expect } from 'vitest';
import type { VerbResult } from '../kit/processes.ts';

/** A code and the exit status that goes with it. */
export interface Complaint {
  readonly code: string;
  readonly status: number;
}

/** What no person should meet: a place in our source, Node's banner, a raw system error alone. */
const insides = /^\s+at .*:\d+|node:internal|^Node\.js v|^\w*Error: |\bundefined\b|\[object /m;

/** Holds the text form: sentence, code and hint on stderr, nothing on stdout. */
export function expectSaid(result: VerbResult, complaint: Complaint): void {
  expect(result).toMatchObject({ status: complaint.status, signal: null, stdout: '' });
  expect(result.stderr).toMatch(
    new RegExp(`^(wally|odally): [^\\n]*\\S \\[${complaint.code}\\]\\n[^\\n]+\\n$`),
  );
  expectNoInsides(result.stderr);
}

/** Holds the JSON form: one value on stdout with the same three parts. */
export function expectJson(result: VerbResult, complaint: Complaint): void {
  expect(result.json()).toEqual({
    error: {
      code: complaint.code,
      message: expect.stringMatching(/^\S[^\n]+$/),
      hint: expect.stringMatching(/^\S[^\n]+\.$/),
    },
  });
  expect(result.status).toBe(complaint.status);
  expectNoInsides(result.stdout);
  expectNoInsides(result.stderr);
}

/** Holds that a text for people, a log too, shows nothing of our insides. */
export function expectNoInsides(text: string): void {
  expect(text).not.toMatch(insides);
}
