/*
 * Details of one job or one worker, in the place of the log. Pure.
 *
 * A job: what it is and, for each attempt, when each receipt was reached. A worker: what its box
 * has, how it is reached, and what it did. Facts that are not known are said to be so.
 */
import type { AttemptRow, JobDetail, JobRow, TeamRow } from '../../verbs/shapes.ts';
import type { State } from '../state/model.ts';
import { jobTable } from './jobs.ts';
import { padRow } from './pane.ts';
import {
  clockText,
  durationText,
  jobStateRow,
  outcomeRow,
  sizeText,
  workerAge,
  workerStateSpan,
} from './phrases.ts';
import { type Row, span } from './row.ts';
import { fitCells, sliceCells, wrapCells } from './width.ts';

const labelCells = 10;
const workerJobsMax = 12;
const factRowsMax = 12;

/** Every row of the open details at this width; empty while the log is shown. */
export function viewDrill(state: State, width: number): readonly Row[] {
  const { drill } = state;
  if (drill.type === 'log') return [];
  const inner = Math.max(1, width - 2);
  const rows =
    drill.type === 'job'
      ? jobDrill(state, drill.detail ?? state.jobs.find((job) => job.id === drill.job), inner)
      : workerDrill(
          state,
          state.team.find((worker) => worker.name === drill.name),
          inner,
        );
  return rows.map((row) => padRow(row, width));
}

function jobDrill(
  state: State,
  job: JobRow | JobDetail | undefined,
  width: number,
): readonly Row[] {
  if (job === undefined) return [[span('This job is not known here.', 'dim')]];
  const detail = 'attempts' in job ? job : undefined;
  const attempts = detail?.attempts ?? [];
  return [
    ...factRows('what', job.title, width),
    ...(job.command.join(' ') === job.title
      ? []
      : factRows('command', job.command.join(' '), width)),
    fact('state', jobStateRow(job, state.wallMs)),
    ...termRows(job, detail, { state, width }),
    ...attempts.toReversed().flatMap((attempt) => [[], ...attemptRows(attempt, state, width)]),
    ...partRows(detail?.children ?? [], state, width),
  ];
}

function termRows(
  job: JobRow,
  detail: JobDetail | undefined,
  look: { readonly state: State; readonly width: number },
): readonly Row[] {
  const where = detail?.repo ?? detail?.cwd;
  return [
    fact('asked', [span(clockText(job.createdAt, look.state.zoneMinutes))]),
    ...(where == null
      ? []
      : factRows(detail?.repo == null ? 'directory' : 'repo', where, look.width)),
    ...(detail?.deadlineMs == null
      ? []
      : [fact('deadline', [span(durationText(detail.deadlineMs))])]),
    ...(detail === undefined ? [] : factRows('lost', lostText(detail), look.width)),
    ...(job.parent === null ? [] : [fact('part of', [span(job.parent)])]),
  ];
}

function lostText(detail: JobDetail): string {
  const after = `after ${durationText(detail.lostAfterMs)} of silence`;
  return detail.isIdempotent ? `${after}; may run again` : `${after}; never run again by itself`;
}

function attemptRows(attempt: AttemptRow, state: State, width: number): readonly Row[] {
  const zone = state.zoneMinutes;
  const { queuedAt, sentAt, acceptedAt, startedAt, finishedAt } = attempt.receipts;
  const receipt = (name: string, at: string | null): Row => [
    span(at === null ? '○ ' : '● ', at === null ? 'dim' : 'good'),
    span(name.padEnd(labelCells), at === null ? 'dim' : 'plain'),
    ...(at === null ? [] : [span(clockText(at, zone)), span(sinceText(queuedAt, at), 'dim')]),
  ];
  const title = `── attempt ${attempt.n} · ${attempt.worker} · ${attempt.host} `;
  return [
    [span(title.padEnd(width, '─'), 'dim')],
    receipt('queued', queuedAt),
    receipt('sent', sentAt),
    receipt('accepted', acceptedAt),
    receipt('started', startedAt),
    receipt('finished', finishedAt),
    ...endRows(attempt, width),
  ];
}

