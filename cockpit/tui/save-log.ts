/*
 * A log written to a file, as it is, or by lines where it is filtered or of several jobs.
 *
 * A name alone goes into the directory for what is saved; a file that is there is never written over, and what
 * fails half-way leaves none. The log comes from the hub piece by piece, so one of any size needs no memory.
 * Errors: SAVE_FILE, the verb's own.
 */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { AppError, hasSystemCode } from '../../protocol/errors.ts';
import type { HubClient } from '../hub/client.ts';
import { describeGap } from '../verbs/log-lack.ts';
import { bytesOf } from '../verbs/log-text.ts';
import type { LogItem, LogLineItem } from '../verbs/shapes.ts';
import type { LogSave } from './state/log-asks.ts';
import { sizeText } from './views/phrases.ts';

/** Saves; resolves with what to say. */
export async function saveLog(
  client: HubClient,
  directory: string,
  save: LogSave,
): Promise<string> {
  const path = isAbsolute(save.name) ? save.name : join(directory, save.name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((cause) =>
    refuse(path, cause),
  );
  const file = await open(path, 'wx', 0o600).catch((cause) => refuse(path, cause));
  let bytes = 0;
  try {
    bytes = await fill(file, client, save);
  } catch (thrown) {
    // Half a log must not look like one, nor stand in the way of the next try.
    await file.close();
    await rm(path, { force: true });
    throw thrown;
  }
  await file.close();
  return `saved ${sizeText(bytes)} to ${path}`;
}

/** Writes what the hub streams; resolves with how many bytes that were. */
async function fill(file: FileHandle, client: HubClient, save: LogSave): Promise<number> {
  let bytes = 0;
  await client.stream('logs', argsOf(save), async (item) => {
    const text = showItem(item as LogItem | LogLineItem, save.jobs.length > 1);
    await file.appendFile(text);
    bytes += Buffer.byteLength(text);
  }).done;
  return bytes;
}

function refuse(path: string, cause: unknown): never {
  const why = hasSystemCode(cause, 'EEXIST') ? 'there is a file already' : String(cause);
  throw new AppError('SAVE_FILE', `${path}: ${why}.`, { cause });
}

function argsOf({ jobs, grep, context }: LogSave) {
  return grep === undefined ? { job: jobs } : { job: jobs, grep, context };
}

function showItem(item: LogItem | LogLineItem, isMerged: boolean): string | Uint8Array {
  if ('gapBytes' in item) return `[${describeGap(item.gapBytes, item.isLost)}]\n`;
  if (!('isOpen' in item)) return bytesOf(item);
  const text = item.stream === 'gap' ? `[${describeGap(item.bytes, item.isLost)}]` : item.text;
  return isMerged ? `${item.at} ${item.worker} ${text}\n` : `${text}\n`;
}
