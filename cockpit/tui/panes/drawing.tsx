/*
 * Ink, the stage and the painter on one terminal, from the first frame until it is left.
 *
 * The store paces the feed, so Ink does not pace again (ink facts, C4). While the terminal is lent
 * nothing is written here; when it comes back everything is drawn again.
 */
import { render } from 'ink';
import type { Ports } from '../../../protocol/ports.ts';
import type { State } from '../state/model.ts';
import { openInkStdout } from './ink-stdout.ts';
import { RowPainter } from './row-painter.ts';
import { type LendTerminal, Screen, type ScreenSource } from './screen.tsx';
import { Stage } from './stage.ts';
import { readTyped } from './typed-input.ts';

/** What is drawn, and where. */
export interface DrawingPlan extends Pick<ScreenSource, 'send'> {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly timers: Ports['timers'];
  readonly getState: () => State;
  readonly subscribe: (listener: () => void) => () => void;
  /** Called once the terminal is ours. */
  readonly onReady: () => void;
  /** Called when the screen goes, on every way out that leaves time for anything. */
  readonly onLeave: () => void;
}

/** A screen that is up. */
export interface Drawing {
  /** Lends the terminal to `use`; rejects while it is lent already. */
  readonly lend: LendTerminal;
  readonly leave: () => void;
  /** Resolves once it was left; rejects with what broke it. */
  readonly ended: Promise<void>;
  /** Resolves once all that is to be drawn now was written. */
  readonly flush: () => Promise<void>;
}

// Written while Ink takes the screen for empty.
const eraseScreen = '\x1b[H\x1b[2J';

// CI must not blank the screen, and a key decides what ctrl-c does.
const inkOptions = {
  alternateScreen: true,
  incrementalRendering: true,
  interactive: true,
  maxFps: 1000,
  exitOnCtrlC: false,
  patchConsole: false,
} as const;

/** Takes the terminal and draws until it is left. */
export function openDrawing(plan: DrawingPlan): Drawing {
  const { stdin, stdout, getState, subscribe } = plan;
  const painter = new RowPainter((text) => stdout.write(text), plan.timers);
  const ink = openInkStdout(stdout, painter.paintFrame);
  const stage = new Stage({ getState, subscribe, painter });
  let lend: LendTerminal | undefined;
  const screen = (
    <Screen
      source={{ getBoxes: stage.getBoxes, subscribe: stage.subscribe, send: plan.send }}
      onReady={(lendTerminal) => {
        lend = lendTerminal;
        plan.onReady();
      }}
      onLeave={() => {
        painter.pause();
        plan.onLeave();
      }}
      onDrawn={painter.settle}
      onSized={() => {
        // Whoever has the terminal meanwhile hears of its size too, and must not be wiped off it.
        if (!painter.isPaused) stdout.write(eraseScreen);
        ink.tell();
      }}
    />
  );
  const app = render(screen, { stdin: readTyped(stdin), stdout: ink.stdout, ...inkOptions });
  return {
    lend: async (use) => {
      await lend?.(async () => {
        painter.pause();
        try {
          await use();
        } finally {
          painter.resume();
        }
      });
    },
    leave: app.unmount,
    ended: app.waitUntilExit().then(stage.stop),
    flush: app.waitUntilRenderFlush,
  };
}
