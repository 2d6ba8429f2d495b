/*
 * One row of text on the screen, drawn again only when it changes.
 *
 * Made of Ink's own text element with a size, not of its Text component: Ink 7.1 measures every
 * Text without a size and keeps each text it ever measured, so a streaming log would grow memory
 * without end. The text has exactly `width` cells already; it is never wrapped.
 */
import { createElement, memo, type ReactElement } from 'react';

/** What a row is drawn from. `text` may hold SGR sequences and nothing else. */
export interface RowProps {
  readonly text: string;
  readonly width: number;
}

const style = { height: 1, flexShrink: 0, textWrap: 'truncate' } as const;

/** Draws one row. */
export const RowLine = memo(function RowLine({ text, width }: RowProps): ReactElement {
  return createElement('ink-text', { style: { ...style, width } }, text);
});
