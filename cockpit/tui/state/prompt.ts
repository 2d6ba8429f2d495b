/*
 * The line of text at the foot of the screen: narrowing a list, an answer in words, a log's pattern. Pure.
 *
 * A filter works while it is typed; leaving it with esc brings back the one before.
 */
import type { Command } from '../keys/keymap.ts';
import { still, type Update } from './effects.ts';
import { answerDecision } from './inbox-pane.ts';
import type { ListId } from './list.ts';
import { startSearch } from './log-search.ts';
import { acceptInstant, acceptSave } from './log-tools.ts';
import { type Prompt, type State, type TextField, withList } from './model.ts';
import { editText, insertText } from './text-field.ts';

/** Asks for the filter of this list. */
export function openFilter(state: State, list: ListId): Update {
  const { filter } = state.lists[list];
  const field = { text: filter, caret: filter.length };
  const use = { for: 'filter', list, before: filter } as const;
  return still({ ...state, overlay: { type: 'prompt', use, field } });
}

/** A command of the prompt's own keys. */
export function applyPromptCommand(state: State, prompt: Prompt, command: Command): Update {
  if (command === 'prompt-close') return closePrompt(state, prompt);
  if (command === 'prompt-accept') return acceptPrompt(state, prompt);
  return still(withField(state, prompt, editText(prompt.field, command)));
}

/** Text typed or pasted into the prompt. */
export function typeIntoPrompt(state: State, prompt: Prompt, text: string): Update {
  return still(withField(state, prompt, insertText(prompt.field, text)));
}

/** The list narrowed by these words, from its first row on where what was selected is not left. */
export function setFilter(state: State, list: ListId, filter: string): State {
  const before = state.lists[list];
  if (filter === before.filter) return state;
  return withList(state, list, { ...before, filter, top: 0, rangeFrom: undefined });
}

function withField(state: State, prompt: Prompt, field: TextField): State {
  const next = { ...state, overlay: { ...prompt, field } };
  return prompt.use.for === 'filter' ? setFilter(next, prompt.use.list, field.text) : next;
}

function closePrompt(state: State, { use }: Prompt): Update {
  const closed = { ...state, overlay: undefined };
  return still(use.for === 'filter' ? setFilter(closed, use.list, use.before) : closed);
}

function acceptPrompt(state: State, { use, field }: Prompt): Update {
  const closed = { ...state, overlay: undefined };
  if (use.for === 'filter') return still(closed);
  // Spaces are part of a pattern.
  if (use.for === 'search')
    return field.text === '' ? still(closed) : startSearch(closed, field.text);
  const words = field.text.trim();
  if (words === '') return still(use.for === 'decide' ? state : closed);
  if (use.for === 'log-at') return acceptInstant(closed, words);
  if (use.for === 'log-save') return acceptSave(closed, words);
  return answerDecision(closed, use.decision, words);
}
