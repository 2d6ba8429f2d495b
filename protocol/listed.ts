/*
 * Lists in place of maps, for rows that are written for every job: a field is known by its place, and its name is here
 * alone.
 *
 * Names were half of such a row. A place is added at the end of its list, retired, never reused. Who reads gives what it
 * named to the schema of the map, so that a list which does not fit is refused there. Pure; it never throws.
 */
import type { CommandSpec, WorkUsage } from './model.ts';

/** What stands at each place of a list: a field's name, and how what it holds is named in turn. */
export type Places = readonly (readonly [name: string, nameInner?: (value: unknown) => unknown])[];

/** The fields of a list, by their places; nothing at a place is a field that is absent. Undefined for what is no list. */
export function nameFields(values: unknown, places: Places): Record<string, unknown> | undefined {
  if (!Array.isArray(values)) return undefined;
  const named: Record<string, unknown> = {};
  for (const [index, [name, nameInner]] of places.entries()) {
    const value: unknown = values[index];
    if (value === undefined || value === null) continue;
    named[name] = nameInner === undefined ? value : nameInner(value);
  }
  return named;
}

/** The same for each list of a list. */
export function nameEach(values: unknown, places: Places): unknown {
  return Array.isArray(values) ? values.map((value) => nameFields(value, places)) : values;
}

const specPlaces: Places = [
  ['command'],
  ['isIdempotent'],
  ['lostAfterMs'],
  ['env'],
  ['prompt'],
  ['cwd'],
  ['repo'],
  ['secrets'],
  ['deadlineMs'],
  ['stopAfterMs'],
  ['mayReplace'],
  ['reconcile'],
  ['artifacts'],
];

/** What a job runs, listed. */
export function listSpec(spec: CommandSpec): readonly unknown[] {
  return [
    spec.command,
    spec.isIdempotent,
    spec.lostAfterMs,
    spec.env,
    spec.prompt,
    spec.cwd,
    spec.repo,
    spec.secrets,
    spec.deadlineMs,
    spec.stopAfterMs,
    spec.mayReplace,
    spec.reconcile,
    spec.artifacts,
  ];
}

/** The same by its fields. */
export function nameSpec(value: unknown): unknown {
  return nameFields(value, specPlaces);
}

/** What a process used, listed. */
export function listUsage(usage: WorkUsage): readonly unknown[] {
  return [usage.exitCode, usage.signal, usage.cpuMs, usage.memoryBytesPeak];
}

/** The same by its fields. */
export function nameUsage(value: unknown): unknown {
  return nameFields(value, usagePlaces);
}

const usagePlaces: Places = [['exitCode'], ['signal'], ['cpuMs'], ['memoryBytesPeak']];
