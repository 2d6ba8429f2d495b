/*
 * Looks for flicker: what a terminal that shows a frame as it comes would have shown half-drawn.
 *
 * Output is recorded piece by piece, as the terminal reads it, and judged afterwards: a piece that ends
 * within a synchronised update (DEC private mode 2026) leaves a *torn* frame in sight of a terminal that
 * does not know those, tmux before 3.6 among them. Rows of two frames beside each other are hardly seen;
 * a cell that had a letter before, has one after, and is blank in between is a flash: those are counted.
 */
import xterm from '@xterm/headless';
import { takeSnapshot } from './cells.ts';

const begin = '\x1b[?2026h';
const end = '\x1b[?2026l';

/** A minute of a busy screen, many times over. */
const lettersMax = 16 * 1024 * 1024;

/** What was seen of frames between their beginnings and their ends. */
export interface FrameSight {
  /** Frames that were whole. */
  readonly frames: number;
  /** Moments at which a piece of output ended within a frame. */
  readonly torn: number;
  /** Those at which something that stays was blank. */
  readonly flashes: number;
  /** Bytes outside of any frame. */
  readonly loose: number;
}

/** Records, then judges. */
export class FrameWatch {
  readonly #pieces: string[] = [];
  #letters = 0;
  readonly #size: { readonly columns: number; readonly rows: number };

  constructor(size: { readonly columns: number; readonly rows: number }) {
    this.#size = size;
  }

  /** Beyond `lettersMax` nothing is kept any more. */
  take(output: string): void {
    if (this.#letters > lettersMax) return;
    this.#letters += output.length;
    this.#pieces.push(output);
  }

  /** Plays everything again; `from` is how many pieces are only played, not judged. */
  async judge(from = 0): Promise<FrameSight> {
    const { columns: cols, rows } = this.#size;
    const terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true });
    const write = (text: string) => new Promise<void>((done) => terminal.write(text, done));
    const sum = { frames: 0, torn: 0, flashes: 0, loose: 0 };
    let whole: Cells = [];
    let half: Cells[] = [];
    let isInside = false;
    let held = '';
    for (const [at, piece] of this.#pieces.entries()) {
      const text = held + piece;
      // A mark may be torn itself.
      held = findTornMark(text);
      const parts = text.slice(0, text.length - held.length).split(/(\x1b\[\?2026[hl])/);
      for (const part of parts) {
        await write(part);
        if (part === begin) isInside = true;
        else if (part !== end && !isInside && at >= from) sum.loose += Buffer.byteLength(part);
        if (part !== end) continue;
        isInside = false;
        const next = readCells(terminal);
        if (at >= from) {
          sum.frames += 1;
          sum.flashes += half.filter((cells) => flashes(whole, cells, next)).length;
        }
        half = [];
        whole = next;
      }
      if (!isInside) continue;
      half.push(readCells(terminal));
      if (at >= from) sum.torn += 1;
    }
    terminal.dispose();
    return sum;
  }

  /** Pieces so far. */
  get count(): number {
    return this.#pieces.length;
  }
}

/** Row by row what stands in each cell; a space where nothing does. */
type Cells = readonly (readonly string[])[];

function readCells(terminal: xterm.Terminal): Cells {
  return takeSnapshot(terminal).rows.map((row) =>
    // The second half of a wide letter is no blank.
    row.map(({ text, width }) => (width === 0 ? '▌' : text === '' ? ' ' : text)),
  );
}

/** Is a letter that is there before and after blank in between? */
function flashes(before: Cells, between: Cells, after: Cells): boolean {
  return between.some((row, y) =>
    row.some((cell, x) => {
      const stays = (before[y]?.[x] ?? ' ') !== ' ' && (after[y]?.[x] ?? ' ') !== ' ';
      return stays && cell === ' ';
    }),
  );
}

/** The end of the text, where that may be the beginning of a mark. */
function findTornMark(text: string): string {
  for (let length = Math.min(begin.length - 1, text.length); length > 0; length -= 1) {
    const tail = text.slice(-length);
    if (begin.startsWith(tail) || end.startsWith(tail)) return tail;
  }
  return '';
}
