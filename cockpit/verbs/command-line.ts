/*
 * The command line: argv into a verb's name and its arguments, by the verb's own declaration.
 *
 * A name is one word or two (`team rename`). Flags are parsed by node:util's parseArgs; what comes
 * after `--` is never looked at. Errors: USAGE_VERB, USAGE_FLAG, USAGE_ARGUMENT.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseArgsStringToArgv } from 'string-argv';
import { describeFlagFault } from '../../protocol/argument-faults.ts';
import { AppError } from '../../protocol/errors.ts';
import type { Flag } from './verb.ts';

/** As much of a verb as the command line needs; local verbs have it too. */
export interface Grammar {
  readonly name: string;
  readonly summary: string;
  readonly operands: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Arguments that are paths on the asker's box: they are made absolute where they are typed. */
  readonly paths?: readonly string[];
}

/** What was asked. */
export interface Request {
  readonly verb: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly isJson: boolean;
  readonly wantsHelp: boolean;
}

/** Finds the verb that argv begins with. Errors: USAGE_VERB. */
export function findGrammar<G extends Grammar>(
  argv: readonly string[],
  grammars: readonly G[],
): { readonly grammar: G; readonly rest: readonly string[] } {
  const [first = '', second = ''] = argv;
  const two = grammars.find((grammar) => grammar.name === `${first} ${second}`);
  if (two !== undefined) return { grammar: two, rest: argv.slice(2) };
  const one = grammars.find((grammar) => grammar.name === first);
  if (one !== undefined) return { grammar: one, rest: argv.slice(1) };
  if (first.startsWith('-')) {
    throw new AppError('USAGE_VERB', `A verb comes before its flags; "${first}" came first.`);
  }
  const near = findNear(first, grammars);
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  throw new AppError('USAGE_VERB', `There is no verb "${first}".${hint}`);
}

/** Parses what comes after the verb's name. Errors: USAGE_FLAG, USAGE_ARGUMENT. */
export function parseRequest(grammar: Grammar, rest: readonly string[]): Request {
  const { values, positionals } = readFlags(grammar, rest);
  const { json, help, ...flags } = values;
  const wantsHelp = help === true;
  const operands = wantsHelp ? {} : readOperands(grammar, positionals);
  const isJson = json === true;
  const args = makeAbsolute(grammar, { ...flags, ...operands });
  return { verb: grammar.name, args, isJson, wantsHelp };
}

/** A program that answers from another directory must mean the same file. */
function makeAbsolute(
  { paths = [] }: Grammar,
  args: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const named = paths.filter((name) => typeof args[name] === 'string' && args[name] !== '');
  return {
    ...args,
    ...Object.fromEntries(named.map((name) => [name, resolve(String(args[name]))])),
  };
}

/** Is its answer a stream that lasts until somebody leaves it? That is for a shell: a line has one answer. */
export function isFollowing({ verb, args }: Pick<Request, 'verb' | 'args'>): boolean {
  return following.has(verb) || args.follow === true;
}

const following: ReadonlySet<string> = new Set(['watch', 'export', 'terminal', 'logs follow']);

/** The words of one typed line, as a shell would have them: spaces part, quotes hold together. */
export function splitWords(line: string): readonly string[] {
  return parseArgsStringToArgv(line);
}

function readFlags(grammar: Grammar, rest: readonly string[]) {
  const options: Record<
    string,
    { type: 'string' | 'boolean'; multiple?: boolean; short?: string }
  > = {
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  };
  for (const [name, flag] of Object.entries(grammar.flags)) {
    options[name] = {
      type: flag.value === undefined ? 'boolean' : 'string',
      ...(flag.isList === true ? { multiple: true } : {}),
      ...(flag.short === undefined ? {} : { short: flag.short }),
    };
  }
  try {
    return parseArgs({ args: [...rest], options, allowPositionals: true, strict: true });
  } catch (cause) {
    throw new AppError('USAGE_FLAG', `${grammar.name}: ${describeFlagFault(cause)}.`, { cause });
  }
}

function readOperands(grammar: Grammar, words: readonly string[]): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  const left = [...words];
  for (const operand of grammar.operands) {
    if (operand.endsWith('…')) {
      args[operand.slice(0, -1)] = left.splice(0);
      continue;
    }
    const word = left.shift();
    if (word === undefined && operand.endsWith('?')) continue;
    if (word === undefined) {
      throw new AppError('USAGE_ARGUMENT', `${grammar.name}: ${operand.toUpperCase()} is missing.`);
    }
    args[operand.replace('?', '')] = word;
  }
  if (left.length > 0) {
    throw new AppError('USAGE_ARGUMENT', `${grammar.name}: "${left[0]}" is one argument too many.`);
  }
  return args;
}

/** A verb that begins alike or differs by a letter or two. */
function findNear(word: string, grammars: readonly Grammar[]): string | undefined {
  if (word.length < 2) return undefined;
  const names = grammars.map(({ name }) => name);
  return (
    names.find((name) => name.startsWith(word)) ??
    names.find((name) => Math.abs(name.length - word.length) < 2 && isSimilar(name, word))
  );
}

function isSimilar(a: string, b: string): boolean {
  const left = [...a];
  const shared = [...b].filter((letter) => {
    const at = left.indexOf(letter);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
  return shared.length >= Math.max(a.length, b.length) - 1;
}
