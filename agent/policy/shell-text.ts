/*
 * What commands stand in a shell text, as far as that can be told without being a shell.
 *
 * `plain`: nothing but words, quotes without expansion, and ; & | && || between commands: these are the
 * commands that run, and no other. `opaque`: anything else; then what is returned is only what can be
 * glimpsed, enough to catch a slip and nothing that an intent would not get around. Pure.
 * Source: POSIX.1-2024, Shell Command Language, 2.2 to 2.4 and 2.10.
 */
import { shellCommandsMax } from './limits.ts';

/** The words of one command. */
export type Words = readonly string[];

/** A reading of shell text. */
export interface ShellReading {
  readonly is: 'plain' | 'opaque';
  readonly commands: readonly Words[];
}

/** Words that begin something else than a command. */
const reserved: ReadonlySet<string> = new Set(
  '! { } case coproc do done elif else esac fi for function if in select then time until while'.split(
    ' ',
  ),
);

const plainLetter = /[A-Za-z0-9_.,:/@%+=-]/;
const assignment = /^[A-Za-z_][A-Za-z0-9_]*\+?=/;

/** Reads it. */
export function readShellText(text: string): ShellReading {
  const commands = readPlain(text);
  const isPlain =
    commands !== undefined &&
    commands.length <= shellCommandsMax &&
    commands.every(([first = '']) => !reserved.has(first) && !assignment.test(first));
  return isPlain ? { is: 'plain', commands } : { is: 'opaque', commands: glimpse(text) };
}

/** Undefined at the first letter that only a shell understands. */
function readPlain(text: string): readonly Words[] | undefined {
  const commands: string[][] = [[]];
  let word: string | undefined;
  const endWord = () => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    if (letter === ' ' || letter === '\t') endWord();
    else if (';&|\n'.includes(letter)) {
      endWord();
      commands.push([]);
    } else if (letter === "'" || letter === '"') {
      const end = text.indexOf(letter, at + 1);
      const quoted = text.slice(at + 1, end);
      // In double quotes these would be read by the shell; in single quotes nothing is.
      if (end < 0 || (letter === '"' && /[$`\\!]/.test(quoted))) return undefined;
      word = (word ?? '') + quoted;
      at = end;
    } else if (plainLetter.test(letter)) word = (word ?? '') + letter;
    else return undefined;
  }
  endWord();
  return commands.filter((words) => words.length > 0);
}

function glimpse(text: string): readonly Words[] {
  return text
    .split(/[\n;&|(){}`<>]/)
    .slice(0, shellCommandsMax)
    .map((part) =>
      part
        .replaceAll(/["'\\]/g, '')
        .trim()
        .split(/\s+/),
    )
    .map((words) => words.slice(words.findIndex((word) => !isLeading(word))))
    .filter(([first = '']) => first !== '' && !isLeading(first));
}

function isLeading(word: string): boolean {
  return reserved.has(word) || assignment.test(word) || word === '$';
}
