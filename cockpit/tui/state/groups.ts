/*
 * What is asked of parts, where groups are chosen among jobs. Pure.
 *
 * A group has no attempts of its own, so a verb that is about attempts goes to the others alone; what of
 * the group that leaves out is said. The parts of a folded group are as a rule not chosen with it.
 */
import { AppError } from '../../../protocol/errors.ts';
import { isBadOutcome } from '../views/phrases.ts';
import type { State } from './model.ts';

// More would not fit into one row.
const namedMax = 4;

/** These jobs without the groups among them. Errors: JOB_GROUP where nothing is left. */
export function leaveGroups(state: State, ids: readonly string[]): readonly string[] {
  const groups = findGroups(state, ids);
  if (groups.length > 0 && groups.length === ids.length) {
    throw new AppError('JOB_GROUP', `${nameGroups(groups)}; choose parts.`);
  }
  return ids.filter((id) => !groups.includes(id));
}

/**
 * What is not done though it was chosen; undefined where every part of each group is among them. The
 * parts of an old group may not be here.
 */
export function describeLeft(state: State, ids: readonly string[]): string | undefined {
  const asked = new Set(ids);
  const groups = findGroups(state, ids);
  const partsOf = (group: string) => state.jobs.filter(({ parent }) => parent === group);
  const left = groups.filter((group) => {
    const parts = partsOf(group);
    return parts.length === 0 || parts.some(({ id }) => !asked.has(id));
  });
  if (left.length === 0) return undefined;
  const parts = left.flatMap(partsOf).filter(({ id }) => !asked.has(id));
  const failed = parts.filter(({ outcome }) => isBadOutcome(outcome)).map(({ id }) => id);
  const what = `${nameGroups(left)}, left out`;
  if (failed.length === 0) return `${what}; choose parts.`;
  const more = failed.length > namedMax ? ' …' : '';
  return `${what}; failed parts: ${failed.slice(0, namedMax).join(' ')}${more}.`;
}

function findGroups(state: State, ids: readonly string[]): readonly string[] {
  const asked = new Set(ids);
  return state.jobs.filter(({ id, kind }) => kind === 'group' && asked.has(id)).map(({ id }) => id);
}

function nameGroups(groups: readonly string[]): string {
  const more = groups.length > namedMax ? ' …' : '';
  const names = `${groups.slice(0, namedMax).join(' ')}${more}`;
  return groups.length === 1 ? `${names} is a group` : `${names} are groups`;
}
