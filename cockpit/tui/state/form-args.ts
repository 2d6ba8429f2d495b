/*
 * The dispatch form as the arguments of `wally dispatch`, back again, and as the line a shell takes. Pure.
 *
 * The line is written from the very arguments that are sent, so it can't show anything else.
 */
import type { TeamRow } from '../../verbs/shapes.ts';
import { quoteWord, splitShellWords } from '../../verbs/shell-words.ts';
import {
  emptyValues,
  type FormValues,
  isMoreOpen,
  listFields,
  type TextId,
  withChoice,
  withText,
} from './form-fields.ts';
import { type PolicyFlags, policyFlags, withPolicy } from './policies.ts';
import { listHarnesses, namesOf, readTargets, type Target } from './targets.ts';

/** What is asked of the hub; keys are flags, `command` the words to run. */
export type DispatchArgs = Readonly<Record<string, unknown>>;

/** Fields whose text is the value of their flag. */
const plainIds = ['cwd', 'repo', 'base', 'deadline', 'title'] as const satisfies readonly TextId[];
/** Fields with one word for each time that their flag is given. */
const listIds = ['env', 'secret', 'artifact', 'label'] as const satisfies readonly TextId[];

/** The arguments that these values stand for. */
export function makeArgs(values: FormValues, team: readonly TeamRow[]): DispatchArgs {
  const { texts, chosen } = values;
  const targets = readTargets(texts.to.text, team);
  // A base that is out of sight is none.
  const shown = new Set<string>(listFields(values));
  const plain = plainIds
    .filter((id) => id !== 'base' || shown.has(id))
    .map((id): readonly [string, string] => [id, texts[id].text.trim()]);
  const lists = listIds.map((id) => [id, splitShellWords(texts[id].text) ?? []] as const);
  const wide = [
    ['on', namesOf(targets, 'worker')],
    ['need', namesOf(targets, 'need')],
  ] as const;
  return {
    ...Object.fromEntries(wide.filter(([, words]) => words.length > 0)),
    ...(targets.some(({ is }) => is === 'all') ? { all: true } : {}),
    ...Object.fromEntries(plain.filter(([, text]) => text !== '')),
    ...(chosen.idempotent === 'yes' ? { idempotent: true } : {}),
    ...policyFlags(values),
    ...Object.fromEntries(lists.filter(([, words]) => words.length > 0)),
    ...makeAsk(values, team),
  };
}

/** What is asked comes last, for it may be long. */
function makeAsk({ texts, chosen }: FormValues, team: readonly TeamRow[]): DispatchArgs {
  const text = texts.command.text.trim();
  if (chosen.ask === 'command') return { command: [text] };
  const harness = texts.harness.text.trim() || listHarnesses(team)[0];
  return { ...(harness === undefined ? {} : { harness }), prompt: text };
}

/** What the work can't be without, whoever was named: the hub asks for it as well. */
export function impliedTargets(values: FormValues, team: readonly TeamRow[]): readonly Target[] {
  const { harness, base } = makeArgs(values, team);
  const words = [textOf(harness), textOf(base) === '' ? '' : 'git'].filter((word) => word !== '');
  return words.map((word) => ({ word: `+${word}`, is: 'need', name: word }));
}

/** The values that these arguments came from, or could have. What is none of theirs is left out. */
export function readArgs(args: DispatchArgs): FormValues {
  const texts: Readonly<Partial<Record<TextId, string>>> = {
    command: textOf(args.prompt) || commandText(wordsOf(args.command)),
    harness: textOf(args.harness),
    to: [
      ...(args.all === true ? ['all'] : []),
      ...wordsOf(args.on),
      ...wordsOf(args.need).map((word) => `+${word}`),
    ].join(' '),
    ...Object.fromEntries(plainIds.map((id) => [id, textOf(args[id])])),
    ...Object.fromEntries(listIds.map((id) => [id, wordsOf(args[id]).map(quoteWord).join(' ')])),
  };
  const typed = Object.entries(texts).reduce(
    (values, [id, text]) => withText(values, id as TextId, { text, caret: text.length }),
    emptyValues,
  );
  const more = withChoice(typed, 'more', isMoreOpen(typed) ? 'open' : 'closed');
  const chosen = withChoice(more, 'idempotent', args.idempotent === true ? 'yes' : 'no');
  const asked = withChoice(chosen, 'ask', textOf(args.prompt) === '' ? 'command' : 'prompt');
  return withPolicy(asked, policyOf(args));
}

/** What a job's words are as one command: a single one ran by the shell, several as they are. */
export function commandText(words: readonly string[]): string {
  const [first = ''] = words;
  return words.length === 1 ? first : words.map(quoteWord).join(' ');
}

/** The same without the values of secrets: what may be shown and kept. */
export function hideSecrets(args: DispatchArgs, mark: string): DispatchArgs {
  if (args.secret === undefined) return args;
  const names = wordsOf(args.secret).map((word) => `${word.split('=')[0] ?? ''}${mark}`);
  return { ...args, secret: names };
}

/**
 * `wally dispatch …`, as a shell takes it where variables of these names hold the secrets. A tab stands as `$'\\t'`:
 * copied from a screen it would be blanks, or what is shown in its place.
 */
export function writeLine(args: DispatchArgs): string {
  const { command, ...flags } = hideSecrets(args, '');
  const parts = Object.entries(flags).flatMap(([name, value]) => writeFlag(name, value));
  const words = wordsOf(command).map(quoteWord);
  const line = ['wally dispatch', ...parts, ...(words.length === 0 ? [] : ['--', ...words])];
  // A word with a tab is in single quotes.
  return line.join(' ').replaceAll('\t', () => `'$'\\t''`);
}

function writeFlag(name: string, value: unknown): readonly string[] {
  if (value === true) return [`--${name}`];
  const words = typeof value === 'string' ? [value] : wordsOf(value);
  // With `=` a value that begins with a dash is no flag.
  return words.map((word) => `--${name}${word.startsWith('-') ? '=' : ' '}${quoteWord(word)}`);
}

function policyOf(args: DispatchArgs): PolicyFlags {
  const named = (['stop-after', 'lost-after', 'reconcile'] as const)
    .map((flag) => [flag, textOf(args[flag])] as const)
    .filter(([, text]) => text !== '');
  return { ...Object.fromEntries(named), ...(args.replace === true ? { replace: true } : {}) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function wordsOf(value: unknown): readonly string[] {
  const words: readonly unknown[] = Array.isArray(value) ? value : [];
  return words.filter((word): word is string => typeof word === 'string');
}
