/*
 * The log pane: output of the selected job, or of several as one, and how a job ended as the last
 * line. Pure.
 */
import type { JobRow } from '../../verbs/shapes.ts';
import { findHitNumber, type LogView } from '../state/log-view.ts';
import { findFollowedJob, type State } from '../state/model.ts';
import { logRoomOf } from '../state/scroll.ts';
import { jobTable } from './jobs.ts';
import { innerWidth, type Rect } from './layout.ts';
import { logLineRows } from './log-rows.ts';
import { frame, noteRoom, type PaneView, padRow } from './pane.ts';
import { jobStateRow, outcomeRow } from './phrases.ts';
import { measureRow, type Row, span } from './row.ts';

/** The log in its box. */
export function viewLog(state: State, rect: Rect): PaneView {
  const isFocused = state.focus === 'log' && state.overlay === undefined;
  const title = [span('3 ', 'dim'), span('Log', 'title'), ...logTitle(state)];
  const note = logNote(state, noteRoom(title, rect));
  return frame({ id: 'log', rect, isFocused, title, note, rows: logRows(state, rect) });
}

function logTitle(state: State): Row {
  const { log } = state;
  const job = findFollowedJob(state);
  if (log.job === undefined) return [];
  if (log.jobs.length > 1) {
    return [span(` ${log.jobs.join(' ')}`, 'title'), span(' · ', 'dim'), span('by time')];
  }
  if (job === undefined) return [span(` ${log.job}`, 'title')];
  const worker = job.worker === null ? [] : [span(' · ', 'dim'), span(job.worker)];
  return [
    span(` ${log.job}`, 'title'),
    ...worker,
    span(' · ', 'dim'),
    ...shortState(job, state.wallMs),
  ];
}

function shortState(job: JobRow, wallMs: number): Row {
  return job.outcome === null ? jobStateRow(job, wallMs) : outcomeRow(job).slice(0, 1);
}

/** What is special just now: the search, the filter, that it is paused; shorter where there is less room. */
function logNote(state: State, room: number): Row {
  const { log } = state;
  if (log.job === undefined) return [];
  const long = joinNotes([searchNote(log), filterNote(log), placeNote(log)]);
  if (measureRow(long) <= room) return long;
  const short = joinNotes([shortSearch(log), filterNote(log), shortPlace(log)]);
  return measureRow(short) <= room ? short : joinNotes([shortSearch(log), shortPlace(log)]);
}

function joinNotes(notes: readonly Row[]): Row {
  const some = notes.filter((row) => row.length > 0);
  return some.flatMap((row, index) => (index === 0 ? row : [span(' · ', 'dim'), ...row]));
}

function searchNote(log: LogView): Row {
  if (log.search === undefined) return [];
  const { count, isDone } = log.search;
  const number = findHitNumber(log);
  const which = number === undefined ? '' : `${number} of `;
  const word = count === 1 ? 'hit' : 'hits';
  return [span(`${which}${count}${isDone ? '' : '+'} ${word}`, count === 0 ? 'plain' : 'accent')];
}

function shortSearch(log: LogView): Row {
  if (log.search === undefined) return [];
  const { count, isDone } = log.search;
  const number = findHitNumber(log);
  return [
    span(`${number === undefined ? '' : `${number}/`}${count}${isDone ? '' : '+'}`, 'accent'),
  ];
}

function filterNote({ filter }: LogView): Row {
  if (filter === 'all') return [];
  return [span(filter === 'hits' ? 'hits alone' : 'near hits', 'accent')];
}

function placeNote(log: LogView): Row {
  if (log.range !== undefined) {
    const count = Math.abs(log.range.to - log.range.from) + 1;
    return [span(`${count} ${count === 1 ? 'line' : 'lines'}, y copies`, 'warn')];
  }
  const from = log.skipBytes === 0 ? [] : [span(`from byte ${log.skipBytes}`, 'warn')];
  if (log.isFollowing) return from;
  const text = log.newCount > 0 ? `${log.newCount} new below, G follows` : 'paused, G follows';
  return joinNotes([from, [span(text, 'warn')]]);
}

function shortPlace(log: LogView): Row {
  if (log.range !== undefined) return [span('y copies', 'warn')];
  if (log.isFollowing) return log.skipBytes === 0 ? [] : [span(`+${log.skipBytes}`, 'warn')];
  return [span(log.newCount > 0 ? `${log.newCount} new` : 'paused', 'warn')];
}

function logRows(state: State, rect: Rect): readonly Row[] {
  const width = innerWidth(rect);
  const job = findFollowedJob(state);
  const { log } = state;
  if (log.job === undefined)
    return [padRow([span('Select a job to see its output.', 'dim')], width)];
  // The parts of a group are read as one; until there is something to read, they are listed.
  const isSilent = log.window.lines.length === 0 && log.error === undefined;
  if (job?.kind === 'group' && isSilent) return groupRows(state, job, width);
  const room = logRoomOf(state);
  const rows = logLineRows(log, { width, room, zoneMinutes: state.zoneMinutes });
  if (rows.length >= room.rows || !log.window.isEnd) return rows;
  return [...rows, ...endingRows(state, job, width)];
}

function endingRows(state: State, job: JobRow | undefined, width: number): readonly Row[] {
  const { log } = state;
  const isEmpty = log.window.lines.length === 0;
  if (log.error !== undefined) {
    return [
      padRow([span(`${log.error.code} `, 'bad'), span(log.error.message)], width),
      padRow([span(log.error.hint, 'dim')], width),
    ];
  }
  if (log.pending?.what === 'open' && job?.receipts.startedAt != null && isEmpty) {
    return [padRow([span('Reading …', 'dim')], width)];
  }
  const outcome = job === undefined || log.jobs.length > 1 ? [] : outcomeRow(job);
  if (outcome.length > 0) {
    const text = [span('── ', 'dim'), ...outcome, span(' ', 'dim')];
    const fill = Math.max(0, width - 2 - measureRow(text));
    return [padRow([...text, span('─'.repeat(fill), 'dim')], width)];
  }
  return isEmpty ? [padRow([span(waitingText(job), 'dim')], width)] : [];
}

function waitingText(job: JobRow | undefined): string {
  if (job === undefined || job.state === 'queued') return 'Waiting for its worker.';
  return job.state === 'started' ? 'No output yet.' : 'On its way to the worker.';
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
