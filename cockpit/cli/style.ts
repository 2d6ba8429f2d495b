/*
 * Colour for people's text: the sixteen colours of the terminal's own theme, or none.
 *
 * Colour never says anything that the words do not; so it may be dropped anywhere.
 */
import { plain } from '../verbs/text.ts';
import type { Style } from '../verbs/verb.ts';

/** Colours where stdout is a terminal and NO_COLOR is not set. */
export function chooseStyle(isTerminal: boolean, noColor: string | undefined): Style {
  if (!isTerminal || (noColor !== undefined && noColor !== '')) return plain;
  const paint = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
  return { good: paint(32), bad: paint(31), warn: paint(33), dim: paint(2), strong: paint(1) };
}
