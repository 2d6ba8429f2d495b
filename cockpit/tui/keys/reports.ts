/*
 * What a terminal reports that is no key: the mouse, and whether its window has the focus. Pure.
 *
 * Ink hands over what is left of a sequence after its escape. Only presses and the wheel are told;
 * releases, moves and other buttons are nothing.
 * Source: xterm control sequences, "Mouse Tracking" (1006) and "FocusIn/FocusOut" (1004).
 */

/** One report. Columns and rows count from 0. */
export type Report =
  | {
      readonly type: 'mouse';
      readonly what: 'click' | 'wheel-up' | 'wheel-down';
      readonly x: number;
      readonly y: number;
    }
  | { readonly type: 'window'; readonly hasFocus: boolean };

/** The report that this input is; undefined where it is none that matters. */
export function readReport(input: string): Report | undefined {
  if (input === '[I' || input === '[O') return { type: 'window', hasFocus: input === '[I' };
  const [, button, column, row] = /^\[<(\d{1,3});(\d{1,5});(\d{1,5})M$/.exec(input) ?? [];
  const what = buttons.get(button ?? '');
  if (what === undefined) return undefined;
  return { type: 'mouse', what, x: Number(column) - 1, y: Number(row) - 1 };
}

const buttons: ReadonlyMap<string, 'click' | 'wheel-up' | 'wheel-down'> = new Map([
  ['0', 'click'],
  ['64', 'wheel-up'],
  ['65', 'wheel-down'],
]);
