/*
 * Names and ids of several hubs side by side: `work:alice`, `work:J12`.
 *
 * What a hub says is qualified with its name before anybody sees it, what is asked is routed by the
 * qualifiers in it and stripped of them, so that a hub never hears of the others. Pure. Invariant: what
 * `qualify` gives, `routeArgs` leads back to the same hub.
 */
import { AppError } from '../../protocol/errors.ts';

/** Where a request goes; `hub` is undefined where it names none. */
export interface Route {
  readonly hub: string | undefined;
  readonly args: Readonly<Record<string, unknown>>;
}

// Fields that hold an id, whatever shape they are in; an id is known by its look.
const idFields: ReadonlySet<string> = new Set([
  'id',
  'job',
  'attempt',
  'parent',
  'jobs',
  'dismissed',
]);
const idPattern = /^[A-Z]\d+(?:\.\d+)?$/;

// Fields that hold the name of a worker; in the shapes `name` is never anything else.
const workerFields: ReadonlySet<string> = new Set(['worker', 'name']);

// Fields whose keys or words are a person's, or a box's.
const opaqueFields: ReadonlySet<string> = new Set(['labels', 'env', 'command', 'capabilities']);

// Arguments that are somebody's own words, however they look.
const freeFields: ReadonlySet<string> = new Set([
  'command',
  'prompt',
  'title',
  'grep',
  'env',
  'label',
  'at',
  'out',
  'path',
  'cwd',
  'repo',
  'base',
]);

/** The same value with every id and every worker's name qualified. */
export function qualify<T>(value: T, hub: string): T {
  return qualifyField(value, '', hub) as T;
}

/** A name or id of this hub, as it is shown beside those of others. */
export function qualifyWord(hub: string, word: string): string {
  return `${hub}:${word}`;
}

/**
 * Finds the hub that the arguments name, and takes its name out of them.
 * Errors: USAGE_ARGUMENT where they name several.
 */
export function routeArgs(
  args: Readonly<Record<string, unknown>>,
  hubs: ReadonlySet<string>,
): Route {
  const named = new Set<string>();
  const strip = (word: unknown): unknown => {
    if (Array.isArray(word)) return word.map(strip);
    const at = typeof word === 'string' ? word.indexOf(':') : -1;
    if (typeof word !== 'string' || at <= 0 || !hubs.has(word.slice(0, at))) return word;
    named.add(word.slice(0, at));
    return word.slice(at + 1);
  };
  const stripped = Object.fromEntries(
    Object.entries(args).map(([key, value]) => [key, freeFields.has(key) ? value : strip(value)]),
  );
  if (named.size > 1) {
    const all = [...named].join(' and ');
    throw new AppError('USAGE_ARGUMENT', `This is about ${all}; ask each hub by itself.`);
  }
  return { hub: [...named][0], args: stripped };
}

function qualifyField(value: unknown, field: string, hub: string): unknown {
  if (typeof value === 'string') return qualifyText(value, field, hub);
  if (opaqueFields.has(field)) return value;
  if (Array.isArray(value)) return value.map((one) => qualifyField(one, field, hub));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, qualifyField(one, key, hub)]);
  return Object.fromEntries(entries);
}

function qualifyText(text: string, field: string, hub: string): string {
  const isName = workerFields.has(field) || (idFields.has(field) && idPattern.test(text));
  return isName ? qualifyWord(hub, text) : text;
}
