/*
 * What happens to the newest segment of a log that is not sound to its end.
 *
 * A write that was cut off leaves a torn tail with nothing behind it, which is cut away. Where sound records lie behind
 * the damage they are cut away as well, because the log goes on where it is sound and who sends it still has the rest of
 * one that grows; but of one that has ended nobody may. So the file is kept beside the log as it was, before anything is
 * cut, and goes with the log. Invariant: no sound output leaves the disk here, but where the disk does not give the file to
 * copy it (EIO) and the log is to go on without (`readable`).
 */
import { copyFile, readdir, rename, truncate, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hasSystemCode } from '../protocol/errors.ts';
import { logChunkBytesMax } from '../protocol/limits.ts';
import { syncDirectory } from '../protocol/sync-directory.ts';
import { syncPath } from './level-names.ts';
import { damageCheckedBytesMax, logSegmentBytesMax } from './limits.ts';
import { recordHeaderBytes } from './log-cap.ts';
import type { LogHandles } from './log-handles.ts';
import { parseRecord } from './log-record.ts';
import { type LogExtent, readWindow, recoverSegment, type Segment } from './log-segment.ts';

const damagedEnding = '.damaged';
const damagedName = /^\d{16}\.log\.damaged(-\d+)?$/;

/** Is this file of a log a segment that was kept as it was? */
export function isDamagedSegment(name: string): boolean {
  return damagedName.test(name);
}

/** What is sound of a log: its segments, and where its output ends. */
export interface SoundLog {
  readonly segments: readonly Segment[];
  readonly end: number;
}

/** Cuts a log off behind its last sound record; `found` are its segments as they are on the disk. Errors: STORE_IO. */
export async function recoverLog(
  handles: LogHandles,
  found: readonly Segment[],
  extent: LogExtent,
): Promise<SoundLog> {
  const segments = [...found];
  for (let last = segments.pop(); last !== undefined; last = segments.pop()) {
    const sound = await recoverSegment(handles, last, extent);
    const size = sound?.segment.size ?? 0;
    const end = sound?.end ?? last.offset;
    const isKept = size < last.size && (await hasSoundBehind({ handles, last, size, end, extent }));
    if (sound !== undefined) {
      const isSafe = !isKept || (await keepCopy(last.path, extent)) !== 'left';
      if (size < last.size && isSafe) await truncate(last.path, size);
      return { segments: [...segments, sound.segment], end };
    }
    await handles.forget(last.path);
    if (isKept) await rename(last.path, await nameKept(last.path));
    else await unlink(last.path);
  }
  return { segments, end: 0 };
}

interface CutPlan {
  readonly handles: LogHandles;
  readonly last: Segment;
  /** It is sound up to here: bytes of file, and of output. */
  readonly size: number;
  readonly end: number;
  readonly extent: LogExtent;
}

async function hasSoundBehind({ handles, last, size, end, extent }: CutPlan): Promise<boolean> {
  try {
    const window = Buffer.allocUnsafeSlow(Math.min(last.size - size, 2 * logSegmentBytesMax));
    const rest = await handles.use({ path: last.path, mode: 'existing' }, (handle) =>
      readWindow(handle, { position: size, window, extent }),
    );
    return findsSound(rest, end);
  } catch (thrown) {
    // What cannot be read cannot be copied either.
    if (extent === 'whole') throw thrown;
    return false;
  }
}

/**
 * Is there a whole record with output at or after offset `end`, wherever it begins? The length of the damaged one may be
 * wrong, so each place is tried. Where that is too dear to tell it is taken as yes.
 */
function findsSound(rest: Buffer, end: number): boolean {
  let checkedBytes = 0;
  for (let at = 0; at + recordHeaderBytes < rest.length; at += 1) {
    if ((rest[at] ?? 0) > 1) continue;
    const length = rest.readUInt32BE(at + 13);
    if (length === 0 || length > logChunkBytesMax) continue;
    if (at + recordHeaderBytes + length > rest.length || rest.readUIntBE(at + 7, 6) < end) continue;
    checkedBytes += length;
    if (checkedBytes > damageCheckedBytesMax || parseRecord(rest, at) !== undefined) return true;
  }
  return false;
}

/**
 * It has its name only once it is whole and on the disk. One that can't be read to its end can't be copied; where there is
 * another reason, as a full disk, a log that nothing is appended to any more ends where it is to, and its file is not cut.
 */
async function keepCopy(path: string, extent: LogExtent): Promise<'done' | 'left'> {
  const draft = `${path}.new`;
  try {
    await copyFile(path, draft);
    await syncPath(draft);
    await rename(draft, await nameKept(path));
    await syncDirectory(dirname(path));
    return 'done';
  } catch (thrown) {
    // Half a copy is no use, and takes room where there may be none.
    await unlink(draft).catch(() => undefined);
    if (extent === 'whole') throw thrown;
    return hasSystemCode(thrown, 'EIO') ? 'done' : 'left';
  }
}

/** A segment may be damaged again, and then there are two; the first name that is free. */
async function nameKept(path: string): Promise<string> {
  const first = basename(path) + damagedEnding;
  const names = new Set(await readdir(dirname(path)));
  let name = first;
  for (let n = 2; names.has(name); n += 1) name = `${first}-${n}`;
  return join(dirname(path), name);
}
