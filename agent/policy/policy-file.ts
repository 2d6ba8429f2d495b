/*
 * `policy.toml` of a home: read when it is asked about, read again when it has changed.
 *
 * A look is one stat, so that every decision is made by the file as it is now: no restart, no watcher
 * that could miss a change, and what runs already goes on. A file that is there and cannot be read is a
 * broken policy, which refuses all; only a file that is not there is none. It never changes the file.
 */
import { lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, wrapError } from '../../protocol/errors.ts';
import { policyBytesMax } from './limits.ts';
import { findPolicy, type PolicyState, parsePolicy } from './policy.ts';

/** Where a policy comes from. */
export interface PolicySource {
  /** What holds now. */
  look(): PolicyState;
  /** The directories below which work may be, as they are named; undefined for anywhere. It looks at none of them. */
  listRoots(): readonly string[] | undefined;
}

/** A box without any policy: for what is no box. */
export const openPolicySource: PolicySource = {
  look: () => ({ is: 'open' }),
  listRoots: () => undefined,
};

/** The policy of this file. `home` is what `~` stands for; `changed` is told of every new state but the first. */
export function openPolicyFile(
  file: string,
  home: string,
  changed: (state: PolicyState) => void,
): PolicySource {
  let seen: string | undefined;
  let state: PolicyState = { is: 'open' };
  const look = (): PolicyState => {
    const now = describeFile(file);
    if (now === seen) return state;
    const isFirst = seen === undefined;
    seen = now;
    state = read(file);
    if (!isFirst) changed(state);
    return state;
  };
  return {
    look,
    listRoots: () =>
      findPolicy(look())?.directories.roots?.map((root) =>
        root.startsWith('~') ? join(home, root.slice(1)) : root,
      ),
  };
}

/** What tells one content from the next: editors replace the file, or write over it. */
function describeFile(file: string): string {
  try {
    const found = statSync(file, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return isLink(file) ? 'a link into nothing' : 'none';
    return [found.ino, found.size, found.mtimeNs, found.ctimeNs, found.mode].join(' ');
  } catch (thrown) {
    return wrapError(thrown, 'POLICY_BROKEN').message;
  }
}

function read(file: string): PolicyState {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found === undefined && !isLink(file)) return { is: 'open' };
    if (found === undefined) throw new AppError('POLICY_BROKEN', `${file} is a link into nothing.`);
    if (found.size > policyBytesMax) {
      throw new AppError('POLICY_BROKEN', `${file} is over ${policyBytesMax} bytes.`);
    }
    return { is: 'ruled', policy: parsePolicy(readFileSync(file, 'utf8'), file) };
  } catch (thrown) {
    if (thrown instanceof AppError) return { is: 'broken', error: thrown };
    const why = thrown instanceof Error && 'code' in thrown ? ` (${String(thrown.code)})` : '';
    const detail = `${file} cannot be read${why}.`;
    return { is: 'broken', error: new AppError('POLICY_BROKEN', detail, { cause: thrown }) };
  }
}

function isLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
