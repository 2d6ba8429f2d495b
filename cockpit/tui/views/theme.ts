/*
 * Roles to terminal styles: the only place that decides how something looks. Pure.
 *
 * `ansi-16`, the default, uses the colours that every terminal lets its owner choose, and never a
 * background of ours, so that dark and light terminals both read well. The others name colours of
 * the 256 for one kind of background. `colour-blind` says good and bad in blue and orange, which
 * people with any common kind tell apart. Without colour, weight and inversion remain; glyphs and
 * words carry the meaning anyway.
 * Source: ECMA-48 8.3.117, https://no-color.org, Okabe and Ito 2008.
 */
import type { Role, Row, Span } from './row.ts';
import { dropColours } from './sgr.ts';

/** Every theme there is. */
export const themeNames = ['ansi-16', 'dark', 'light', 'colour-blind', 'mono'] as const;

/** One theme. */
export type ThemeName = (typeof themeNames)[number];

/** How roles look; worker's own colours are shown where the theme has colours at all. */
export interface Theme {
  readonly hasColour: boolean;
  readonly styles: Readonly<Record<Role, string>>;
  /** Colour of the borders of what has the keys, as Ink names it. */
  readonly border: string | undefined;
}

// Attributes first, colours last, as `dropColours` expects them.
const base: Readonly<Record<Role, string>> = {
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

const themes: Readonly<Record<ThemeName, Theme>> = {
  'ansi-16': { hasColour: true, styles: base, border: 'cyan' },
  dark: {
    hasColour: true,
    styles: {
      ...base,
      dim: '38;5;245',
      accent: '38;5;80',
      good: '38;5;114',
      warn: '38;5;221',
      bad: '1;38;5;210',
      banner: '1;7;38;5;210',
    },
    border: 'ansi256(80)',
  },
  light: {
    hasColour: true,
    styles: {
      ...base,
      dim: '38;5;242',
      accent: '38;5;25',
      good: '38;5;22',
      warn: '38;5;94',
      bad: '1;38;5;124',
      banner: '1;7;38;5;124',
    },
    border: 'ansi256(25)',
  },
  'colour-blind': {
    hasColour: true,
    styles: {
      ...base,
      accent: '38;5;74',
      good: '38;5;32',
      warn: '38;5;178',
      bad: '1;4;38;5;172',
      banner: '1;7;38;5;172',
    },
    border: 'ansi256(74)',
  },
  mono: { hasColour: false, styles: base, border: undefined },
};

/** The theme of this name. */
export function findTheme(name: ThemeName): Theme {
  return themes[name];
}

/** The row as text with SGR sequences, plain again at its end; made once for each row. */
export function paintRow(row: Row, theme: Theme): string {
  const known = painted.get(row);
  if (known?.theme === theme) return known.text;
  const text = row.map((part) => paintSpan(part, theme)).join('');
  painted.set(row, { theme, text });
  return text;
}

const painted = new WeakMap<Row, { readonly theme: Theme; readonly text: string }>();

function paintSpan(part: Span, theme: Theme): string {
  const wanted = part.sgr ?? theme.styles[part.role];
  const sgr = theme.hasColour ? wanted : dropColours(wanted);
  return sgr === '' ? part.text : `\x1b[${sgr}m${part.text}\x1b[0m`;
}
