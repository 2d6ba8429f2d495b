/*
 * Between the state and what draws it: boxes go to Ink, the rows in them to the painter.
 *
 * A change that moves no box never reaches React: neither a line of a log nor a selection that moves.
 * What is asked of the views is asked once a change.
 */
import type { State } from '../state/model.ts';
import { listRows } from '../views/cover.ts';
import type { Rect } from '../views/layout.ts';
import { type ScreenView, viewScreen } from '../views/screen.ts';
import { findTheme, paintRow, type Theme } from '../views/theme.ts';
import type { RowPainter } from './row-painter.ts';

/** A box as Ink draws it: left, right and lower side. Whose it is makes no difference there. */
export interface BoxPlan {
  readonly rect: Rect;
  readonly isFocused: boolean;
  /** Is it over another one? */
  readonly isOver: boolean;
}

/** All boxes of a screen of this size, in order: a later one covers. */
export interface BoxesPlan {
  readonly columns: number;
  readonly rows: number;
  /** Counts the sizes that were told. */
  readonly sizeCount: number;
  readonly theme: Theme;
  readonly boxes: readonly BoxPlan[];
}

/** What the stage needs. */
export interface StageOptions {
  readonly getState: () => State;
  readonly subscribe: (listener: () => void) => () => void;
  readonly painter: RowPainter;
}

/** The picture of one screen; `stop` ends it. */
export class Stage {
  readonly #options: StageOptions;
  readonly #listeners = new Set<() => void>();
  readonly stop: () => void;
  #boxes: BoxesPlan;
  #key: string;

  constructor(options: StageOptions) {
    this.#options = options;
    const picture = this.#look();
    this.#boxes = picture.boxes;
    this.#key = picture.key;
    options.painter.await(picture.rows);
    this.stop = options.subscribe(() => this.#change());
  }

  readonly getBoxes = (): BoxesPlan => this.#boxes;

  /** Hears of every change of the boxes. What changed while nobody listened is looked at first. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#change();
    return () => this.#listeners.delete(listener);
  };

  /** Rows must not be ahead of their boxes, and those stay as they are while Ink does not listen. */
  #change(): void {
    if (this.#listeners.size === 0) return;
    const { key, boxes, rows } = this.#look();
    if (key === this.#key) return this.#options.painter.show(rows);
    this.#key = key;
    this.#boxes = boxes;
    this.#options.painter.await(rows);
    for (const listener of this.#listeners) listener();
  }

  #look() {
    const state = this.#options.getState();
    const screen = viewScreen(state);
    const theme = findTheme(state.screen.theme);
    const boxes = listBoxes(screen.panes);
    const { columns, rows } = screen;
    const { sizeCount } = state;
    return {
      key: JSON.stringify([columns, rows, sizeCount, state.screen.theme, boxes]),
      boxes: { columns, rows, sizeCount, theme, boxes },
      rows: listRows(screen).map(({ x, y, row }) => ({ x, y, text: paintRow(row, theme) })),
    };
  }
}

/** The boxes that can be seen: Ink would draw nothing new for one that is covered whole. */
function listBoxes(panes: ScreenView['panes']): readonly BoxPlan[] {
  const seen = panes.filter(
    ({ rect }, index) => !panes.slice(index + 1).some((above) => contains(above.rect, rect)),
  );
  return seen.map(({ rect, isFocused }, index) => {
    const isOver = seen.slice(0, index).some((below) => touches(rect, below.rect));
    return { rect, isFocused, isOver };
  });
}

function contains(outer: Rect, inner: Rect): boolean {
  const isWide = outer.x <= inner.x && outer.x + outer.width >= inner.x + inner.width;
  return isWide && outer.y <= inner.y && outer.y + outer.height >= inner.y + inner.height;
}

function touches(a: Rect, b: Rect): boolean {
  const isBeside = a.x + a.width <= b.x || b.x + b.width <= a.x;
  return !isBeside && a.y < b.y + b.height && b.y < a.y + a.height;
}
