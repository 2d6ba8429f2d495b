/*
 * The steps of a verb that tells them, laid over the panes as they come. Pure.
 *
 * A line that says what is under way gives way to the next one. Whoever closes the list hears of the rest in
 * short messages; nothing is opened again over what they do meanwhile.
 */
import { plain } from '../../verbs/text.ts';
import { stepLinesMax } from '../limits.ts';
import { type Effect, type Purpose, still, type Update } from './effects.ts';
import type { State } from './model.ts';
import { tell } from './toast.ts';

/** Opens the list for what is about to tell its steps; the state as it is where nothing is. */
export function openSteps(state: State, effects: readonly Effect[]): State {
  const [effect, ...others] = effects;
  if (effect?.type !== 'request' || others.length > 0) return state;
  const { purpose } = effect.request;
  if (purpose.for !== 'line' || purpose.tells !== true) return state;
  const lines = [`${underWay} asked`];
  return { ...state, overlay: { type: 'words', title: purpose.line, lines, top: 0 } };
}

/** A step was told. */
export function applyTold(state: State, purpose: Purpose, item: unknown): Update {
  if (purpose.for !== 'line') return still(state);
  const verb = state.verbs.find(({ name }) => name === purpose.verb);
  const line = verb?.showItem?.(item, plain) ?? '';
  if (line === '') return still(state);
  const added = addLines(state, purpose.line, [line]);
  if (added !== undefined) return still(added);
  return line.startsWith(underWay) ? still(state) : tell(state, `${purpose.line}: ${line}`);
}

/** The answer under its steps; undefined where their list is not open. */
export function endSteps(state: State, title: string, lines: readonly string[]): State | undefined {
  return addLines(state, title, ['', ...lines]);
}

/** What a line begins with that says what is under way. */
const underWay = '…';

function addLines(state: State, title: string, more: readonly string[]): State | undefined {
  const { overlay } = state;
  if (overlay?.type !== 'words' || overlay.title !== title) return undefined;
  const isOver = overlay.lines.at(-1)?.startsWith(underWay) === true;
  const kept = isOver ? overlay.lines.slice(0, -1) : overlay.lines;
  return { ...state, overlay: { ...overlay, lines: [...kept, ...more].slice(-stepLinesMax) } };
}
