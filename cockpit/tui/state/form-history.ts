/*
 * Going back through earlier dispatches in the form, and what there is to go back to. Pure.
 *
 * First the form that was closed without being sent, then what was dispatched from this screen and
 * those before it, then the commands of the jobs that are known. What was typed before going back is
 * kept at the near end. Each command line is there once.
 */
import type { JobRow } from '../../verbs/shapes.ts';
import { pastDispatchesMax } from '../limits.ts';
import { commandText, type DispatchArgs, hideSecrets, readArgs } from './form-args.ts';
import type { DispatchForm, FormValues } from './form-fields.ts';
import type { State } from './model.ts';

/** Where dispatches are remembered beyond this screen. */
export interface PastDispatches {
  /** The newest first. */
  read(): Promise<readonly DispatchArgs[]>;
  /** Remembers one more; the oldest fall out. */
  add(entry: DispatchArgs): Promise<void>;
}

/** `entries` with this one as the newest, each once. What was secret in it is to be typed again. */
export function rememberDispatch(
  entries: readonly DispatchArgs[],
  dispatched: DispatchArgs,
): readonly DispatchArgs[] {
  const entry = hideSecrets(dispatched, '=');
  const others = entries.filter((other) => !isSame(other, entry));
  return [entry, ...others].slice(0, pastDispatchesMax);
}

/** The entries that were read, behind those that came meanwhile. */
export function withPast(state: State, read: readonly DispatchArgs[]): State {
  const pastDispatches = state.pastDispatches.toReversed().reduce(rememberDispatch, read);
  return { ...state, pastDispatches };
}

/** The form with an older dispatch, or a newer one; the same form where there is none. */
export function recallDispatch(state: State, form: DispatchForm, step: 1 | -1): DispatchForm {
  const history = listPast(state);
  const at = (form.past?.at ?? -1) + step;
  const draft = form.past?.draft ?? form.values;
  const calm = { ...form, field: 'command', error: undefined, previewTop: 0 } as const;
  if (at < 0) {
    return form.past === undefined ? form : { ...calm, past: undefined, values: draft };
  }
  const values = history[at];
  return values === undefined ? form : { ...calm, past: { at, draft }, values };
}

function listPast(state: State): readonly FormValues[] {
  const { pastDispatches, jobs, keptForm } = state;
  const kept = keptForm === undefined ? [] : [keptForm];
  return [...kept, ...readPast(pastDispatches), ...commandsOf(jobs, pastDispatches)];
}

/** The commands of jobs that nothing in the history says, the newest first. */
function commandsOf(
  jobs: readonly JobRow[],
  entries: readonly DispatchArgs[],
): readonly FormValues[] {
  const seen = new Set(readPast(entries).map(({ texts }) => texts.command.text));
  const fresh = jobs
    .map((job) => commandText(job.command))
    .filter((text) => text !== '' && !seen.has(text) && seen.add(text));
  return fresh.slice(0, pastDispatchesMax).map((text) => readArgs({ command: [text] }));
}

/** Read once for each list of entries: the form is drawn at every key. */
function readPast(entries: readonly DispatchArgs[]): readonly FormValues[] {
  const known = readings.get(entries);
  if (known !== undefined) return known;
  const read = entries.map(readArgs);
  readings.set(entries, read);
  return read;
}

const readings = new WeakMap<object, readonly FormValues[]>();

function isSame(a: DispatchArgs, b: DispatchArgs): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
