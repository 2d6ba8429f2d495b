/*
 * Which of two jobs is newer. Pure.
 *
 * Jobs of one hub are in the order of their numbers. Numbers of several hubs say nothing of each other,
 * so jobs with a hub's name before their ids are in the order of their instants.
 */
import type { JobRow } from '../../verbs/shapes.ts';

/** The newest first, for `sort`. */
export function compareNewest(a: JobRow, b: JobRow): number {
  if (!isQualified(a.id)) return numberOf(b.id) - numberOf(a.id);
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return numberOf(b.id) - numberOf(a.id) || (a.id < b.id ? -1 : 1);
}

/** A job's id as the hub would write it: `12`, `j12` and `work:j12` are meant too. */
export function readJobWord(word: string): string {
  const at = word.lastIndexOf(':') + 1;
  const id = word
    .slice(at)
    .toUpperCase()
    .replace(/^(?=\d)/, 'J');
  return word.slice(0, at) + id;
}

function isQualified(id: string): boolean {
  return id.includes(':');
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf(':') + 2));
}
