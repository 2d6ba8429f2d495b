/*
 * Roles to terminal styles: the only place that decides how something looks. Pure.
 *
 * Only the sixteen colours that every terminal lets its owner choose, and never a background of
 * ours, so that dark and light themes both read well. Without colour, weight and inversion remain;
 * glyphs and words carry the meaning anyway. Source: ECMA-48 8.3.117, https://no-color.org.
 */
import type { Role, Row, Span } from './row.ts';
import { dropColours } from './sgr.ts';

/** How roles look. */
export interface Theme {
  readonly hasColour: boolean;
}

// Attributes first, colours last, as `dropColours` expects them.
const styles: Readonly<Record<Role, string>> = {
  plain: '',
  dim: '2',
  strong: '1',
  title: '1',
  accent: '36',
  good: '32',
  warn: '33',
  bad: '1;31',
  selected: '7',
  caret: '7',
  banner: '1;7;31',
};

/** The row as text with SGR sequences, plain again at its end. */
export function paintRow(row: Row, theme: Theme): string {
  return row.map((part) => paintSpan(part, theme)).join('');
}

function paintSpan(part: Span, theme: Theme): string {
  const wanted = part.sgr ?? styles[part.role];
  const sgr = theme.hasColour ? wanted : dropColours(wanted);
  return sgr === '' ? part.text : `\x1b[${sgr}m${part.text}\x1b[0m`;
}
