/*
 * The audit trail's files in a home: appended like an archive's, and also listed, read and removed.
 *
 * They are read as a stream, so a file of any size costs little memory. Errors: STORE_IO; STORE_DAMAGED
 * for one that cannot be unpacked.
 */
import { createReadStream } from 'node:fs';
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError, hasSystemCode, wrapError } from '../protocol/errors.ts';
import { openArchiveFiles } from './archive-files.ts';
import type { AuditPort } from './audit-keep.ts';

/** The files in `directory`, which is made when the first of them is. */
export function openAuditFiles(directory: string): AuditPort {
  return {
    ...openArchiveFiles(directory),
    async list() {
      const names = await readdir(directory).catch((thrown: unknown) => {
        if (hasSystemCode(thrown, 'ENOENT')) return [];
        throw wrapError(thrown, 'STORE_IO');
      });
      return names.filter((name) => name.endsWith('.jsonl.gz')).toSorted();
    },
    readLines: (file, bytesMax) => readLines(join(directory, file), bytesMax),
    async remove(file) {
      await unlink(join(directory, file)).catch((thrown: unknown) => {
        if (!hasSystemCode(thrown, 'ENOENT')) throw wrapError(thrown, 'STORE_IO');
      });
    },
  };
}

async function* readLines(path: string, bytesMax: number): AsyncGenerator<string> {
  if (bytesMax <= 0) return;
  const unpacked = createGunzip();
  const feeding = pipeline(createReadStream(path, { end: bytesMax - 1 }), unpacked);
  let failure: unknown;
  feeding.catch((thrown: unknown) => {
    failure = thrown;
  });
  const lines = createInterface({ input: unpacked, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const line of lines) yield line;
    await feeding;
  } catch (thrown) {
    failure ??= thrown;
  } finally {
    lines.close();
    unpacked.destroy();
  }
  if (failure !== undefined) {
    const detail = `${path} cannot be read to its end.`;
    throw new AppError('STORE_DAMAGED', detail, { cause: failure });
  }
}
