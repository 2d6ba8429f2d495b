/*
 * What the log pane asks of the hub, and what it is told, as values.
 *
 * Everything carries the token of the view that asked, so that an answer to an older view is known
 * as such. Data only.
 */
import type { ErrorShape } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import type { LogSource, LogWindow } from '../../verbs/shapes.ts';
import type { LogLine } from '../views/log-text.ts';
import type { LinePlace, LogPending } from './log-view.ts';

/** Whose lines, and which of them. */
export interface LogWish {
  readonly token: number;
  readonly jobs: readonly JobId[];
  /** Only lines with this, and so many on either side of each. */
  readonly grep?: string;
  readonly context: number;
  readonly skipBytes: number;
}

/** What a line is searched for. */
export type LogQuest = { readonly grep: string } | { readonly level: 'error' | 'warning' };

/** A search for one line. `past` is the line to leave out; `isAgain` where it began at the other end. */
export interface LogFind {
  readonly wish: LogWish;
  readonly quest: LogQuest;
  readonly at: string;
  readonly back: boolean;
  readonly past: LinePlace | undefined;
  readonly isAgain: boolean;
}

/** Something asked about logs. */
export type LogAsk =
  | { readonly do: 'close' }
  /** A window, and from then on what is written. */
  | { readonly do: 'open'; readonly wish: LogWish; readonly at: string }
  | {
      readonly do: 'window';
      readonly wish: LogWish;
      readonly at: string;
      readonly what: Exclude<LogPending['what'], 'open'>;
    }
  | { readonly do: 'find'; readonly find: LogFind }
  | { readonly do: 'count'; readonly wish: LogWish; readonly grep: string };

/** Where to write a log to. */
export interface LogSave {
  readonly jobs: readonly JobId[];
  readonly grep?: string;
  readonly context: number;
  readonly name: string;
}

/** Something told about logs. */
export type LogEvent =
  | {
      readonly type: 'log-window';
      readonly token: number;
      readonly what: LogPending['what'];
      readonly window: LogWindow;
    }
  | {
      readonly type: 'log-grown';
      readonly token: number;
      readonly sources: readonly LogSource[];
      readonly lines: readonly LogLine[];
      /** Lines that have ended among all that came, also those that were left out. */
      readonly count: number;
      readonly isSkipped: boolean;
    }
  | {
      readonly type: 'log-count';
      readonly token: number;
      readonly hits: readonly LinePlace[];
      /** All by now; undefined where that did not change. */
      readonly count: number | undefined;
      readonly isDone: boolean;
    }
  | { readonly type: 'log-hit'; readonly find: LogFind; readonly hit: LinePlace | undefined }
  | { readonly type: 'log-ended'; readonly token: number; readonly error: ErrorShape | undefined }
  | { readonly type: 'log-refused'; readonly token: number; readonly error: ErrorShape };
