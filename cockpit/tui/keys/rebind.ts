/*
 * `keys.toml`: the keymap with the keys that its owner chose. Pure: parsed TOML in, a keymap out.
 *
 *   [keys]
 *   dispatch = "n"
 *   retry = ["r", "ctrl-r"]
 *   suspend = []
 *
 * What is wrong (no such command, no such key, one key for two things in one place) is said in a
 * sentence that names both commands, and that row keeps the keys it had: a bad file never locks
 * anybody out of their screen.
 */
import { type Binding, type Command, type Context, keymap, modesOf } from './keymap.ts';
import { isKeyName } from './resolve.ts';

/** The keymap in force, and what could not be taken. */
export interface Rebound {
  readonly keymap: readonly Binding[];
  readonly problems: readonly string[];
}

/** The keymap with what the parsed file changes. */
export function rebindKeys(file: unknown): Rebound {
  const problems: string[] = [];
  const wanted = readRows(file, problems);
  let bound: readonly Binding[] = keymap;
  for (const [command, keys] of wanted) {
    const next = bound.map((binding) =>
      binding.command === command ? { ...binding, keys } : binding,
    );
    const clash = findClash(next, command, wanted);
    if (clash === undefined) bound = next;
    else problems.push(clash);
  }
  return { keymap: bound, problems };
}

/** The first key that means two things in one place, with both commands; undefined where none does. */
function findClash(
  bindings: readonly Binding[],
  command: Command,
  wanted: ReadonlyMap<Command, readonly string[]>,
): string | undefined {
  const own = bindings.filter((binding) => binding.command === command);
  // Rows that the file is still going to move away do not stand in the way.
  const others = bindings.filter(
    (binding) => binding.command !== command && !isStillMoving(binding, wanted),
  );
  for (const { keys, contexts } of own) {
    for (const other of others) {
      const shared = modesOf(contexts).find((mode) => modesOf(other.contexts).includes(mode));
      const key = keys.find((name) => other.keys.includes(name));
      if (shared === undefined || key === undefined) continue;
      return `"${key}" would be both ${command} and ${other.command} in ${placeOf(shared)}`;
    }
  }
  return undefined;
}

/** Will the file give this row other keys than it has now? */
function isStillMoving(binding: Binding, wanted: ReadonlyMap<Command, readonly string[]>): boolean {
  const keys = wanted.get(binding.command);
  return keys !== undefined && keys !== binding.keys;
}

function placeOf(context: Exclude<Context, 'global'>): string {
  return `the ${context}`;
}

function readRows(file: unknown, problems: string[]): ReadonlyMap<Command, readonly string[]> {
  const rows = new Map<Command, readonly string[]>();
  if (!isTable(file)) return rows;
  for (const name of Object.keys(file)) {
    if (name !== 'keys') problems.push(`there is no table [${name}]; keys are in [keys]`);
  }
  const table = file.keys;
  if (table === undefined) return rows;
  if (!isTable(table)) {
    problems.push('[keys] is not a table');
    return rows;
  }
  for (const [name, value] of Object.entries(table)) {
    const command = keymap.find((binding) => binding.command === name)?.command;
    const keys = readKeys(value);
    if (command === undefined) problems.push(`there is no command "${name}"`);
    else if (keys === undefined) problems.push(`${name}: keys are "x", "ctrl-x" or a list of them`);
    else rows.set(command, keys);
  }
  return rows;
}

function readKeys(value: unknown): readonly string[] | undefined {
  const keys: readonly unknown[] = Array.isArray(value) ? value : [value];
  const names = keys.filter((key): key is string => typeof key === 'string' && isKeyName(key));
  return names.length === keys.length ? names : undefined;
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
