/*
 * The inbox's keys: approve, reject, or answer in words. Pure.
 *
 * Approving many goes out as one request for each, rejecting many as one. An entry that was decided
 * leaves the list when the hub says so, not before.
 */
import type { InboxRow } from '../../verbs/shapes.ts';
import type { Command } from '../keys/keymap.ts';
import { countDecisionRows } from '../views/inbox.ts';
import { ageText, durationText } from '../views/phrases.ts';
import { ask, type Effect, requestOf, still, type Update } from './effects.ts';
import { selectNeighbour, targetsOf } from './list.ts';
import { findSelectedDecision, type State, visibleInbox, withList } from './model.ts';
import { emptyField } from './text-field.ts';

/** How many rows the details of the selected entry have. */
export const countInboxRows = countDecisionRows;

/**
 * The inbox as the hub has it now. One that nobody looks at stays at its top, where what costs most by
 * waiting is, unless somebody has gone elsewhere in it. Where the selected one was decided the next below it
 * takes its place: a key that is pressed once more is not about what stands somewhere else.
 */
export function takeInbox(state: State, rows: readonly InboxRow[]): State {
  const next: State = { ...state, inbox: rows, hasInbox: true };
  const list = state.lists.inbox;
  const before = visibleInbox(state).map(({ id }) => id);
  const wasAtTop = list.selected === undefined || list.selected === before[0];
  if (state.focus === 'inbox' || !wasAtTop) {
    const ids = visibleInbox(next).map(({ id }) => id);
    return withList(next, 'inbox', selectNeighbour(list, before, ids));
  }
  return withList(next, 'inbox', { ...list, selected: visibleInbox(next)[0]?.id, top: 0 });
}

/** A command of the inbox's own keys. */
export function applyInboxCommand(state: State, command: Command): Update | undefined {
  if (command === 'approve') return decideAll(state, { how: 'approve', done: 'approved' });
  if (command === 'reject') return rejectAll(state);
  const decision = findSelectedDecision(state)?.id;
  if (command !== 'answer' || decision === undefined) return undefined;
  const use = { for: 'decide', decision } as const;
  return still({ ...state, overlay: { type: 'prompt', use, field: emptyField } });
}

/** Answers one decision in words. */
export function answerDecision(state: State, decision: string, words: string): Update {
  return ask(state, decide(decision, { how: 'answer', done: 'answered', text: [words] }));
}

function decide(
  decision: string,
  { how, done, text = [] }: { how: string; done: string; text?: readonly string[] },
): Effect {
  const purpose = { for: 'act', subject: decision, done, shows: false } as const;
  return requestOf('decide', { decision, how, text }, purpose);
}

function decideAll(state: State, how: { readonly how: string; readonly done: string }): Update {
  return ask(state, ...targetIds(state).map((decision) => decide(decision, how)));
}

function rejectAll(state: State): Update {
  const decisions = targetIds(state);
  if (decisions.length < 2) return decideAll(state, { how: 'reject', done: 'rejected' });
  const subject = `${decisions.length} entries`;
  const purpose = { for: 'act', subject, done: 'rejected', shows: false } as const;
  return ask(state, requestOf('dismiss', { decisions }, purpose));
}

function targetIds(state: State): readonly string[] {
  const ids = visibleInbox(state).map((row) => row.id);
  return targetsOf(state.lists.inbox, ids);
}

/** Why a command of the inbox can't be done. */
export function explainInbox(state: State, command: Command): string | undefined {
  const isOwn = ['approve', 'reject', 'answer', 'open'].includes(command);
  if (!isOwn) return undefined;
  if (targetIds(state).length === 0) return 'nothing is waiting for you';
  const takesWords = findSelectedDecision(state)?.answers.some(({ how }) =>
    how.startsWith('answer'),
  );
  return command === 'answer' && takesWords === false ? 'this is approved or rejected' : undefined;
}

/** The ages of the entries in sight, where they are shown. */
export function inboxAges(state: State, wallMs: number): readonly string[] {
  if (state.focus !== 'inbox') return [];
  const { top } = state.lists.inbox;
  const ages = visibleInbox(state)
    .slice(top, top + state.rows)
    .map(({ openedAt }) => ageText(wallMs - Date.parse(openedAt)));
  const endsAt = findSelectedDecision(state)?.endsAt ?? null;
  return endsAt === null ? ages : [...ages, durationText(Date.parse(endsAt) - wallMs)];
}
