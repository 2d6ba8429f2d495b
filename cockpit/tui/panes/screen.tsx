/*
 * The whole screen as Ink has it: the boxes, and keys, which it hands on.
 *
 * What is in the boxes is painted beside Ink. Holds no state of its own but whether a paste may go on. The root is exactly as large
 * as the terminal, so a frame never scrolls it.
 */
import { Box, useApp, useInput, usePaste } from 'ink';
import {
  type ReactElement,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { readReport } from '../keys/reports.ts';
import { findPaste, splitKeys } from '../keys/resolve.ts';
import type { CockpitEvent } from '../state/effects.ts';
import { Pane } from './pane.tsx';
import type { BoxesPlan } from './stage.ts';

/** What the screen needs of the stage and the store. */
export interface ScreenSource {
  readonly getBoxes: () => BoxesPlan;
  readonly subscribe: (listener: () => void) => () => void;
  /** Applies events at once, as one change of the screen. */
  readonly send: (events: readonly CockpitEvent[]) => void;
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
  /** Called when the boxes of a plan are Ink's to draw. */
  readonly onDrawn: () => void;
  /** Called between an empty screen and the first full one whenever a size was told. */
  readonly onSized: () => void;
}

/** Draws the screen. */
export function Screen({ source, onReady, onDrawn, onSized, onLeave }: ScreenProps): ReactElement {
  const plan = useSyncExternalStore(source.subscribe, source.getBoxes);
  const last = useRef<'keys' | 'piece'>('keys');
  useInput((input, key) => {
    const report = readReport(input);
    const pasted = findPaste({ input, key }, last.current);
    last.current = pasted === undefined || report !== undefined ? 'keys' : 'piece';
    if (report !== undefined) source.send([{ type: 'report', report }]);
    else if (pasted !== undefined) source.send([{ type: 'paste', text: pasted, isPiece: true }]);
    else source.send(splitKeys({ input, key }).map((press) => ({ type: 'key', press })));
  });
  usePaste((text) => source.send([{ type: 'paste', text }]));
  const { suspendTerminal } = useApp();
  useEffect(() => onReady(suspendTerminal), [onReady, suspendTerminal]);
  useEffect(() => onLeave, [onLeave]);
  // Another plan, although nothing else here depends on it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useLayoutEffect(onDrawn, [plan, onDrawn]);
  const size = plan.sizeCount;
  const [drawnSize, setDrawnSize] = useState(size);
  useLayoutEffect(() => {
    if (drawnSize === size) return;
    onSized();
    setDrawnSize(size);
  }, [drawnSize, size, onSized]);
  // What rows a terminal keeps where when its size changes is its own affair. Ink writes only rows
  // that differ from its last frame, so that frame must be an empty one: then all are written.
  if (drawnSize !== size) return <Box />;
  return (
    <Box width={plan.columns} height={plan.rows}>
      {plan.boxes.map((box, index) => (
        // Boxes are places on the screen, not things that move: the index is their identity.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <Pane key={index} box={box} theme={plan.theme} />
      ))}
    </Box>
  );
}
