/*
 * The words that narrow the jobs: `state:failed worker:bob need:gpu label:x age:<1h`, and plain words. Pure.
 *
 * All terms must hold; `,` in one means any of them, `!` before it that it must not. A term that is
 * being typed (`age:<`) narrows nothing yet. A key that is not known is a plain word: titles hold colons.
 */
import { parseDuration } from '../../../protocol/duration.ts';
import type { JobRow } from '../../verbs/shapes.ts';
import { isBadOutcome, isLate } from '../views/phrases.ts';
import { matchesFilter } from './list.ts';

/** What a term may be about. */
export type FilterKey = 'state' | 'worker' | 'need' | 'label' | 'age';

/** Does a filter depend on what time it is? */
export function readsClock(filter: string): boolean {
  return /(?:^|\s)!?(?:age:|state:\S*late)/.test(filter);
}

/** The test that a filter is. `textOf` gives the words of a row that plain words look at. */
export function compileFilter(
  filter: string,
  look: { readonly wallMs: number; readonly textOf: (job: JobRow) => string },
): (job: JobRow) => boolean {
  const words = filter.split(/\s+/).filter((word) => word !== '');
  const terms = words.map((word) => readTerm(word, look.wallMs));
  const plain = words.filter((_, index) => terms[index] === undefined).join(' ');
  const tests = terms.filter((term) => term !== undefined);
  return (job) =>
    tests.every((test) => test(job)) && (plain === '' || matchesFilter(plain, look.textOf(job)));
}

/** The value of a key's term, where the filter has one. */
export function findTerm(filter: string, key: FilterKey): string | undefined {
  const lead = `${key}:`;
  const words = filter.split(/\s+/);
  return words.find((word) => word.startsWith(lead))?.slice(lead.length);
}

/** The filter with this key's term set, or without one. */
export function putTerm(filter: string, key: FilterKey, value: string | undefined): string {
  const rest = filter.split(/\s+/).filter((word) => word !== '' && !word.startsWith(`${key}:`));
  return [...rest, ...(value === undefined ? [] : [`${key}:${value}`])].join(' ');
}

type Test = (job: JobRow) => boolean;

function readTerm(word: string, wallMs: number): Test | undefined {
  const parts = /^(!?)([a-z]+):(.*)$/.exec(word);
  const [, not = '', key = '', value = ''] = parts ?? [];
  const make = tests.get(key);
  if (make === undefined) return undefined;
  const wanted = value
    .toLowerCase()
    .split(',')
    .filter((one) => one !== '');
  if (wanted.length === 0) return () => true;
  const test = make(wanted, wallMs);
  return not === '' ? test : (job) => !test(job);
}

type MakeTest = (wanted: readonly string[], wallMs: number) => Test;

const makers: Readonly<Record<FilterKey, MakeTest>> = {
  state: (wanted, wallMs) => (job) => wanted.some((word) => hasState(job, word, wallMs)),
  worker: (wanted) => (job) => wanted.some((word) => isLike(job.worker ?? 'none', word)),
  need: (wanted) => (job) => wanted.some((word) => (job.needs ?? []).some(is(word))),
  label: (wanted) => (job) => wanted.some((word) => (job.labels ?? []).some(isLabel(word))),
  age: (wanted, wallMs) => (job) =>
    wanted.every((word) => hasAge(wallMs - Date.parse(job.createdAt), word)),
};

/** A map, because an object has keys that nobody gave it: `constructor` is a word in many a title. */
const tests: ReadonlyMap<string, MakeTest> = new Map(Object.entries(makers));

/** A state is one of the receipts or outcomes, or a word for several of them. */
function hasState(job: JobRow, word: string, wallMs: number): boolean {
  switch (word) {
    case 'open':
      return job.outcome === null;
    case 'running':
      return job.outcome === null && job.state === 'started';
    case 'waiting':
      return job.outcome === null && job.state !== 'started';
    case 'ended':
      return job.outcome !== null;
    case 'bad':
      return isBadOutcome(job.outcome);
    case 'late':
      return isLate(job, wallMs);
    default:
      return (job.outcome ?? job.state).startsWith(word === 'ok' ? 'succeeded' : word);
  }
}

/** A name, or the beginning of one. */
function isLike(name: string, word: string): boolean {
  return name.toLowerCase().startsWith(word);
}

function is(word: string): (text: string) => boolean {
  return (text) => text.toLowerCase() === word;
}

/** A label by all of it, or by its key. */
function isLabel(word: string): (label: string) => boolean {
  return (label) => {
    const lower = label.toLowerCase();
    return lower === word || lower.split('=')[0] === word;
  };
}

/** `<1h` and `1h`: younger; `>1h`: older. */
function hasAge(ageMs: number, word: string): boolean {
  const ms = parseDuration(word.replace(/^[<>]/, ''));
  if (ms === undefined) return true;
  return word.startsWith('>') ? ageMs > ms : ageMs <= ms;
}
