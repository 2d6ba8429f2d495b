/*
 * The terminal as Ink has it: what Ink writes for one frame goes out as one write, with what is painted
 * beside Ink in it, and a new size is told only when the screen of that size is there.
 *
 * Ink writes a frame in three pieces, of which the first and the last begin and end a synchronised
 * update. Ink draws again as soon as the terminal has changed, and React commits a moment later: in
 * between Ink would paint the old screen into the new size, where it wraps, and take those rows for
 * painted. So `resize` is held back and told by `tell`, after what the terminal shows was erased.
 */
import { EventEmitter } from 'node:events';

/** Begins and ends a synchronised update: a terminal that knows it shows all that is between at once. */
export const beginUpdate = '\x1b[?2026h';
/** See `beginUpdate`. */
export const endUpdate = '\x1b[?2026l';

/** Ink's side of the terminal, and the telling. */
export interface InkStdout {
  readonly stdout: NodeJS.WriteStream;
  /** Ink hears of the size that the terminal has now. */
  tell(): void;
}

const subscribers: Readonly<Record<string, 'on' | 'off'>> = {
  on: 'on',
  addListener: 'on',
  off: 'off',
  removeListener: 'off',
};

/** Stands between Ink and the terminal; `paint` gives what is to be painted over each of Ink's frames. */
export function openInkStdout(stdout: NodeJS.WriteStream, paint: () => string): InkStdout {
  const listeners = new EventEmitter();
  const frame = new FrameGatherer(stdout, paint);
  const held = new Proxy(stdout, {
    get(target, key) {
      if (key === 'write') return frame.write;
      const method = typeof key === 'string' ? subscribers[key] : undefined;
      if (method !== undefined) {
        return (event: string, run: () => void) => {
          if (event === 'resize') listeners[method]('resize', run);
          else target[method](event, run);
          return held;
        };
      }
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { stdout: held, tell: () => listeners.emit('resize') };
}

/** Makes one write of each frame. Ink writes a whole frame in one go, so no other write comes between. */
class FrameGatherer {
  readonly #stdout: NodeJS.WriteStream;
  readonly #paint: () => string;
  #pieces: string[] | undefined;

  constructor(stdout: NodeJS.WriteStream, paint: () => string) {
    this.#stdout = stdout;
    this.#paint = paint;
  }

  readonly write = (piece: string, done?: (error?: Error | null) => void): boolean => {
    if (piece === beginUpdate) {
      this.#pieces = [];
      return true;
    }
    if (this.#pieces === undefined || done !== undefined) return this.#stdout.write(piece, done);
    if (piece !== endUpdate) return this.#pieces.push(piece) > 0;
    const frame = [beginUpdate, skipBlank(this.#pieces.join('')), this.#paint(), endUpdate].join(
      '',
    );
    this.#pieces = undefined;
    return this.#stdout.write(frame);
  };
}

/**
 * What is blank in a frame of Ink's is painted over in the same write, so the cursor goes past it: written, it would
 * flash where a terminal shows a frame as it comes (tmux before 3.6), and cost half of the bytes.
 */
function skipBlank(frame: string): string {
  return frame.replaceAll(/ {4,}/g, ({ length }) => `\x1b[${length}C`);
}
