/*
 * The attempts at a job, side by side: when each receipt was reached, how it ended, what it used. Pure.
 *
 * Two attempts are there to be compared, so they stand beside each other wherever that can be read.
 */
import type { AttemptRow } from '../../verbs/shapes.ts';
import { describeKept } from '../../verbs/text.ts';
import type { State } from '../state/model.ts';
import { fact, factLines, factRows, partTitle } from './facts.ts';
import { clockText, durationText, outcomeRow, receiptTexts, sizeText } from './phrases.ts';
import { fitRow, type Row, span } from './row.ts';

// Narrower than this an attempt is not readable in full, nor in short; between two there is a gap.
const fullCellsMin = 34;
const shortCellsMin = 21;
const gapCells = 2;
const attemptNames = ['queued', 'sent', 'accepted', 'started', 'finished'] as const;

// A label of the short form leaves room for words in so few cells.
const shortLabelCells = 5;

/**
 * The newest first: as many beside each other as have room in full, else two in short, else below each
 * other. What is over stands below; one that is alone there has the whole width.
 */
export function attemptRows(
  attempts: readonly AttemptRow[],
  state: State,
  width: number,
): readonly Row[] {
  const columns = Math.min(attempts.length, countColumns(width));
  const newest = attempts.toReversed();
  const rows: Row[] = [];
  for (let from = 0; from < newest.length; from += columns) {
    rows.push([], ...besideRows(newest.slice(from, from + columns), state, width));
  }
  return rows;
}

function countColumns(width: number): number {
  const inFull = Math.floor((width + gapCells) / (fullCellsMin + gapCells));
  if (inFull > 1) return inFull;
  return width >= 2 * shortCellsMin + gapCells ? 2 : 1;
}

function besideRows(some: readonly AttemptRow[], state: State, width: number): readonly Row[] {
  const cells = Math.floor((width - gapCells * (some.length - 1)) / some.length);
  const drawn = cells < fullCellsMin && some.length > 1 ? shortBlock : fullBlock;
  return joinBlocks(
    some.map((attempt) => drawn(attempt, state, cells)),
    cells,
  );
}

function joinBlocks(blocks: readonly (readonly Row[])[], cells: number): readonly Row[] {
  const height = Math.max(...blocks.map((block) => block.length));
  return Array.from({ length: height }, (_, line) =>
    blocks.flatMap((block, index): Row => {
      const gap = index === 0 ? [] : [span(' '.repeat(gapCells))];
      return [...gap, ...fitRow(block[line] ?? [], cells)];
    }),
  );
}

function fullBlock(attempt: AttemptRow, state: State, cells: number): readonly Row[] {
  const clocks = receiptClocks(attempt, state);
  const after = receiptTexts(attempt, state.zoneMinutes);
  return [
    partTitle(`attempt ${attempt.n} · ${attempt.worker} · ${attempt.host}`, cells),
    ...attemptNames.map((name, index) => {
      const clock = clocks[index];
      if (clock === undefined) return notReached(name);
      const delta = index === 0 ? '' : `  ${after[index]}`;
      return [...reached(name), span(clock), span(delta, 'dim')];
    }),
    ...endRows(attempt, cells),
  ];
}

/** The same in fewer cells: of later receipts only how long after the first, shorter labels. */
function shortBlock(attempt: AttemptRow, state: State, cells: number): readonly Row[] {
  const after = receiptTexts(attempt, state.zoneMinutes);
  return [
    partTitle(`attempt ${attempt.n} · ${attempt.worker}`, cells),
    // One row each, so that receipts stand beside receipts.
    shortFact('on', attempt.host),
    ...attemptNames.map((name, index) => {
      const text = after[index];
      return text === undefined ? notReached(name) : [...reached(name), span(text)];
    }),
    ...shortEndRows(attempt, cells),
  ];
}

function receiptClocks({ receipts: at }: AttemptRow, state: State) {
  return [at.queuedAt, at.sentAt, at.acceptedAt, at.startedAt, at.finishedAt].map((instant) =>
    instant === null ? undefined : clockText(instant, state.zoneMinutes),
  );
}

function reached(name: string): Row {
  return [span('● ', 'good'), span(name.padEnd(9))];
}

function notReached(name: string): Row {
  return [span(`○ ${name}`, 'dim')];
}

function endRows(attempt: AttemptRow, width: number): readonly Row[] {
  const used = usedTexts(attempt);
  return [
    ...(attempt.outcome === null ? [] : [fact('outcome', outcomeRow(attempt))]),
    ...(attempt.reason === null ? [] : factRows('reason', attempt.reason, width)),
    ...(attempt.isReplaced ? [fact('replaced', [span('another runs in its place', 'warn')])] : []),
    ...(isAskedToStop(attempt) ? [fact('cancel', [span('asked for', 'warn')])] : []),
    ...keptRows(attempt, (label, text) => factRows(label, text, width)),
    ...(used.length === 0 ? [] : factRows('used', used.join(' · '), width)),
  ];
}

/** The outcome needs no label; its reason and its time stand below it. */
function shortEndRows(attempt: AttemptRow, width: number): readonly Row[] {
  const { outcome, reason, durationMs } = attempt;
  return [
    ...(outcome === null ? [] : [outcomeRow({ ...attempt, reason: null, durationMs: null })]),
    ...(reason === null ? [] : shortRows('why', reason, width)),
    ...(outcome === null || durationMs === null
      ? []
      : [shortFact('took', durationText(durationMs))]),
    ...(attempt.isReplaced ? [[span('replaced by another', 'warn')]] : []),
    ...(isAskedToStop(attempt) ? [[span('cancel asked for', 'warn')]] : []),
    ...keptRows(attempt, (label, text) => shortRows(label, text, width)),
    ...usedTexts(attempt).map((text, index) => shortFact(index === 0 ? 'used' : '', text)),
  ];
}

function shortFact(label: string, text: string): Row {
  return [span(label.padEnd(shortLabelCells), 'dim'), span(text)];
}

function shortRows(label: string, text: string, width: number): readonly Row[] {
  return factLines(text, width - shortLabelCells).map((line, index) =>
    shortFact(index === 0 ? label : '', line),
  );
}

function usedTexts(attempt: AttemptRow): readonly string[] {
  return [
    attempt.signal === null ? '' : `signal ${attempt.signal}`,
    attempt.cpuMs === null ? '' : `cpu ${durationText(attempt.cpuMs)}`,
    attempt.memoryBytesPeak === null ? '' : `memory ${sizeText(attempt.memoryBytesPeak)}`,
    attempt.logBytes === null ? '' : `output ${sizeText(attempt.logBytes)}`,
  ].filter((text) => text !== '');
}

function isAskedToStop({ isCancelRequested, outcome }: AttemptRow): boolean {
  return isCancelRequested && outcome === null;
}

/** A checkout that is still there, because it holds what is nowhere else. */
function keptRows(
  { kept, id }: AttemptRow,
  rowsOf: (label: string, text: string) => readonly Row[],
): readonly Row[] {
  if (kept == null) return [];
  const job = id.slice(0, id.indexOf('.'));
  return [
    ...rowsOf('kept', describeKept(kept)).map((row) =>
      row.map((part) => ({ ...part, role: 'warn' as const })),
    ),
    ...rowsOf('', `t opens a shell there; :tidy ${job} removes it once it is taken`),
  ];
}
