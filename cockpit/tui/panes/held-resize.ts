/*
 * A terminal for Ink that learns of a new size only when the screen of that size is there.
 *
 * Ink draws again as soon as the terminal has changed, and React commits a moment later: in between
 * Ink would paint the old screen into the new size, where it wraps, and take those rows for painted.
 * So `resize` is held back and told by `tell`, after what the terminal shows has been erased.
 */
import { EventEmitter } from 'node:events';

/** Ink's side of the terminal, and the telling. */
export interface HeldResize {
  readonly stdout: NodeJS.WriteStream;
  /** Ink hears of the size that the terminal has now. */
  tell(): void;
}

/** Holds `resize` back from whoever listens to the returned stream. */
export function holdResize(stdout: NodeJS.WriteStream): HeldResize {
  const listeners = new EventEmitter();
  const methods: Readonly<Record<string, 'on' | 'off'>> = {
    on: 'on',
    addListener: 'on',
    off: 'off',
    removeListener: 'off',
  };
  const held = new Proxy(stdout, {
    get(target, key) {
      const method = typeof key === 'string' ? methods[key] : undefined;
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
