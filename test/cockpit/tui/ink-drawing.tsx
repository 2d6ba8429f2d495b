/*
 * The whole screen drawn by Ink alone: what painting beside Ink must look like, cell for cell.
 *
 * Slow, because Ink looks at every cell of every frame; the reference, and nothing but that.
 */
import { Box } from 'ink';
import { createElement, type ReactElement } from 'react';
import { innerWidth } from '../../../cockpit/tui/views/layout.ts';
import type { PaneView } from '../../../cockpit/tui/views/pane.ts';
import type { Row } from '../../../cockpit/tui/views/row.ts';
import type { ScreenView } from '../../../cockpit/tui/views/screen.ts';
import { paintRow, type Theme } from '../../../cockpit/tui/views/theme.ts';

/** Draws a picture. */
export function InkDrawing({
  view,
  theme,
}: {
  readonly view: ScreenView;
  readonly theme: Theme;
}): ReactElement {
  return (
    <Box width={view.columns} height={view.rows}>
      {view.lines.map(({ x, y, row }) => (
        <Box key={y} position="absolute" top={y} left={x}>
          <Line row={row} theme={theme} width={Math.max(0, view.columns - 1 - x)} />
        </Box>
      ))}
      {view.panes.map((pane) => (
        <PaneDrawing key={pane.id} view={pane} theme={theme} />
      ))}
    </Box>
  );
}

function PaneDrawing({
  view,
  theme,
}: {
  readonly view: PaneView;
  readonly theme: Theme;
}): ReactElement {
  const { rect, rows, isFocused } = view;
  const look = theme.border === undefined ? {} : { borderColor: theme.border };
  return (
    <Box position="absolute" top={rect.y} left={rect.x} flexDirection="column">
      <Line row={view.top} theme={theme} width={rect.width} />
      <Box
        width={rect.width}
        height={rect.height - 1}
        flexDirection="column"
        borderStyle="round"
        borderTop={false}
        {...(isFocused ? look : { borderDimColor: true })}
      >
        {rows.map((row, index) => (
          // Rows are places on the screen, not things that move: the index is their identity.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <Line key={index} row={row} theme={theme} width={innerWidth(rect)} />
        ))}
      </Box>
    </Box>
  );
}

interface LineProps {
  readonly row: Row;
  readonly theme: Theme;
  readonly width: number;
}

function Line({ row, theme, width }: LineProps): ReactElement {
  const style = { height: 1, flexShrink: 0, textWrap: 'truncate', width } as const;
  return createElement('ink-text', { style }, paintRow(row, theme));
}
