/*
 * What is wrong with words of a command line, as people are told it.
 *
 * node:util's parseArgs and zod refuse words in their own terms (`argument is ambiguous`, `received NaN`);
 * whoever typed them is told what was wanted instead. Pure.
 */
import type { z } from 'zod';
import { readFirstSentence } from './errors.ts';

/** Why parseArgs refused, without a full stop. */
export function describeFlagFault(thrown: unknown): string {
  const words = readFirstSentence(thrown);
  const flag = /'(?:-\w, )?(--?[^ '=]+)/.exec(words)?.[1] ?? '';
  switch (thrown instanceof Error && 'code' in thrown ? thrown.code : '') {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION':
      return `there is no flag ${flag}`;
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE':
      if (words.includes('does not take')) return `${flag} takes no value`;
      return `${flag} needs a value (one that begins with a dash is written ${flag}=-…)`;
    case 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL':
      return `"${/'(.*)'/.exec(words)?.[1] ?? ''}" is one argument too many`;
    default:
      return words;
  }
}

/** What zod wanted of a value; undefined where the schema says it better itself. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'number' || issue.expected === 'int'
        ? 'a whole number is wanted'
        : undefined;
    case 'too_small':
      return isNumber(issue.origin) ? `it is ${issue.minimum} or more` : undefined;
    case 'too_big':
      return isNumber(issue.origin) ? `it is ${issue.maximum} or less` : undefined;
    case 'invalid_value':
      return `it is one of ${issue.values.map(String).join(', ')}`;
    default:
      return undefined;
  }
}

function isNumber(origin: string): boolean {
  return origin === 'number' || origin === 'int';
}
