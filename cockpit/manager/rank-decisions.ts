/*
 * The order of the inbox: what costs most by waiting comes first. Pure.
 *
 * The rule, in its order: a box that knocks (its invite runs out, and somebody stands there); a fix
 * that failed for an error (something does not work until it is done); a box that could not be made or let go (it
 * may cost money); lost work (it may still run
 * somewhere, and others may wait for it); refused work (it stands still); expired work (its time is over
 * anyway); a fix that failed for a warning. Of the same kind the longest waiting is first, of the knocking the
 * one whose invite ends first.
 */
import type { Decision } from './decision.ts';

/** The decisions, the most urgent first. */
export function rankDecisions<T extends Decision>(decisions: readonly T[]): readonly T[] {
  return [...decisions].sort(
    (a, b) => rankOf(a) - rankOf(b) || sinceOf(a) - sinceOf(b) || numberOf(a) - numberOf(b),
  );
}

/** What goes on costing while nobody decides, in words. */
export function describeCost(decision: Decision): string {
  switch (decision.kind) {
    case 'pairing':
      return 'its invite ends';
    case 'fix-failed':
      return decision.severity === 'error' ? 'it does not work' : 'it will not work';
    case 'spawn':
      return decision.boxId === undefined ? 'a box is missing' : 'it may cost money';
    case 'lost':
      return 'it may still run';
    case 'refused':
      return 'it stands still';
    case 'expired':
      return 'its time is over';
  }
}

function rankOf(decision: Decision): number {
  switch (decision.kind) {
    case 'pairing':
      return 0;
    case 'fix-failed':
      return decision.severity === 'error' ? 1 : 6;
    case 'spawn':
      return 2;
    case 'lost':
      return 3;
    case 'refused':
      return 4;
    case 'expired':
      return 5;
  }
}

function sinceOf(decision: Decision): number {
  return decision.kind === 'pairing' ? decision.expiresAt : decision.openedAt;
}

function numberOf({ id }: Decision): number {
  return Number(id.slice(1));
}
