/*
 * Rules on commands: a program and, where the rule has more words, how its arguments look.
 *
 * Words are compared one by one. `*` in a word stands for any letters; a lone `*` at the end for any
 * words, also none; a rule of one word is about its program whatever the arguments. A denied program
 * is denied under every path; an allowed one only as it is spelled, or `/tmp/git` would be git. Pure.
 */
import { readShellText, type Words } from './shell-text.ts';

/** A rule of a list, ready to be compared. */
interface CommandRule {
  readonly program: RegExp;
  readonly isPath: boolean;
  readonly rest: readonly RegExp[];
  readonly isOpen: boolean;
}

const shells: ReadonlySet<string> = new Set(['ash', 'bash', 'dash', 'ksh', 'sh', 'zsh']);

/** Programs that run the command that follows them. */
const wrappers: ReadonlySet<string> = new Set(
  'builtin busybox command doas env exec ionice nice nohup setsid stdbuf sudo time timeout xargs'.split(
    ' ',
  ),
);

/** Index of the first rule that denies a command, or something that it plainly runs; undefined for none. */
export function findDenying(rules: readonly string[], command: Words): number | undefined {
  const commands = listRun(toArgv(command));
  const at = rules.findIndex((rule) => {
    const compiled = compile(rule);
    return commands.some((words) => matches(compiled, words, 'any path'));
  });
  return at < 0 ? undefined : at;
}

/** How an allow list takes a command. */
export type Allowing =
  | { readonly is: 'allowed'; readonly rule: number }
  | { readonly is: 'missing'; readonly program: string; readonly why: 'unnamed' | 'opaque' };

/** Is the command allowed by a list, and by which rule? Shell text of plain commands is each of them. */
export function findAllowing(rules: readonly string[], command: Words): Allowing {
  const compiled = rules.map(compile);
  const allow = (words: Words) => compiled.findIndex((rule) => matches(rule, words, 'as spelled'));
  const whole = allow(toArgv(command));
  if (whole >= 0) return { is: 'allowed', rule: whole };
  const [text = '', ...more] = command;
  if (more.length > 0) return { is: 'missing', program: text, why: 'unnamed' };
  const { is, commands } = readShellText(text);
  if (is === 'opaque') return { is: 'missing', program: 'sh', why: 'opaque' };
  const found = commands.map((words) => ({ words, rule: allow(words) }));
  const missing = found.find(({ rule }) => rule < 0);
  if (missing !== undefined || found.length === 0) {
    return { is: 'missing', program: missing?.words[0] ?? '', why: 'unnamed' };
  }
  return { is: 'allowed', rule: found[0]?.rule ?? 0 };
}

/** Does a name fit a pattern in which `*` stands for any letters? */
export function matchesName(pattern: string, name: string): boolean {
  return toRegExp(pattern).test(name);
}

/** One element is shell text, as the agent runs it. */
function toArgv(command: Words): Words {
  return command.length === 1 ? ['/bin/sh', '-c', ...command] : command;
}

/** The command, and what it plainly runs: behind a wrapper, and in the text of a shell. */
function listRun(argv: Words): readonly Words[] {
  const unwrapped = unwrap(argv);
  const inner = unwrapped.flatMap((words) => {
    const text = findShellText(words);
    return text === undefined ? [] : readShellText(text).commands.flatMap(unwrap);
  });
  return [...unwrapped, ...inner];
}

function unwrap(argv: Words): readonly Words[] {
  const all: Words[] = [argv];
  for (let words = argv; wrappers.has(baseName(words[0] ?? '')); ) {
    const next = words.findIndex((word, at) => at > 0 && !/^-|^\d|=/.test(word));
    if (next < 0) break;
    words = words.slice(next);
    all.push(words);
  }
  return all;
}

function findShellText(argv: Words): string | undefined {
  if (!shells.has(baseName(argv[0] ?? ''))) return undefined;
  const at = argv.findIndex((word) => /^-[a-z]*c[a-z]*$/i.test(word));
  return at < 0 ? undefined : argv[at + 1];
}

function compile(rule: string): CommandRule {
  const [program = '', ...words] = rule.trim().split(/\s+/);
  const isOpen = words.length === 0 || words.at(-1) === '*';
  const rest = words.slice(0, isOpen ? -1 : undefined).map(toRegExp);
  return { program: toRegExp(program), isPath: program.includes('/'), rest, isOpen };
}

function matches(rule: CommandRule, argv: Words, how: 'any path' | 'as spelled'): boolean {
  const [file = '', ...words] = argv;
  const program = rule.isPath || how === 'as spelled' ? file : baseName(file);
  // The shell that we start for text is meant by its bare name too.
  const isProgram =
    rule.program.test(program) || (file === '/bin/sh' && !rule.isPath && rule.program.test('sh'));
  if (!isProgram || words.length < rule.rest.length) return false;
  if (!rule.isOpen && words.length !== rule.rest.length) return false;
  return rule.rest.every((word, at) => word.test(words[at] ?? ''));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function toRegExp(pattern: string): RegExp {
  const text = pattern.split('*').map((part) => part.replaceAll(/[\\^$.+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(`^${text.join('[^]*')}$`);
}
