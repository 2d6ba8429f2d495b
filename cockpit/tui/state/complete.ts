/*
 * What could come next in a line of the grammar: verbs, flags, and the names that there are. Pure.
 *
 * Only the word at the end of the line is completed; its candidates are what the screen knows now.
 */
import { checkAreas } from '../../../protocol/doctor.ts';
import { completionsMax } from '../limits.ts';
import { listDoctorRows } from './doctor-rows.ts';
import { findVerbOf, kindOf, type ScreenVerb, type WordKind } from './grammar.ts';
import type { State } from './model.ts';

/** One candidate and what it is. */
export interface Candidate {
  readonly text: string;
  readonly help: string;
}

/** The candidates for the end of a line, which begins at `from`, and how the verb is used. */
export interface Completion {
  readonly from: number;
  readonly candidates: readonly Candidate[];
  readonly usage: string;
}

/** The candidates for the end of this line. */
export function completeLine(state: State, line: string): Completion {
  const found = findVerbOf(state, line);
  // `team ` may go on as `team show`: while a longer name fits, it is the name that is completed.
  const names = completeVerb(state, line);
  const isNamed = found !== undefined && line.trimStart().length > found.verb.name.length;
  if (!isNamed || names.candidates.length > 0) return names;
  const from = line.length - (/\S*$/.exec(line)?.[0].length ?? 0);
  const word = line.slice(from);
  const before = found.rest.slice(0, word === '' ? found.rest.length : -1);
  const candidates = listCandidates(state, found.verb, { before, word });
  return { from, candidates: keep(candidates, word), usage: usageOf(found.verb) };
}

/** The line with a candidate in the place of its end, ready for the next word. */
export function applyCandidate(line: string, from: number, candidate: Candidate): string {
  const text = /\s/.test(candidate.text) && from > 0 ? `"${candidate.text}"` : candidate.text;
  return `${line.slice(0, from)}${text} `;
}

function completeVerb(state: State, line: string): Completion {
  const from = line.length - line.trimStart().length;
  const up = { text: 'up', help: 'start the hub again' };
  const candidates = [
    ...state.verbs.map(({ name, summary }) => ({ text: name, help: summary })),
    ...(state.link.type === 'gone' ? [up] : []),
  ];
  const kept = keep(candidates, line.slice(from));
  const usage = kept.length === 0 ? 'no verb begins so' : 'a verb; tab completes';
  return { from, candidates: kept, usage };
}

function listCandidates(
  state: State,
  verb: ScreenVerb,
  { before, word }: { readonly before: readonly string[]; readonly word: string },
): readonly Candidate[] {
  const isCommand = before.includes('--');
  if (isCommand) return [];
  const flag = valueName(verb, before.at(-1) ?? '');
  if (flag !== undefined) return listKind(state, kindOf(flag));
  if (word.startsWith('-')) return listFlags(verb, before);
  const places = before.filter((part, index) => !isFlagPart(verb, part, before[index - 1]));
  const operand = verb.operands[places.length] ?? verb.operands.findLast((name) => /…$/.test(name));
  if (operand === 'command…') return listFlags(verb, before);
  const named = operand === undefined ? [] : listKind(state, kindOf(operand));
  return named.length > 0 || word !== '' ? named : listFlags(verb, before);
}

function isFlagPart(verb: ScreenVerb, part: string, previous: string | undefined): boolean {
  return part.startsWith('-') || valueName(verb, previous ?? '') !== undefined;
}

/** What the value of this flag is called; undefined where it is no flag or takes none. */
function valueName(verb: ScreenVerb, word: string): string | undefined {
  return word.startsWith('--') ? verb.flags[word.slice(2)]?.value : undefined;
}

function listFlags(verb: ScreenVerb, before: readonly string[]): readonly Candidate[] {
  const flags = Object.entries(verb.flags)
    .filter(([name, flag]) => flag.isList === true || !before.includes(`--${name}`))
    .map(([name, { help }]) => ({ text: `--${name}`, help }));
  const takesCommand = verb.operands.includes('command…');
  return takesCommand ? [...flags, { text: '--', help: 'the command follows' }] : flags;
}

function listKind(state: State, kind: WordKind | undefined): readonly Candidate[] {
  switch (kind) {
    case 'job':
      return state.jobs.map((job) => ({
        text: job.id,
        help: `${job.outcome ?? job.state} · ${job.title}`,
      }));
    case 'worker':
      return state.team.map(({ name, state: is, host }) => ({
        text: name,
        help: `${is} · ${host}`,
      }));
    case 'decision':
      return state.inbox.map(({ id, question }) => ({ text: id, help: question }));
    case 'answer':
      return ['approve', 'reject', 'answer'].map((text) => ({ text, help: '' }));
    case 'capability': {
      const all = state.team.flatMap((worker) => worker.capabilities?.has ?? []);
      return [...new Set(all)].toSorted().map((text) => ({ text, help: '' }));
    }
    case 'area':
      return checkAreas.map((text) => ({ text, help: '' }));
    case 'check':
      return listDoctorRows(state).flatMap(({ finding, text }) =>
        finding === undefined ? [] : [{ text: finding.id, help: text }],
      );
    case undefined:
      return [];
  }
}

function keep(candidates: readonly Candidate[], word: string): readonly Candidate[] {
  const wanted = word.toLowerCase();
  return candidates
    .filter(({ text }) => text.toLowerCase().startsWith(wanted))
    .slice(0, completionsMax);
}

/** `retry JOB [--on NAME] …` in one line. */
function usageOf(verb: ScreenVerb): string {
  const operands = verb.operands.map((operand) => operand.toUpperCase());
  const flags = Object.entries(verb.flags).map(([name, { value }]) =>
    value === undefined ? `[--${name}]` : `[--${name} ${value}]`,
  );
  return [verb.name, ...operands, ...flags].join(' ');
}
