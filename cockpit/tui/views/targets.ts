/*
 * Whom a dispatch is made out to, in the form: chips, who matches, and what a word could become. Pure.
 *
 * A chip has the glyph of its worker's state, so that one who is silent is seen before it is sent.
 */
import type { TeamRow } from '../../verbs/shapes.ts';
import type { State, TextField } from '../state/model.ts';
import { completeTarget, type Matching, namesOf, type Target, wordAt } from '../state/targets.ts';
import { isHeard, workerStateSpan } from './phrases.ts';
import { fitRow, type Role, type Row, span } from './row.ts';
import { wrapCells } from './width.ts';

// More would be a list to read, not an answer.
const namesShownMax = 12;
const matchRowsMax = 2;
const candidatesShownMax = 16;

/** `● alice  △ bob  + docker`, with space between. */
export function targetChips(targets: readonly Target[], team: readonly TeamRow[]): Row {
  return targets.flatMap((target, index) => {
    const gap = index === 0 ? [] : [span('  ')];
    return [...gap, ...chipOf(target, team)];
  });
}

/** `3 of 7 match, 1 of them silent: …`, in a row or two. */
export function matchRows(
  targets: readonly Target[],
  matching: Matching,
  room: number,
): readonly Row[] {
  const { workers, silentCount } = matching;
  const role: Role = workers.length === 0 ? 'bad' : silentCount > 0 ? 'warn' : 'good';
  const glyph = { bad: '✗', warn: '△', good: '✓' }[role];
  const lines = wrapCells(`${glyph} ${matchText(targets, matching)}`, room);
  const shown = lines.slice(0, matchRowsMax);
  const isCut = lines.length > matchRowsMax;
  return shown.map((line, index) => {
    const isLast = index === shown.length - 1;
    return fitRow([span(isCut && isLast ? `${line} …` : line, role)], room);
  });
}

/** What tab would make of the word at the caret, and what else it could be. */
export function candidateRow(state: State, field: TextField, room: number): readonly Row[] {
  const candidates = completeTarget(field, state.team).slice(0, candidatesShownMax);
  const [first, ...others] = candidates;
  if (first === undefined) return [];
  const key = state.keymap.find(({ command }) => command === 'form-next')?.keys[0] ?? 'tab';
  const isBegun = wordAt(field) !== '';
  const head: Row = isBegun
    ? [span(`${key} `, 'dim'), span(first, 'accent')]
    : [span(first, 'dim')];
  return [fitRow([...head, ...others.map((text) => span(` ${text}`, 'dim'))], room)];
}

function chipOf({ is, name }: Target, team: readonly TeamRow[]): Row {
  switch (is) {
    case 'all':
      return [span('◆ ', 'accent'), span('all')];
    case 'need':
      return [span('+ ', 'accent'), span(name)];
    case 'unknown':
      return [span('? ', 'bad'), span(name, 'bad')];
    case 'worker': {
      const worker = team.find((row) => row.name === name);
      if (worker === undefined) return [span(name)];
      const { text, role } = workerStateSpan(worker.state);
      return [span(`${text.split(' ')[0]} `, role), span(name)];
    }
  }
}

function matchText(targets: readonly Target[], matching: Matching): string {
  const { workers, askedCount, silentCount, scope } = matching;
  const [first] = workers;
  if (first === undefined) {
    const needs = namesOf(targets, 'need').join(' and ');
    return `0 of ${askedCount} match: nobody asked has ${needs}`;
  }
  if (askedCount === 1 && namesOf(targets, 'worker').length === 1) return oneText(first);
  const silent = silentCount === 0 ? '' : `, ${silentCount} of them silent`;
  const head = `${workers.length} of ${askedCount} match${silent}`;
  const names = workers.slice(0, namesShownMax).map(({ name }) => name);
  const more = workers.length - names.length;
  const list = more > 0 ? `${names.join(' ')} and ${more} more` : names.join(' ');
  if (scope === 'each') return `${head}; a part for each: ${list}`;
  return workers.length === 1 ? `${head}: ${list}` : `${head}, ${first.name} is next: ${list}`;
}

function oneText(worker: TeamRow): string {
  const { name, state, jobs } = worker;
  if (!isHeard(worker)) return `${name} is silent (${state}): the job waits for it`;
  const held = jobs.length === 0 ? 'free' : `holds ${jobs.join(' ')}`;
  return `${name} is ${state}, ${held}`;
}
