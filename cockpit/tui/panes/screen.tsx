/*
 * The whole screen: takes the state, asks the views for a picture, draws it, and hands keys on.
 *
 * Holds no state of its own. The root is exactly as large as the terminal, so a frame never
 * scrolls it.
 */
import { Box, useApp, useInput, usePaste } from 'ink';
import {
  type ReactElement,
  useEffect,
  useLayoutEffect,
  useState,
  useSyncExternalStore,
} from 'react';
import { readReport } from '../keys/reports.ts';
import { splitKeys } from '../keys/resolve.ts';
import type { CockpitEvent } from '../state/effects.ts';
import type { State } from '../state/model.ts';
import { viewScreen } from '../views/screen.ts';
import { findTheme, paintRow } from '../views/theme.ts';
import { Pane } from './pane.tsx';
import { RowLine } from './row.tsx';

/** What the screen needs of the store. */
export interface ScreenSource {
  getState(): State;
  subscribe(listener: () => void): () => void;
  /** Applies events at once, as one change of the screen. */
  send(events: readonly CockpitEvent[]): void;
}

/** Lends the terminal to `use`, then draws everything again. */
export type LendTerminal = (use: () => Promise<void>) => Promise<void>;

/** What the screen is drawn from. */
export interface ScreenProps {
  readonly source: ScreenSource;
  /** Called once the screen can lend the terminal. */
  readonly onReady: (lend: LendTerminal) => void;
  /** Called when the screen goes, on every way out that leaves time for anything. */
  readonly onLeave: () => void;
  /** Called between an empty screen of a new size and the first full one. */
  readonly onSized: () => void;
}

/** Draws the screen. */
export function Screen({ source, onReady, onSized, onLeave }: ScreenProps): ReactElement {
  const state = useSyncExternalStore(source.subscribe, source.getState);
  useInput((input, key) => {
    const report = readReport(input);
    if (report !== undefined) source.send([{ type: 'report', report }]);
    else source.send(splitKeys({ input, key }).map((press) => ({ type: 'key', press })));
  });
  usePaste((text) => source.send([{ type: 'paste', text }]));
  const { suspendTerminal } = useApp();
  useEffect(() => onReady(suspendTerminal), [onReady, suspendTerminal]);
  useEffect(() => onLeave, [onLeave]);
  const size = `${state.columns}x${state.rows}`;
  const [drawnSize, setDrawnSize] = useState(size);
  useLayoutEffect(() => {
    if (drawnSize === size) return;
    onSized();
    setDrawnSize(size);
  }, [drawnSize, size, onSized]);
  // What rows a terminal keeps where when its size changes is its own affair. Ink writes only rows
  // that differ from its last frame, so that frame must be an empty one: then all are written.
  if (drawnSize !== size) return <Box />;
  const theme = findTheme(state.screen.theme);
  const view = viewScreen(state);
  return (
    <Box width={view.columns} height={view.rows}>
      {view.lines.map(({ x, y, row }) => (
        <Box key={y} position="absolute" top={y} left={x}>
          <RowLine text={paintRow(row, theme)} width={Math.max(0, view.columns - 1)} />
        </Box>
      ))}
      {view.panes.map((pane) => (
        <Pane key={pane.id} view={pane} theme={theme} />
      ))}
    </Box>
  );
}
