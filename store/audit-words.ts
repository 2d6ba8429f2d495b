/*
 * What an audit entry keeps of what was asked: short, and without values that may be secrets.
 *
 * Long texts are cut and named by their hash, so that one who has the text can still prove that it was this.
 * Of variables only the names stay, and tokens that can be told by their look are taken out as from logs. Pure: the same words for the same arguments. Invariant: what it gives
 * is at most `auditArgsBytesMax` of JSON.
 */
import { hash } from 'node:crypto';
import {
  auditArgsBytesMax,
  auditCleanLettersMax,
  auditDepthMax,
  auditListMax,
  auditTextMax,
} from './limits.ts';
import { cleanText } from './redaction/redaction.ts';

/** Arguments whose values are never written down, only what they are called. */
const namesOnly: ReadonlySet<string> = new Set(['env', 'secret', 'secrets']);

/** The arguments as an entry has them; undefined where there are none. */
export function describeArgs(args: unknown): unknown {
  const size: Size = { bytesMax: 0 };
  const words = describe(args, 0, size);
  if (isEmpty(words)) return undefined;
  if (size.bytesMax <= auditArgsBytesMax) return words;
  const json = JSON.stringify(words) ?? '';
  return json.length <= auditArgsBytesMax ? words : cutLetters(json, json);
}

/** At most so many bytes of JSON: most arguments are so few that they need not be counted. */
interface Size {
  bytesMax: number;
}

/** What a letter takes in JSON at the most, and what a value does besides: quotes, a comma, a colon; or a number. */
const [letterBytesMax, valueBytesMax] = [6, 28];

function describe(value: unknown, depth: number, size: Size): unknown {
  size.bytesMax += valueBytesMax;
  if (typeof value === 'string') return count(cut(value), size);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') return undefined;
  if (depth >= auditDepthMax) return '…';
  if (Array.isArray(value)) return describeList(value, depth, size);
  const words: [string, unknown][] = [];
  for (const [name, field] of Object.entries(value).slice(0, auditListMax)) {
    // A switch that is off says nothing.
    if (field === false || field === undefined || isEmpty(field)) continue;
    const isNames = namesOnly.has(name);
    const shown = isNames ? listNames(field, size) : describe(field, depth + 1, size);
    words.push([count(cutLetters(name, name), size), shown]);
  }
  return Object.fromEntries(words);
}

function describeList(values: readonly unknown[], depth: number, size: Size): readonly unknown[] {
  const some = values.slice(0, auditListMax).map((value) => describe(value, depth + 1, size));
  if (values.length <= auditListMax) return some;
  return [...some, count(`… ${values.length - auditListMax} more`, size)];
}

function count(text: string, size: Size): string {
  size.bytesMax += valueBytesMax + letterBytesMax * text.length;
  return text;
}

/** The names of `K=V` words, or of a map's fields. */
function listNames(value: unknown, size: Size): readonly string[] {
  const words = Array.isArray(value) ? value.map(String) : Object.keys(Object(value));
  return words.slice(0, auditListMax).map((word) => count(cut(word.split('=')[0] ?? ''), size));
}

/** A token may reach beyond the letters that are kept, so more than those are looked at. */
function cut(text: string): string {
  return cutLetters(cleanText(text.slice(0, auditCleanLettersMax)), text);
}

/** `shown` is how `text`, which the hash is of, begins. */
function cutLetters(shown: string, text: string): string {
  if (text.length <= auditTextMax) return shown;
  const digest = hash('sha256', text, 'hex').slice(0, 16);
  return `${shown.slice(0, auditTextMax / 2)}… (${text.length} letters, sha256 ${digest})`;
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
