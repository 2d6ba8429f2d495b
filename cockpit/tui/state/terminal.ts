/*
 * What is said to the terminal beside the picture: its title, the mouse, the bell. Pure.
 *
 * The title says what needs the M2. A bell and a notification come when something new does and the
 * window is not known to have the focus. Nothing here repeats itself: only what changed is written.
 * Source: xterm control sequences; OSC 9 as iTerm2, WezTerm, Ghostty and Windows Terminal have it.
 */
import { noticeCharsMax } from '../limits.ts';
import { ask, type Effect, type Update } from './effects.ts';
import type { ScreenPrefs, State } from './model.ts';

const mouseOn = '\x1b[?1000h\x1b[?1006h';
const mouseOff = '\x1b[?1006l\x1b[?1000l';
const focusOn = '\x1b[?1004h';
const focusOff = '\x1b[?1004l';
const titlePush = '\x1b[22;2t';
const titlePop = '\x1b[23;2t';

/** What is written when the screen takes the terminal. */
export function enterSequence(state: State): string {
  const mouse = state.screen.hasMouse ? mouseOn : '';
  return `${titlePush}${titleSequence(titleOf(state))}${focusOn}${mouse}`;
}

/** What is written when the screen gives the terminal back; safe where nothing was on. */
export const leaveSequence = `${mouseOff}${focusOff}${titlePop}`;

/** The update with what the terminal must be told of it. */
export function tellTerminal(before: State, update: Update): Update {
  const after = update.state;
  if (after === before) return update;
  const text = [
    titleOf(before) === titleOf(after) ? '' : titleSequence(titleOf(after)),
    planMouse(before.screen, after.screen),
    planNotice(before, after),
  ].join('');
  if (text === '') return update;
  return ask(after, ...update.effects, { type: 'write', text } satisfies Effect);
}

/** `Wally`, or what needs the M2. */
function titleOf({ link, inbox, unseen }: State): string {
  if (link.type === 'gone') return 'Wally: hub gone';
  const count = inbox.length;
  if (count > 0) return `Wally: ${count} ${count === 1 ? 'needs' : 'need'} you`;
  return unseen.length > 0 ? `Wally: ${unseen.length} ended badly` : 'Wally';
}

function planMouse(before: ScreenPrefs, after: ScreenPrefs): string {
  if (before.hasMouse === after.hasMouse) return '';
  return after.hasMouse ? mouseOn : mouseOff;
}

function planNotice(before: State, after: State): string {
  if (!after.screen.hasBell || after.hasWindow === true) return '';
  const text = newNeed(before, after);
  return text === undefined ? '' : `\x07\x1b]9;Wally: ${harmless(text)}\x07`;
}

/** What needs the M2 now and did not before; what was there when the screen opened is no news. */
function newNeed(before: State, after: State): string | undefined {
  if (before.hasInbox && before.inbox !== after.inbox) {
    const known = new Set(before.inbox.map(({ id }) => id));
    const fresh = after.inbox.find(({ id }) => !known.has(id));
    if (fresh !== undefined) return `${fresh.id}: ${fresh.question}`;
  }
  // What the inbox asks about it was said when it was asked.
  const asked = new Set(after.inbox.map(({ job }) => job));
  const bad = after.unseen.find((id) => !before.unseen.includes(id) && !asked.has(id));
  return bad === undefined ? undefined : `${bad} ended badly`;
}

function titleSequence(title: string): string {
  return `\x1b]2;${harmless(title)}\x07`;
}

function harmless(text: string): string {
  // A control character would end the sequence early, and what follows would be typed.
  return text.replaceAll(/\p{Cc}/gu, ' ').slice(0, noticeCharsMax);
}
