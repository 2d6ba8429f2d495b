/*
 * Paints rows of text beside Ink: those that have changed, each at its place, in one write.
 *
 *   waiting ──Ink's frame, or none in time──▶ live ──the boxes change──▶ waiting
 *   any ──pause──▶ paused ──resume──▶ waiting
 *
 * Ink writes whole lines and takes what is not its own for empty, so everything is painted again with
 * each of its frames, in the same write. While the boxes change nothing is painted before they are
 * there. It never paints where Ink has drawn anything, or Ink would not know to draw it again; so boxes
 * that cover others are filled by Ink. The cursor is put back: Ink counts lines from where it left it. Never scrolls and never
 * clears. Source: ECMA-48 8.3.21 (CUP), DEC STD 070 (DECSC, DECRC).
 */
import type { CancelTimer, Ports } from '../../../protocol/ports.ts';
import { frameMsMax } from '../limits.ts';
import { beginUpdate, endUpdate } from './ink-stdout.ts';

/** A row as bytes: exactly as wide as its place, and plain again at its end. */
export interface PaintedRow {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

const saveCursor = '\x1b7';
const restoreCursor = '\x1b8';

/** The rows of one screen; open until it is paused for good. */
export class RowPainter {
  readonly #write: (text: string) => void;
  readonly #timers: Ports['timers'];
  #state: 'waiting' | 'live' | 'paused' = 'waiting';
  #rows: readonly PaintedRow[] = [];
  /** What the terminal shows, by place. */
  #shown: ReadonlyMap<string, string> = new Map();
  #cancelWait: CancelTimer | undefined;

  constructor(write: (text: string) => void, timers: Ports['timers']) {
    this.#write = write;
    this.#timers = timers;
  }

  /** These are the rows now; those that changed are painted, unless Ink's frame is waited for. */
  show(rows: readonly PaintedRow[]): void {
    this.#rows = rows;
    if (this.#state !== 'live') return;
    const text = this.#paint(this.#shown);
    if (text !== '') this.#write(`${beginUpdate}${text}${endUpdate}`);
  }

  /** These are the rows once Ink has drawn other boxes, which it is about to. */
  await(rows: readonly PaintedRow[]): void {
    this.#rows = rows;
    if (this.#state === 'live') this.#state = 'waiting';
  }

  /** All rows, for the end of a frame of Ink's. */
  readonly paintFrame = (): string => {
    if (this.#state === 'paused') return '';
    this.#goLive();
    return this.#paint(new Map());
  };

  /** Ink has the boxes. Its frame is out, or will be in a moment, or there is none as they look as before. */
  readonly settle = (): void => {
    this.#cancelWait?.();
    if (this.#state !== 'waiting') return;
    this.#cancelWait = this.#timers.after(frameMsMax, () => {
      this.#goLive();
      this.show(this.#rows);
    });
  };

  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  /** The terminal is another's until `resume`; nothing is written. */
  pause(): void {
    this.#cancelWait?.();
    this.#state = 'paused';
  }

  /** The terminal is Ink's again, which draws everything. */
  resume(): void {
    if (this.#state === 'paused') this.#state = 'waiting';
  }

  #goLive(): void {
    this.#cancelWait?.();
    this.#state = 'live';
  }

  #paint(before: ReadonlyMap<string, string>): string {
    const shown = new Map<string, string>();
    const parts: string[] = [];
    for (const { x, y, text } of this.#rows) {
      const place = `\x1b[${y + 1};${x + 1}H`;
      shown.set(place, text);
      if (before.get(place) !== text) parts.push(place, text);
    }
    this.#shown = shown;
    return parts.length === 0 ? '' : [saveCursor, ...parts, restoreCursor].join('');
  }
}
