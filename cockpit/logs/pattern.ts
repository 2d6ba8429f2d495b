/*
 * What is searched for: a text, or a regular expression between slashes.
 *
 * A small letter finds both cases; a pattern with a capital finds only what is written so. A line is
 * tested as a person sees it: without the sequences that colour it. Plain text and the built-in
 * levels take a time that grows with the line alone, so they run in the hub's own loop; a regular
 * expression can take for ever and runs elsewhere (`regex-thread.ts`). Pure.
 * Errors: USAGE_ARGUMENT.
 */
import { AppError } from '../../protocol/errors.ts';
import { patternLettersMax } from './limits.ts';
import type { CutLine } from './line-cutter.ts';

/** Something to look for. */
export type Pattern =
  | { readonly kind: 'text'; readonly text: string; readonly isExact: boolean }
  | { readonly kind: 'regex'; readonly source: string; readonly flags: string }
  | { readonly kind: 'level'; readonly level: Level };

/** What a line may tell of: `error`, or `warning` and worse. */
export type Level = 'error' | 'warning';

/** Reads what a person typed. Errors: USAGE_ARGUMENT. */
export function parsePattern(typed: string): Pattern {
  if (typed === '') throw new AppError('USAGE_ARGUMENT', 'A pattern needs a letter.');
  if (typed.length > patternLettersMax) {
    throw new AppError('USAGE_ARGUMENT', `A pattern has ${patternLettersMax} letters at most.`);
  }
  const source = /^\/(.+)\/$/.exec(typed)?.[1];
  if (source === undefined) return { kind: 'text', text: typed, isExact: hasCapital(typed) };
  // `\S` and its like are no capitals of the text.
  const isExact = hasCapital(source.replaceAll(/\\(?:[pP]\{[^}]*\}|.)/g, ''));
  // Only this needs the strict grammar, which refuses much that people write elsewhere.
  const flags = `${isExact ? '' : 'i'}${/\\[pP]\{/.test(source) ? 'u' : ''}`;
  try {
    new RegExp(source, flags);
  } catch (cause) {
    const detail = `/${source}/ is no regular expression.`;
    throw new AppError('USAGE_ARGUMENT', detail, { cause });
  }
  return { kind: 'regex', source, flags };
}

/** A line as a person sees it. */
export function readPlain(line: Pick<CutLine, 'text'>): string {
  const { buffer, byteOffset, byteLength } = line.text;
  return stripSequences(Buffer.from(buffer, byteOffset, byteLength).toString('utf8'));
}

/** The text without what colours it, moves the cursor or sets titles. */
export function stripSequences(text: string): string {
  return text.includes('\x1b') ? text.replaceAll(sequence, '') : text;
}

/** Has the line this text, or is it of this level? Where stderr takes over counts as an error. */
export function testLine(
  pattern: Exclude<Pattern, { kind: 'regex' }>,
  line: Pick<CutLine, 'text' | 'stream' | 'isTurn'>,
): boolean {
  const text = readPlain(line);
  if (pattern.kind === 'level') {
    return (line.stream === 'stderr' && line.isTurn) || levels[pattern.level].test(text);
  }
  return pattern.isExact ? text.includes(pattern.text) : text.toLowerCase().includes(pattern.text);
}

/**
 * Can output with these bytes hold a hit? A quick look at many lines at once, which a search over a
 * whole log lives on; undefined where there is none. What holds escapes is never passed over. Two
 * letters beyond ASCII whose small form is a plain `i` or `k` are not found by it.
 */
export function createGlance(pattern: Pattern): ((bytes: Uint8Array) => boolean) | undefined {
  if (pattern.kind === 'regex') return undefined;
  if (pattern.kind === 'level') {
    return glanceAt((text) => stems.test(text.toString('latin1')));
  }
  if (pattern.isExact) return glanceAt((text) => text.includes(pattern.text));
  if (!/^[\x20-\x7e]*$/.test(pattern.text)) return undefined;
  return glanceAt((text) => text.toString('latin1').toLowerCase().includes(pattern.text));
}

function glanceAt(test: (text: Buffer) => boolean): (bytes: Uint8Array) => boolean {
  return (bytes) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return text.includes(0x1b) || test(text);
  };
}

// CSI, then strings up to their end (or the line's), then any other escape.
const sequence =
  /\x1b\[[0-9:;<=>?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?/g;

const errorWords =
  'error|errors|err|fail|fails|failed|failing|failure|failures|fatal|panic|panicked|exception|' +
  'traceback|abort|aborted|critical|segfault|segmentation fault|core dumped|killed|' +
  'oom-killer|out of memory|unhandled|undefined reference|permission denied|no such file';

/** What every word of a level begins with or holds: six times as quick as the words themselves. */
const stems =
  /err|fail|fatal|panic|exception|traceback|abort|critical|seg|core d|kill|oom|out of|unhandled|undefined|denied|no such|warn|deprec/i;

const warningWords = `${errorWords}|warn|warns|warning|warnings|deprecated`;

const levels: Readonly<Record<Level, RegExp>> = {
  error: matchWords(errorWords, 'error|exception'),
  warning: matchWords(warningWords, 'error|exception|warning'),
};

/** Whole words, also at the end of names such as `ValueError`; not `0 errors`. */
function matchWords(words: string, endings: string): RegExp {
  return new RegExp(`(?<!\\b(?:0|no|without) )\\b(?:${words}|\\w*[a-z](?:${endings}))\\b`, 'i');
}

function hasCapital(text: string): boolean {
  return text !== text.toLowerCase();
}
