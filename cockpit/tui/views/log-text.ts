/*
 * A line of a log as it may be drawn: its text in runs of one style each, made harmless. Pure.
 *
 * Styles begin plain on every line, because a window may begin anywhere: what an earlier line left
 * behind is not known there, and a line must look the same wherever it was read from.
 */
import type { LogLineRow } from '../../verbs/shapes.ts';
import { logRunBytes, tabCells } from '../limits.ts';
import { ansiStart, readAnsi } from './ansi.ts';
import { measureCells } from './width.ts';

/** Text of one style; `sgr` holds SGR parameters, empty when plain. */
export interface LogRun {
  readonly text: string;
  readonly sgr: string;
}

/** A line, ready to be drawn. `cells` are those of its text. */
export interface LogLine extends Omit<LogLineRow, 'text' | 'at'> {
  /** Wall milliseconds. */
  readonly at: number;
  readonly runs: readonly LogRun[];
  readonly cells: number;
}

/** What stands at the end of a line that goes on. */
export const cutSign = ' …';

/** Reads a line as the hub gives it. */
export function readLine({ text, at, ...row }: LogLineRow): LogLine {
  const runs: LogRun[] = [];
  let cells = 0;
  for (const token of readAnsi(ansiStart, text).tokens) {
    if (token.type === 'newline' || token.type === 'return') continue;
    const piece = token.type === 'tab' ? ' '.repeat(tabCells - (cells % tabCells)) : token.text;
    cells += measureCells(piece);
    const last = runs.at(-1);
    if (last?.sgr === token.sgr) runs[runs.length - 1] = { ...last, text: last.text + piece };
    else runs.push({ text: piece, sgr: token.sgr });
  }
  return { ...row, at: Date.parse(at), runs, cells };
}

/** The text alone. */
export function plainText({ runs }: Pick<LogLine, 'runs'>): string {
  return runs.map((run) => run.text).join('');
}

/** What a line costs to hold. */
export function measureLine({ runs }: Pick<LogLine, 'runs'>): number {
  return runs.reduce((sum, run) => sum + 2 * run.text.length + logRunBytes, 2 * logRunBytes);
}
