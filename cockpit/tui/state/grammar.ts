/*
 * The grammar as the screen knows it: which verb a line asks for, and what its words stand for. Pure.
 *
 * Verbs come from the one registry, with their words, flags and checks; nothing here knows what one
 * does. What a word stands for is read from its operand's name and its flag's value.
 */
import { type Grammar, splitWords } from '../../verbs/command-line.ts';
import type { AnyVerb, Style } from '../../verbs/verb.ts';
import { visibleJobs } from './board.ts';
import { findOpenCard } from './card.ts';
import { targetsOf } from './list.ts';
import { type State, visibleInbox, visibleTeam } from './model.ts';

/** As much of a verb as the screen needs. */
export interface ScreenVerb extends Grammar {
  readonly danger: 'looks' | 'changes' | 'destroys';
  readonly refusesGroups?: true;
  /** What its arguments must be. */
  readonly args: AnyVerb['args'];
  showItem?(item: unknown, style: Style): string;
  show(answer: never, style: Style): string;
  aside?(answer: unknown): string | undefined;
  exit?(answer: never): number;
}

/** What a word of a line stands for, where the screen can name candidates. */
export type WordKind = 'job' | 'worker' | 'decision' | 'answer' | 'capability' | 'area' | 'check';

const kinds: Readonly<Record<string, WordKind>> = {
  job: 'job',
  jobs: 'job',
  name: 'worker',
  names: 'worker',
  decision: 'decision',
  how: 'answer',
  NAME: 'worker',
  WORD: 'capability',
  AREA: 'area',
  'ID[:SUBJECT]': 'check',
};

/** What an operand such as `jobs…`, or the value of a flag such as `NAME`, stands for. */
export function kindOf(operand: string): WordKind | undefined {
  return kinds[operand.replace(/[…?]$/, '')];
}

/** The verb whose name the line begins with, the longest first, and what follows the name. */
export function findVerbOf(
  state: State,
  line: string,
): { readonly verb: ScreenVerb; readonly rest: readonly string[] } | undefined {
  const words = splitWords(line);
  const two = state.verbs.find((verb) => verb.name === `${words[0]} ${words[1]}`);
  if (two !== undefined) return { verb: two, rest: words.slice(2) };
  const one = state.verbs.find((verb) => verb.name === words[0]);
  return one === undefined ? undefined : { verb: one, rest: words.slice(1) };
}

/** What is marked or selected where the screen is now, as words of this kind. */
export function chosenWords(state: State, kind: WordKind): readonly string[] {
  const { lists } = state;
  const card = findOpenCard(state);
  if (kind === 'worker') {
    if (card?.type === 'worker') return [card.name];
    return targetsOf(
      lists.team,
      visibleTeam(state).map(({ name }) => name),
    );
  }
  if (kind === 'decision') {
    return targetsOf(
      lists.inbox,
      visibleInbox(state).map(({ id }) => id),
    );
  }
  if (kind !== 'job') return [];
  if (card?.type === 'job') return [card.job];
  return targetsOf(
    lists.jobs,
    visibleJobs(state).map(({ id }) => id),
  );
}
