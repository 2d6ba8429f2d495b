/*
 * Whom a dispatch is made out to: words that are names, needs or `all`, and who answers to them. Pure.
 *
 * A word that a worker is called by is that worker; one that some worker has is a need, and `+word` is
 * a need whatever it is. The hub decides by the same rule and has the last word; here is only what
 * the screen knows. Silence is counted apart: such a worker may never take what it is given.
 * Source: `manager/plan-dispatch`.
 */
import type { TeamRow } from '../../verbs/shapes.ts';
import { isHeard } from '../views/phrases.ts';
import type { TextField } from './model.ts';

/** One word, and what it is taken for. */
export interface Target {
  readonly word: string;
  readonly is: 'all' | 'worker' | 'need' | 'unknown';
  /** The name, or what is needed, without its mark. */
  readonly name: string;
}

/** Who answers to them. */
export interface Matching {
  /** How many were asked: those named, else all. */
  readonly askedCount: number;
  /** In the order in which the hub would choose. */
  readonly workers: readonly TeamRow[];
  readonly silentCount: number;
  /** One job for one of them, or one part for each. */
  readonly scope: 'one' | 'each';
}

/** The words of the field. */
export function readTargets(text: string, team: readonly TeamRow[]): readonly Target[] {
  const names = new Set(trusted(team).map(({ name }) => name));
  const needs = new Set(listNeeds(team));
  return text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word): Target => {
      if (word === 'all') return { word, is: 'all', name: word };
      if (word.length > 1 && word.startsWith('+')) return { word, is: 'need', name: word.slice(1) };
      if (names.has(word)) return { word, is: 'worker', name: word };
      return { word, is: needs.has(word) ? 'need' : 'unknown', name: word };
    });
}

/** The names of what is of this kind, each once. */
export function namesOf(targets: readonly Target[], is: Target['is']): readonly string[] {
  return [...new Set(targets.filter((target) => target.is === is).map(({ name }) => name))];
}

/** Who of the team answers to these words. */
export function matchTargets(targets: readonly Target[], team: readonly TeamRow[]): Matching {
  const on = namesOf(targets, 'worker');
  const need = namesOf(targets, 'need');
  const asked = trusted(team).filter(({ name }) => on.length === 0 || on.includes(name));
  const workers = asked.filter((worker) => need.every((word) => has(worker, word)));
  const isWide = on.length > 1 || targets.some(({ is }) => is === 'all');
  return {
    askedCount: asked.length,
    workers: workers.toSorted(compare),
    silentCount: workers.filter((worker) => !isHeard(worker)).length,
    scope: isWide ? 'each' : 'one',
  };
}

/** What could be meant by the word that ends at the caret, the likeliest first; itself is no candidate. */
export function completeTarget(field: TextField, team: readonly TeamRow[]): readonly string[] {
  const word = wordAt(field);
  const others = readTargets(`${field.text.slice(0, field.caret - word.length)} `, team);
  const used = new Set(others.map((target) => target.name));
  const needs = listNeeds(team).map((need) => `+${need}`);
  const names = trusted(team).map(({ name }) => name);
  const wanted = word.toLowerCase();
  const fits = (text: string) =>
    text.toLowerCase().startsWith(wanted) || text.toLowerCase().startsWith(`+${wanted}`);
  // A name before `all`: what was meant for one must not go to everybody by one key.
  return [...names, 'all', ...needs]
    .filter((text) => fits(text) && text !== word && `+${word}` !== text)
    .filter((text) => !used.has(text.replace(/^\+/, '')));
}

/** The field with the word at the caret made into this one, ready for the next. */
export function takeTarget(field: TextField, candidate: string): TextField {
  const head = field.text.slice(0, field.caret - wordAt(field).length);
  const rest = field.text.slice(field.caret).trimStart();
  return { text: `${head}${candidate} ${rest}`, caret: head.length + candidate.length + 1 };
}

/** The word that ends at the caret; empty where the caret is inside one or behind none. */
export function wordAt({ text, caret }: TextField): string {
  if (/^[^\s,]/.test(text.slice(caret))) return '';
  return /[^\s,]*$/.exec(text.slice(0, caret))?.[0] ?? '';
}

/** The harnesses that somebody has, by name. */
export function listHarnesses(team: readonly TeamRow[]): readonly string[] {
  const all = trusted(team).flatMap(({ capabilities }) => capabilities?.harnesses ?? []);
  return [...new Set(all)].toSorted();
}

function trusted(team: readonly TeamRow[]): readonly TeamRow[] {
  return team.filter(({ state }) => state !== 'revoked');
}

function listNeeds(team: readonly TeamRow[]): readonly string[] {
  return [...new Set(trusted(team).flatMap(thingsOf))].toSorted();
}

function has(worker: TeamRow, need: string): boolean {
  return thingsOf(worker).includes(need);
}

function thingsOf({ capabilities }: TeamRow): readonly string[] {
  return capabilities === null ? [] : [...capabilities.has, capabilities.os, capabilities.arch];
}

function compare(a: TeamRow, b: TeamRow): number {
  if (isHeard(a) !== isHeard(b)) return isHeard(a) ? -1 : 1;
  if (a.jobs.length !== b.jobs.length) return a.jobs.length - b.jobs.length;
  return a.name < b.name ? -1 : 1;
}
