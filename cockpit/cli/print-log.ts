/*
 * Items of the log verbs as text for people: output as it is, lines with what was asked for beside them.
 *
 * What a job printed goes to stdout; what is said about its log (a hole in it) goes to stderr.
 */
import type { Program } from '../ports.ts';
import { describeGap } from '../verbs/log-lack.ts';
import { bytesOf } from '../verbs/log-text.ts';
import type { LogGrowth, LogHits, LogItem, LogLineItem } from '../verbs/shapes.ts';

/** How lines are to look. */
export interface LogLook {
  readonly hasTimestamps: boolean;
}

/** Prints one item of `logs`, `logs find` or `logs follow`. */
export function printLogItem(program: Program, item: unknown, look: LogLook): Promise<void> {
  const some = item as LogItem | LogLineItem | LogHits | LogGrowth;
  if ('hits' in some) return program.print(showHits(some));
  if ('lines' in some) return program.print(showGrowth(program, some, look));
  if ('isOpen' in some) return program.print(showLine(program, some, look));
  if ('text' in some) return program.print(bytesOf(some));
  sayGap(program, some);
  return Promise.resolve();
}

function showHits({ hits, logs }: LogHits): string {
  return hits
    .map(({ log, offset, at }) => `${logs[log]?.attempt} ${offset} ${at} ${logs[log]?.worker}\n`)
    .join('');
}

/** Lines that have not ended come again when they have. */
function showGrowth(program: Program, { lines, logs }: LogGrowth, look: LogLook): string {
  const isMerged = logs.length > 1;
  return lines
    .filter(({ isOpen }) => !isOpen)
    .map(({ log, ...line }) => {
      const { attempt = 'J0.0', worker = '' } = logs[log] ?? {};
      return showLine(program, { ...line, attempt, worker, isMerged }, look);
    })
    .join('');
}

function showLine(program: Program, line: LogLineItem, { hasTimestamps }: LogLook): string {
  const worker = line.isMerged ? `${line.worker} ${line.attempt} ` : '';
  const at = hasTimestamps ? `${line.at} ` : '';
  if (line.stream === 'gap') {
    sayGap(program, { gapBytes: line.bytes, isLost: line.isLost }, worker);
    return '';
  }
  const more = line.bytes - line.hiddenBytes - Buffer.byteLength(line.text);
  return `${at}${worker}${line.text}${line.isCut ? ` [${more} bytes more]` : ''}\n`;
}

function sayGap(
  program: Program,
  { gapBytes, isLost }: { readonly gapBytes: number; readonly isLost?: boolean | undefined },
  of = '',
): void {
  program.say(`[${of}${describeGap(gapBytes, isLost)}]`);
}
