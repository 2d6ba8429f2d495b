/*
 * What a hub says about logs, for tests of the pure part of the screen.
 *
 * Lines are numbered by their bytes as in a real log, each written a second after the one before.
 */
import { expect } from 'vitest';
import type { CockpitEvent } from '../../../cockpit/tui/state/effects.ts';
import type { State } from '../../../cockpit/tui/state/model.ts';
import { readLine } from '../../../cockpit/tui/views/log-text.ts';
import type { LogLineRow, LogSource, LogWindow } from '../../../cockpit/verbs/shapes.ts';
import { at } from './fake-hub.ts';

/** A line of a log, `index` seconds after the fake world began, 100 bytes after the one before. */
export function row(index: number, text: string, change: Partial<LogLineRow> = {}): LogLineRow {
  return {
    log: 0,
    offset: 100 * index,
    at: at(index),
    stream: 'stdout',
    text,
    bytes: text.length,
    hiddenBytes: 0,
    isCut: false,
    isOpen: false,
    isContext: false,
    ...change,
  };
}

/** Lines `from` to `to`, the last not among them. */
export function rowsOf(from: number, to: number): readonly LogLineRow[] {
  return Array.from({ length: to - from }, (_, index) => row(from + index, `line ${from + index}`));
}

/** The logs that lines are of: of `alice`, and of `bob` where there is a second. */
export function sourcesOf(count: number): readonly LogSource[] {
  return (['alice', 'bob'] as const).slice(0, count).map((worker, log) => ({
    attempt: `J${log + 1}.1`,
    job: `J${log + 1}`,
    worker,
    host: `${worker}-box`,
    end: 1_000_000,
    isEnded: false,
    forgottenBytes: 0,
  }));
}

/** A window of these lines; it is the whole log unless the change says otherwise. */
export function windowOf(lines: readonly LogLineRow[], change: Partial<LogWindow> = {}): LogWindow {
  const logCount = Math.max(1, ...lines.map(({ log }) => log + 1));
  const begin = Array.from({ length: logCount }, (_, log) => {
    return lines.find((line) => line.log === log)?.offset ?? 0;
  });
  const end = Array.from({ length: logCount }, (_, log) => {
    return (lines.findLast((line) => line.log === log)?.offset ?? -1) + 1;
  });
  return { logs: sourcesOf(logCount), lines, begin, end, isStart: true, isEnd: true, ...change };
}

/** The answer to the latest thing that the log pane asked for. */
export function logWindow(
  state: State,
  lines: readonly LogLineRow[],
  change: Partial<LogWindow> = {},
): CockpitEvent {
  const what = state.log.pending?.what ?? 'open';
  const window = windowOf(lines, change);
  return { type: 'log-window', token: state.log.token, what, window };
}

/** Lines that were written just now. */
export function logGrown(state: State, lines: readonly LogLineRow[]): CockpitEvent {
  return {
    type: 'log-grown',
    token: state.log.token,
    sources: sourcesOf(1),
    lines: lines.map(readLine),
    count: lines.filter(({ isOpen }) => !isOpen).length,
    isSkipped: false,
  };
}

/** The effect of opening this job's log at its end, as `toEqual` matches it. */
export function opens(job: string): unknown {
  const wish = expect.objectContaining({ jobs: [job] });
  return { type: 'log', ask: { do: 'open', wish, at: 'end' } };
}
