/*
 * The names of boxes that are to be made: given like a worker's, or as they were asked for.
 *
 * A name is short enough for every provider's own rules once it is in a tag. Errors: WORKER_NAME, WORKER_NAME_TAKEN.
 */
import { AppError } from '../../protocol/errors.ts';
import { spawnNameLettersMax } from '../fleet/spawn/limits.ts';
import { pickName } from '../manager/names.ts';
import { isWorkerName } from '../manager/worker.ts';

/** How many names, and what they are to be like. */
export interface NameOrder {
  readonly count: number;
  readonly name?: string | undefined;
  readonly taken: ReadonlySet<string>;
}

/** So many names: `ci`, `ci-2`, `ci-3` where `ci` was asked for, else the next of the list. */
export function planNames({ count, name, taken }: NameOrder): readonly string[] {
  if (name === undefined) {
    const names: string[] = [];
    while (names.length < count) names.push(pickName(new Set([...taken, ...names])));
    return names;
  }
  const names = Array.from({ length: count }, (_, at) => (at === 0 ? name : `${name}-${at + 1}`));
  for (const one of names) {
    if (!isWorkerName(one) || one.length > spawnNameLettersMax) {
      const detail = `"${one}" cannot be the name of a box: up to ${spawnNameLettersMax} small letters, digits and dashes.`;
      throw new AppError('WORKER_NAME', detail);
    }
    if (taken.has(one)) {
      throw new AppError('WORKER_NAME_TAKEN', `"${one}" is or was somebody’s name.`);
    }
  }
  return names;
}
