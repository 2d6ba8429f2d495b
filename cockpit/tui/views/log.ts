/*
 * The log pane: output of the selected job with its own colours, stderr marked by a still bar, and
 * how the job ended as its last line. Pure.
 */
import type { JobRow } from '../../verbs/shapes.ts';
import type { LogLine, LogLines } from '../state/log-buffer.ts';
import { findFollowedJob, type State } from '../state/model.ts';
import { jobTable } from './jobs.ts';
import { innerWidth, type Rect } from './layout.ts';
import { frame, type PaneView, padRow } from './pane.ts';
import { jobStateRow, outcomeRow } from './phrases.ts';
import { fitRow, measureRow, type Row, type Span, sliceRow, span } from './row.ts';

/** The log in its box. */
export function viewLog(state: State, lines: LogLines, rect: Rect): PaneView {
  const isFocused = state.focus === 'log' && state.overlay === undefined;
  const title = [span('3 ', 'dim'), span('Log', 'title'), ...logTitle(state)];
  const rows = logRows(state, lines, rect);
  return frame({ id: 'log', rect, isFocused, title, note: followNote(state), rows });
}

function logTitle(state: State): Row {
  const job = findFollowedJob(state);
  const id = state.log.job;
  if (id === undefined) return [];
  if (job === undefined) return [span(` ${id}`, 'title')];
  const worker = job.worker === null ? [] : [span(' · ', 'dim'), span(job.worker)];
  return [span(` ${id}`, 'title'), ...worker, span(' · ', 'dim'), ...shortState(job, state.wallMs)];
}

function shortState(job: JobRow, wallMs: number): Row {
  return job.outcome === null ? jobStateRow(job, wallMs) : outcomeRow(job).slice(0, 1);
}

function followNote(state: State): Row {
  const { log } = state;
  if (log.isFollowing || log.job === undefined) return [];
  const fresh = log.end - log.seenEnd;
  return [span(fresh > 0 ? `${fresh} new below, G follows` : 'paused, G follows', 'warn')];
}

function logRows(state: State, lines: LogLines, rect: Rect): readonly Row[] {
  const width = innerWidth(rect);
  const job = findFollowedJob(state);
  if (state.log.job === undefined)
    return [padRow([span('Select a job to see its output.', 'dim')], width)];
  if (job?.kind === 'group') return groupRows(state, job, width);
  const rows: Row[] = [];
  const room = Math.max(0, rect.height - 2);
  const { top, end, first, left } = state.log;
  for (let number = Math.max(top, first); number < end && rows.length < room; number += 1) {
    const line = lines.line(number);
    rows.push(line === undefined ? [] : lineRow(line, width, left));
  }
  if (rows.length < room) rows.push(...endingRows(state, job, width));
  return rows;
}

function endingRows(state: State, job: JobRow | undefined, width: number): readonly Row[] {
  const { log } = state;
  if (log.error !== undefined) {
    return [
      padRow([span(`${log.error.code} `, 'bad'), span(log.error.message)], width),
      padRow([span(log.error.hint, 'dim')], width),
    ];
  }
  const outcome = job === undefined ? [] : outcomeRow(job);
  if (outcome.length > 0) {
    const text = [span('── ', 'dim'), ...outcome, span(' ', 'dim')];
    const fill = Math.max(0, width - 2 - measureRow(text));
    return [padRow([...text, span('─'.repeat(fill), 'dim')], width)];
  }
  return log.end === 0 ? [padRow([span(waitingText(job), 'dim')], width)] : [];
}

function waitingText(job: JobRow | undefined): string {
  if (job === undefined || job.state === 'queued') return 'Waiting for its worker.';
  return job.state === 'started' ? 'No output yet.' : 'On its way to the worker.';
}

/** One line: the bar of stderr, the text from column `left` on, an ellipsis where it goes on. */
function lineRow(line: LogLine, width: number, left: number): Row {
  if (line.kind === 'note') return padRow([span(line.runs[0]?.text ?? '', 'dim')], width);
  const bar: Span = line.kind === 'stderr' ? span('┃ ', 'bad') : span('  ');
  const text: Row = line.runs.map((run) => ({ text: run.text, role: 'plain', sgr: run.sgr }));
  const whole: Row = line.isCut ? [...text, span(' … cut', 'dim')] : text;
  const room = width - 2;
  return [bar, ...fitRow(sliceRow(whole, left, left + room + 1), room)];
}

function groupRows(state: State, group: JobRow, width: number): readonly Row[] {
  const parts = state.jobs.filter((job) => job.parent === group.id);
  const table = jobTable(parts, { width: width - 2, wallMs: state.wallMs });
  return [
    padRow([span('One command, several workers.', 'dim')], width),
    [],
    padRow(table.head, width),
    ...table.rows.map((row) => padRow(row, width)),
  ];
}
