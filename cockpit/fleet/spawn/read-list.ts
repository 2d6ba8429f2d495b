/*
 * What a provider's list says, read by the places that its config names. Pure.
 *
 * Boxes of others are passed over; one of ours whose id or address is no plain word is refused, because both
 * go into commands. Errors: SPAWN_OUTPUT.
 */
import { AppError } from '../../../protocol/errors.ts';
import { type FoundBox, type FoundState, madeBoxSchema } from '../../manager/spawn-box.ts';
import type { CommandProvider } from './provider.ts';

/** Where things are in the answer. */
export type ListPlaces = Pick<
  CommandProvider['list'],
  'boxes' | 'id' | 'tag' | 'address' | 'state' | 'ready' | 'gone'
>;

/** Our boxes in the answer: those whose tag begins with `prefix`. Errors: SPAWN_OUTPUT. */
export function readBoxList(
  text: string,
  { places, prefix }: { readonly places: ListPlaces; readonly prefix: string },
): readonly FoundBox[] {
  const entries = findAt(parseJson(text), places.boxes);
  if (!Array.isArray(entries)) {
    const where = places.boxes === '' ? 'the answer' : `"${places.boxes}"`;
    throw new AppError('SPAWN_OUTPUT', `The list of boxes: ${where} is no array.`);
  }
  return entries.flatMap((entry) => {
    const tag = findText(entry, places.tag);
    return tag?.startsWith(prefix) === true ? [readEntry(entry, tag, places)] : [];
  });
}

function readEntry(entry: unknown, tag: string, places: ListPlaces): FoundBox {
  const address = places.address === undefined ? undefined : findText(entry, places.address);
  const made = madeBoxSchema.safeParse({
    id: findText(entry, places.id),
    ...(address === undefined ? {} : { address }),
  });
  if (!made.success) {
    throw new AppError('SPAWN_OUTPUT', `The list of boxes: ${tag} has no usable id or address.`);
  }
  const word = places.state === undefined ? undefined : findText(entry, places.state);
  return { ...made.data, tag, state: judgeState(word, places) };
}

/** A box without a word of its state, or with a word that nobody named, is there. */
function judgeState(word: string | undefined, { ready, gone }: ListPlaces): FoundState {
  if (word === undefined) return 'ready';
  if (gone.includes(word)) return 'gone';
  return ready === undefined || ready.includes(word) ? 'ready' : 'coming';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const shown = text.trim().slice(0, 80);
    throw new AppError('SPAWN_OUTPUT', `The list of boxes is not JSON: "${shown}".`, { cause });
  }
}

/** The value at a path; undefined where the way ends before. */
function findAt(value: unknown, path: string): unknown {
  let at = value;
  for (const key of path === '' ? [] : path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/** A text or a number at a path, as text; an empty one is none. */
function findText(entry: unknown, path: string): string | undefined {
  const value = findAt(entry, path);
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
