/*
 * The left, right and lower side of a box; the upper one is a row with the title in it.
 *
 * Decides nothing: which box and where comes from the views. Rows are painted beside Ink.
 */
import { Box } from 'ink';
import { createElement, type ReactElement } from 'react';
import type { Rect } from '../views/layout.ts';
import type { Theme } from '../views/theme.ts';
import type { BoxPlan } from './stage.ts';

/** What a box is drawn from. */
export interface PaneProps {
  readonly box: BoxPlan;
  readonly theme: Theme;
}

/** Draws one box at its place; what is below it is blank where it covers. */
export function Pane({ box, theme }: PaneProps): ReactElement {
  const { rect, isFocused, isOver } = box;
  return (
    <Box position="absolute" top={rect.y} left={rect.x} width={rect.width} height={rect.height}>
      {isOver && <Blank rect={rect} />}
      <Box
        position="absolute"
        top={1}
        left={0}
        width={rect.width}
        height={Math.max(0, rect.height - 1)}
        borderStyle="round"
        borderTop={false}
        {...borderLook(isFocused, theme)}
      />
    </Box>
  );
}

/**
 * Made of Ink's own text element with a size, not of its Text component: Ink 7.1 measures every Text
 * without a size, and keeps each text it ever measured.
 */
function Blank({ rect: { width, height } }: { readonly rect: Rect }): ReactElement {
  const lines = Array<string>(height).fill(' '.repeat(width)).join('\n');
  return createElement('ink-text', { style: { width, height, flexShrink: 0 } }, lines);
}

function borderLook(
  isFocused: boolean,
  theme: Theme,
): { borderColor?: string; borderDimColor?: boolean } {
  if (!isFocused) return { borderDimColor: true };
  return theme.border === undefined ? {} : { borderColor: theme.border };
}
