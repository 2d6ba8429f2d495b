/*
 * Details of one job: what was asked, its attempts, what they brought, its parts. Pure.
 *
 * What the hub has not told yet is left out, never guessed: the row of the list is there at once, the
 * rest when it comes.
 */
import type { ArtifactRow, JobDetail, JobRow } from '../../verbs/shapes.ts';
import type { Card } from '../state/card.ts';
import type { State } from '../state/model.ts';
import { attemptRows } from './attempts.ts';
import { fact, factRows, partTitle } from './facts.ts';
import { jobTable } from './jobs.ts';
import {
  clockText,
  dueText,
  durationText,
  isLate,
  jobStateRow,
  receiptTexts,
  sizeText,
} from './phrases.ts';
import { type Role, type Row, type Span, span } from './row.ts';

/** Every row at this width. */
export function jobRows(
  state: State,
  card: Extract<Card, { type: 'job' }>,
  width: number,
): readonly Row[] {
  const row = state.jobs.find((job) => job.id === card.job);
  const job = row ?? card.detail;
  if (job === undefined) return [[span('This job is not known here.', 'dim')]];
  const { detail } = card;
  return [
    ...factRows('what', job.title, width),
    ...askRows(job, detail, width),
    fact('state', jobStateRow(job, state.wallMs)),
    fact('receipts', chainRow(job, state.zoneMinutes)),
    fact('asked', [span(clockText(job.createdAt, state.zoneMinutes))]),
    ...deadlineRows(job, state),
    ...wordRows('needs', job.needs, width),
    ...wordRows('labels', job.labels, width),
    ...(job.parent === null ? [] : [fact('part of', [span(job.parent)])]),
    ...(detail === undefined ? [] : termRows(detail, width)),
    ...attemptRows(detail?.attempts ?? [], state, width),
    ...fileRows(detail?.artifacts ?? [], card.file, width),
    ...partRows(detail?.children ?? [], state, width),
  ];
}

/** The command, or whom a prompt is for and all of it. */
function askRows(job: JobRow, detail: JobDetail | undefined, width: number): readonly Row[] {
  const { harness } = job;
  const prompt = detail?.prompt ?? null;
  const command = (detail ?? job).command.join(' ');
  if (harness === undefined)
    return command === job.title ? [] : factRows('command', command, width);
  return [
    ...factRows('harness', harness, width),
    ...(prompt === null || prompt === job.title ? [] : factRows('prompt', prompt, width)),
  ];
}

/** `12:00:00 › +0.1s › +0.2s › ○ › ○`, in the order of the receipts. */
function chainRow(job: JobRow, zoneMinutes: number): Row {
  return receiptTexts(job, zoneMinutes).flatMap((text, index): Row => {
    const link = index === 0 ? [] : [span(' › ', 'dim')];
    return [...link, text === undefined ? span('○', 'dim') : span(text, 'good')];
  });
}

function deadlineRows(job: JobRow, state: State): readonly Row[] {
  if (job.deadlineAt == null) return [];
  const role: Role = isLate(job, state.wallMs) ? 'bad' : 'plain';
  const due = dueText(job, state.wallMs);
  return [
    fact('deadline', [
      span(clockText(job.deadlineAt, state.zoneMinutes)),
      ...(due === '' ? [] : [span(' · '), span(due, role)]),
    ]),
  ];
}

function wordRows(label: string, words: readonly string[] = [], width: number): readonly Row[] {
  return words.length === 0 ? [] : factRows(label, words.join(' '), width);
}

function termRows(detail: JobDetail, width: number): readonly Row[] {
  const { repo, base, cwd, stopAfterMs } = detail;
  const where = repo ?? cwd;
  return [
    ...(where === null ? [] : factRows(repo === null ? 'directory' : 'repo', where, width)),
    ...(base == null ? [] : factRows('base', `${base}, in a checkout of its own`, width)),
    ...factRows('lost', lostText(detail), width),
    ...(stopAfterMs === null
      ? []
      : factRows('lease', `its worker stops it after ${durationText(stopAfterMs)} alone`, width)),
  ];
}

function lostText({ lostAfterMs, isIdempotent, replace, reconcile }: JobDetail): string {
  const after = `after ${durationText(lostAfterMs)} of silence`;
  if (replace) return `${after}; started elsewhere by itself, then ${reconcile}`;
  return isIdempotent ? `${after}; may run again` : `${after}; never run again by itself`;
}

const fileMarks: Readonly<Record<ArtifactRow['state'], Span>> = {
  here: span('● here  ', 'good'),
  coming: span('◐ coming', 'accent'),
  lost: span('✗ lost  ', 'bad'),
  missed: span('✗ missed', 'bad'),
};

/** What it brought, the chosen one marked. */
function fileRows(files: readonly ArtifactRow[], chosen: number, width: number): readonly Row[] {
  if (files.length === 0) return [];
  return [
    [],
    partTitle('files · h l choose · f saves', width),
    ...files.map(
      (file, index): Row => [
        span(index === chosen ? '▸ ' : '  '),
        fileMarks[file.state],
        span(` ${file.path}`, index === chosen ? 'strong' : 'plain'),
        span(fileNote(file), 'dim'),
      ],
    ),
  ];
}

function fileNote({ bytes, receivedBytes, state, code, attempt }: ArtifactRow): string {
  if (code !== null) return `  ${code}`;
  if (bytes === null) return '';
  const size = sizeText(bytes);
  const come = state === 'coming' ? `${sizeText(receivedBytes)} of ${size}` : size;
  return `  ${come} · ${attempt}`;
}

function partRows(parts: readonly JobRow[], state: State, width: number): readonly Row[] {
  if (parts.length === 0) return [];
  const table = jobTable(parts, { width, wallMs: state.wallMs });
  return [[], partTitle('parts', width), table.head, ...table.rows];
}
