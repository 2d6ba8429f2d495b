/*
 * The attempts at a job, side by side: when each receipt was reached, how it ended, what it used. Pure.
 *
 * Two attempts are there to be compared, so they stand beside each other wherever that can be read.
 */
import type { AttemptRow } from '../../verbs/shapes.ts';
import { describeKept } from '../../verbs/text.ts';
import type { State } from '../state/model.ts';
import { fact, factRows, partTitle } from './facts.ts';
import { clockText, durationText, outcomeRow, receiptTexts, sizeText } from './phrases.ts';
import { fitRow, type Row, span } from './row.ts';

// Narrower than this an attempt is not readable; between two there is a gap.
const attemptCellsMin = 34;
const gapCells = 2;
const attemptNames = ['queued', 'sent', 'accepted', 'started', 'finished'] as const;

/** The newest first, beside each other as far as there is room, then below. */
export function attemptRows(
  attempts: readonly AttemptRow[],
  state: State,
  width: number,
): readonly Row[] {
  const fitting = Math.floor((width + gapCells) / (attemptCellsMin + gapCells));
  const columns = Math.max(1, Math.min(attempts.length, fitting));
  const cells = Math.floor((width - gapCells * (columns - 1)) / columns);
  const blocks = attempts.toReversed().map((attempt) => attemptBlock(attempt, state, cells));
  const rows: Row[] = [];
  for (let from = 0; from < blocks.length; from += columns) {
    rows.push([], ...joinBlocks(blocks.slice(from, from + columns), cells));
  }
  return rows;
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

function attemptBlock(attempt: AttemptRow, state: State, cells: number): readonly Row[] {
  const { queuedAt, sentAt, acceptedAt, startedAt, finishedAt } = attempt.receipts;
  const instants = [queuedAt, sentAt, acceptedAt, startedAt, finishedAt];
  const after = receiptTexts(attempt, state.zoneMinutes);
  return [
    partTitle(`attempt ${attempt.n} · ${attempt.worker} · ${attempt.host}`, cells),
    ...attemptNames.map((name, index) => {
      const at = instants[index] ?? null;
      if (at === null) return [span(`○ ${name}`, 'dim')];
      const delta = index === 0 ? '' : `  ${after[index]}`;
      const clock = clockText(at, state.zoneMinutes);
      return [span('● ', 'good'), span(name.padEnd(9)), span(clock), span(delta, 'dim')];
    }),
    ...endRows(attempt, cells),
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
    ...(attempt.isReplaced ? [fact('replaced', [span('another runs in its place', 'warn')])] : []),
    ...(attempt.isCancelRequested && attempt.outcome === null
      ? [fact('cancel', [span('asked for', 'warn')])]
      : []),
    ...keptRows(attempt, width),
    ...(used.length === 0 ? [] : factRows('used', used.join(' · '), width)),
  ];
}

/** A checkout that is still there, because it holds what is nowhere else. */
function keptRows({ kept, id }: AttemptRow, width: number): readonly Row[] {
  if (kept == null) return [];
  const job = id.slice(0, id.indexOf('.'));
  return [
    ...factRows('kept', describeKept(kept), width).map((row) =>
      row.map((part) => ({ ...part, role: 'warn' as const })),
    ),
    ...factRows('', `t opens a shell there; :tidy ${job} removes it once it is taken`, width),
  ];
}
