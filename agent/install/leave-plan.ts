/*
 * What leaving a box would cost, and what of its home is ours to take away. Pure.
 *
 * Only names that an agent or an install gives are removed; whatever else lies in the home is somebody's, stays, and
 * is named. What a person writes there (config, policy) is theirs too. Errors: LEAVE_HOME, USAGE_ARGUMENT.
 */
import { dirname, resolve } from 'node:path';
import type { Owed } from '../../protocol/box-frames.ts';
import { AppError } from '../../protocol/errors.ts';

/** Names in a home that an agent, its guard, its supervisor or an install makes. */
const ours: readonly RegExp[] = [
  /^(odally|stdio)\.sock$/,
  /^store(\.(backup|newer)-\d+(\.new)?)?$/,
  /^(ballast|logs|artifacts|work|work-shared|trees|guard|archive|audit|set-aside)$/,
  /^(odally\.key|odally\.log|pairing\.json|service\.json|supervisor\.json|upgrade\.json)$/,
  /^(bin|versions|runtime|current|previous)$/,
  /^(pairing|service|supervisor|upgrade|current|previous|odally)[\w.-]*\.new$/,
  /^\.check-\w+$/,
];

/** What an agent has before all else: by this a directory is known to be a home. */
export const homeMark = 'odally.key';

/** What of a home goes, and what stays. */
export interface HomeRemoval {
  readonly gone: readonly string[];
  readonly left: readonly string[];
}

/** Sorts the names in a home. */
export function planHomeRemoval(names: readonly string[]): HomeRemoval {
  const isOurs = (name: string) => ours.some((pattern) => pattern.test(name));
  return { gone: names.filter(isOurs), left: names.filter((name) => !isOurs(name)) };
}

/** Refuses what can't be an agent's home, whoever named it. */
export function assertHome(
  directory: string,
  { names, userHome }: { readonly names: readonly string[]; readonly userHome: string },
): void {
  const isAbove = `${resolve(userHome)}/`.startsWith(`${resolve(directory)}/`);
  const isRoot = dirname(resolve(directory)) === resolve(directory);
  const isAgents = [homeMark, 'pairing.json', 'service.json'].some((name) => names.includes(name));
  if (isAgents && !isAbove && !isRoot) return;
  throw new AppError(
    'LEAVE_HOME',
    `${directory} is not the home of an agent; nothing was removed.`,
  );
}

/** Splits what is owed into what is given up by name, and the rest. */
export function splitOwed(
  owed: readonly Owed[],
  discard: readonly string[],
): { readonly givenUp: readonly Owed[]; readonly kept: readonly Owed[] } {
  const names = new Set(discard);
  const isGiven = ({ attempt }: Owed) =>
    names.has('all') || names.has(attempt) || names.has(attempt.slice(0, attempt.indexOf('.')));
  return { givenUp: owed.filter(isGiven), kept: owed.filter((one) => !isGiven(one)) };
}

/** The words of `--discard`. */
export function readDiscard(words: readonly string[]): readonly string[] {
  const ids = words.flatMap((word) => word.split(',')).filter((word) => word !== '');
  const wrong = ids.find((id) => !/^(all|J\d+(\.\d+)?)$/.test(id));
  if (wrong === undefined) return ids;
  throw new AppError('USAGE_ARGUMENT', `leave: --discard takes J12, J12.1 or all, not "${wrong}".`);
}

/** What is owed, for people. */
export function describeOwed(owed: readonly Owed[]): string {
  return owed.map(({ attempt, what }) => `${attempt} (${what})`).join(', ');
}
