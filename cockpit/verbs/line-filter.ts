/*
 * The words by which every verb about logs narrows them to some lines, and what they ask for.
 *
 * A pattern and errors exclude each other; neither leaves all lines. Errors: USAGE_ARGUMENT.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { contextLinesMax } from '../logs/limits.ts';
import { parsePattern } from '../logs/pattern.ts';
import { Tester } from '../logs/tester.ts';
import type { LineFilter } from '../logs/window.ts';
import type { VerbContext } from './verb.ts';

/** As the command line has them. */
export const filterFlags = {
  grep: { value: 'PATTERN', help: 'only lines with this text, or with this /regular expression/' },
  errors: { help: 'only lines that tell of an error, and where stderr begins' },
  context: { value: 'N', help: 'with N lines before and after each' },
} as const;

/** As a verb takes them. */
export const filterArgs = {
  grep: z.string().optional(),
  errors: z.boolean().default(false),
  context: z.coerce.number().int().min(0).max(contextLinesMax).default(0),
};

/** What was asked for. */
export interface FilterWish {
  readonly grep?: string | undefined;
  readonly errors: boolean;
  readonly context: number;
}

/** The filter that the words of a verb ask for. Errors: USAGE_ARGUMENT. */
export function openFilter(
  { hub }: VerbContext,
  { grep, errors, context }: FilterWish,
): LineFilter | undefined {
  if (grep === undefined && !errors) return undefined;
  if (grep !== undefined && errors) {
    throw new AppError('USAGE_ARGUMENT', 'A pattern and errors exclude each other.');
  }
  const pattern =
    grep === undefined ? ({ kind: 'level', level: 'error' } as const) : parsePattern(grep);
  return { tester: new Tester(pattern, hub.regexes), contextLines: context };
}
