/*
 * A box with a title: its top border is a row of the view, the other sides are drawn by Ink.
 *
 * Decides nothing: which box, where and what is in it come from the views.
 */
import { Box } from 'ink';
import type { ReactElement } from 'react';
import { innerWidth } from '../views/layout.ts';
import type { PaneView } from '../views/pane.ts';
import { paintRow, type Theme } from '../views/theme.ts';
import { RowLine } from './row.tsx';

/** What a box is drawn from. */
export interface PaneProps {
  readonly view: PaneView;
  readonly theme: Theme;
}

/** Draws one box at its place; it covers what is below it. */
export function Pane({ view, theme }: PaneProps): ReactElement {
  const { rect, rows } = view;
  const width = innerWidth(rect);
  return (
    <Box position="absolute" top={rect.y} left={rect.x} flexDirection="column">
      <RowLine text={paintRow(view.top, theme)} width={rect.width} />
      <Box
        width={rect.width}
        height={rect.height - 1}
        flexDirection="column"
        borderStyle="round"
        borderTop={false}
        {...borderLook(view.isFocused, theme)}
      >
        {rows.map((row, index) => (
          // Rows are places on the screen, not things that move: the index is their identity.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <RowLine key={index} text={paintRow(row, theme)} width={width} />
        ))}
      </Box>
    </Box>
  );
}

function borderLook(
  isFocused: boolean,
  theme: Theme,
): { borderColor?: string; borderDimColor?: boolean } {
  if (!isFocused) return { borderDimColor: true };
  return theme.border === undefined ? {} : { borderColor: theme.border };
}
