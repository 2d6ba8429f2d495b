/*
 * Logs for tests: written piece by piece, with small blocks of their own.
 */
import type { LogStream } from '../../../protocol/model.ts';
import type { Log, LogRecord, LogStore } from '../../../store/log.ts';
import { instantLogDisk, openMemoryLogs } from '../../../store/log-memory.ts';

/** A piece of output; `gap` bytes were dropped before it. */
export interface Piece {
  readonly text: string;
  readonly stream?: LogStream;
  readonly at?: number;
  readonly gap?: number;
}

/** A log in memory that holds these pieces; a piece's instant is its number where none is given. */
export async function writeLog(pieces: readonly Piece[]): Promise<Log> {
  const logs: LogStore = await openMemoryLogs(instantLogDisk(), { bytesMax: 64 * 1024 * 1024 });
  const log = await logs.open('J1.1');
  await appendPieces(log, pieces);
  return log;
}

/** Appends pieces to a log. */
export async function appendPieces(log: Log, pieces: readonly Piece[]): Promise<void> {
  let offset = log.end;
  const records = pieces.map(({ text, stream = 'stdout', at, gap = 0 }, index): LogRecord => {
    const bytes = new TextEncoder().encode(text);
    const record = { offset: offset + gap, stream, at: at ?? index + 1, bytes };
    offset = record.offset + bytes.length;
    return record;
  });
  await log.append(records);
}

/** Numbered lines as one piece of output. */
export function numberedLines(first: number, count: number): string {
  return Array.from({ length: count }, (_, index) => `line ${first + index}\n`).join('');
}

/** No pause. */
export const restless = async (): Promise<void> => undefined;