function endRows(attempt: AttemptRow, width: number): readonly Row[] {
  const used = [
    attempt.signal === null ? '' : `signal ${attempt.signal}`,
    attempt.cpuMs === null ? '' : `cpu ${durationText(attempt.cpuMs)}`,
    attempt.memoryBytesPeak === null ? '' : `memory ${sizeText(attempt.memoryBytesPeak)}`,
    attempt.logBytes === null ? '' : `output ${sizeText(attempt.logBytes)}`,
  ].filter((text) => text !== '');
  return [
    ...(attempt.outcome === null ? [] : [fact('outcome', outcomeRow(attempt))]),
    ...(attempt.reason === null ? [] : factRows('reason', attempt.reason, width)),
    ...(attempt.isCancelRequested && attempt.outcome === null
      ? [fact('cancel', [span('asked for', 'warn')])]
      : []),
    ...(used.length === 0 ? [] : factRows('used', used.join(' · '), width)),
  ];
}

function sinceText(from: string, to: string): string {
  const ms = Date.parse(to) - Date.parse(from);
  return ms > 0 ? `  +${durationText(ms)}` : '';
}

function partRows(parts: readonly JobRow[], state: State, width: number): readonly Row[] {
  if (parts.length === 0) return [];
  const table = jobTable(parts, { width, wallMs: state.wallMs });
  return [[], [span('parts', 'title')], table.head, ...table.rows];
}

function workerDrill(state: State, worker: TeamRow | undefined, width: number): readonly Row[] {
  if (worker === undefined) return [[span('This worker is not known here.', 'dim')]];
  const own = state.jobs.filter((job) => job.worker === worker.name).slice(0, workerJobsMax);
  const table = jobTable(own, { width, wallMs: state.wallMs });
  const held = worker.jobs.length === 0 ? 'none' : worker.jobs.join(' ');
  return [
    fact('name', [span(worker.name, 'strong')]),
    fact('state', [workerStateSpan(worker.state)]),
    fact('kind', [span(worker.kind)]),
    fact('host', [span(worker.host)]),
    fact('link', [span(worker.link === 'none' ? 'no link' : worker.link)]),
    fact('heard', [span(heardText(worker, state))]),
    fact('key', [span(`${worker.key.slice(0, 16)}…`)]),
    ...boxRows(worker, width),
    ...factRows('holds', held, width),
    ...(own.length === 0 ? [] : [[], [span('latest jobs', 'title')], table.head, ...table.rows]),
  ];
}

function heardText(worker: TeamRow, state: State): string {
  return workerAge(worker, { agoMs: state.nowMs - state.teamAt, link: state.link.type });
}

function boxRows(worker: TeamRow, width: number): readonly Row[] {
  const has = worker.capabilities;
  if (has === null) return [fact('box', [span('not known yet', 'dim')])];
  const box = `${has.os} ${has.arch} · ${has.cpus} cpus · ${sizeText(has.memoryBytes)}`;
  return [
    ...factRows('box', box, width),
    ...factRows('has', has.has.join(' ') || 'nothing named', width),
  ];
}

function fact(label: string, value: Row): Row {
  return [span(label.padEnd(labelCells), 'dim'), ...value];
}

/** A long value over several rows; a very long one ends with an ellipsis. */
function factRows(label: string, value: string, width: number): readonly Row[] {
  const room = Math.max(8, width - labelCells);
  const words = sliceCells(value.replaceAll(/\s+/g, ' '), 0, room * factRowsMax);
  const lines = wrapCells(words.text, room).slice(0, factRowsMax);
  const isCut = words.walked >= room * factRowsMax;
  return lines.map((line, index) => {
    const text = isCut && index === lines.length - 1 ? fitCells(`${line} …`, room) : line;
    return fact(index === 0 ? label : '', [span(text)]);
  });
}
