/*
 * Artifacts in files: a directory for each attempt, in it `INDEX.partial`, `INDEX.whole` or `INDEX.lost`.
 *
 * A partial is renamed only when its content is on the disk and has the right hash, and the new
 * name is synced before it is told, so a whole one is never anything else. Removing renames the
 * directory first, as logs do. Source: rename(2), open(2); reliability facts R21.
 */

import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, assert, wrapError } from '../protocol/errors.ts';
import type { AttemptId } from '../protocol/model.ts';
import { syncDirectory } from '../protocol/sync-directory.ts';
import type { ArtifactId, ArtifactLook, ArtifactStore } from './artifact.ts';
import { makeDurableFolder } from './durable-folder.ts';
import { findSize, noFile } from './file-size.ts';
import { compareAttempts, isAttemptId } from './keys.ts';
import { artifactHandlesMax, artifactReadBytes } from './limits.ts';
import { LogHandles } from './log-handles.ts';

const removedEnding = '.removed';

/** Opens or creates the artifacts in `directory`. Errors: STORE_IO. */
export async function openArtifactFiles(directory: string): Promise<ArtifactStore> {
  return guard(async () => {
    await makeDurableFolder(directory);
    for (const name of await readdir(directory)) {
      if (!name.endsWith(removedEnding)) continue;
      // As with logs: nobody misses it, and the next opening tries again.
      await rm(join(directory, name), { recursive: true, force: true }).catch(() => undefined);
    }
    return new ArtifactFiles(directory);
  });
}

type Ending = 'partial' | 'whole' | 'lost';

class ArtifactFiles implements ArtifactStore {
  readonly #directory: string;
  readonly #handles = new LogHandles(artifactHandlesMax);
  #isClosed = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  look(id: ArtifactId): Promise<ArtifactLook> {
    return this.#run(async () => {
      const whole = await findSize(this.#path(id, 'whole'));
      if (whole !== undefined) return { is: 'whole', bytes: whole };
      const code = await readFile(this.#path(id, 'lost'), 'utf8').catch(noFile);
      if (code !== undefined) return { is: 'lost', code };
      return { is: 'partial', bytes: (await findSize(this.#path(id, 'partial'))) ?? 0 };
    });
  }

  append(id: ArtifactId, from: number, bytes: Uint8Array): Promise<void> {
    return this.#run(async () => {
      const path = this.#path(id, 'partial');
      if (from === 0) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const mode = from === 0 && (await findSize(path)) === undefined ? 'new' : 'existing';
      await this.#handles.use({ path, mode }, async (handle) => {
        const { size } = await handle.stat();
        if (size !== from) throw new AppError('ARTIFACT_OFFSET', `It is at ${size}, not ${from}.`);
        await writeAll(handle, bytes, from);
      });
    });
  }

  sync(id: ArtifactId): Promise<number> {
    return this.#run(async () => {
      const path = this.#path(id, 'partial');
      if ((await findSize(path)) === undefined) return 0;
      return this.#handles.use({ path, mode: 'existing' }, async (handle) => {
        const { size } = await handle.stat();
        await handle.datasync();
        return size;
      });
    });
  }

  commit(id: ArtifactId, sha256: string): Promise<'whole' | 'damaged'> {
    return this.#run(async () => {
      const path = this.#path(id, 'partial');
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const mode = (await findSize(path)) === undefined ? 'new' : 'existing';
      const isSame = await this.#handles.use({ path, mode }, async (handle) => {
        await handle.datasync();
        return (await hashFile(handle)) === sha256;
      });
      await this.#handles.forget(path);
      if (!isSame) await rm(path, { force: true });
      else await rename(path, this.#path(id, 'whole'));
      await this.#syncNames(id);
      return isSame ? 'whole' : 'damaged';
    });
  }

  lose(id: ArtifactId, code: string): Promise<void> {
    return this.#run(async () => {
      const path = this.#path(id, 'lost');
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, code, { mode: 0o600, flush: true });
      await this.#handles.forget(this.#path(id, 'partial'));
      await rm(this.#path(id, 'partial'), { force: true });
      await this.#syncNames(id);
    });
  }

  read(id: ArtifactId, from: number, bytesMax: number): Promise<Uint8Array> {
    return this.#run(async () => {
      const path = this.#path(id, 'whole');
      const read = (handle: FileHandle) => readPart(handle, from, bytesMax);
      const bytes = await this.#handles.use({ path, mode: 'existing' }, read).catch(noFile);
      if (bytes === undefined) throw new AppError('ARTIFACT_UNKNOWN');
      return bytes;
    });
  }

  list(): Promise<readonly AttemptId[]> {
    return this.#run(async () => {
      const names = await readdir(this.#directory);
      return names.filter(isAttemptId).sort(compareAttempts);
    });
  }

  remove(attempt: AttemptId): Promise<void> {
    assert(isAttemptId(attempt), 'an artifact is named by an attempt id');
    return this.#run(async () => {
      const path = join(this.#directory, attempt);
      for (const name of (await readdir(path).catch(noFile)) ?? []) {
        await this.#handles.forget(join(path, name));
      }
      const removed = path + removedEnding;
      await rm(removed, { recursive: true, force: true });
      await rename(path, removed).catch(noFile);
      await rm(removed, { recursive: true, force: true });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#handles.close();
  }

  #path({ attempt, index }: ArtifactId, ending: Ending): string {
    assert(isAttemptId(attempt), 'an artifact is named by an attempt id');
    assert(Number.isSafeInteger(index) && index >= 0, 'an artifact has a place in its report');
    return join(this.#directory, attempt, `${index}.${ending}`);
  }

  async #syncNames({ attempt }: ArtifactId): Promise<void> {
    await syncDirectory(join(this.#directory, attempt));
    await syncDirectory(this.#directory);
  }

  #run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#isClosed)
      return Promise.reject(new AppError('STORE_IO', 'The artifacts are closed.'));
    return guard(job);
  }
}

async function guard<T>(job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (thrown) {
    throw wrapError(thrown, 'STORE_IO');
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const left = bytes.length - written;
    written += (await handle.write(bytes, written, left, position + written)).bytesWritten;
  }
}

async function readPart(handle: FileHandle, from: number, bytesMax: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(bytesMax);
  let filled = 0;
  while (filled < bytesMax) {
    const left = bytesMax - filled;
    const { bytesRead } = await handle.read(bytes, filled, left, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return new Uint8Array(bytes.buffer, 0, filled);
}

/** Through one buffer: a fresh one for each piece would stay until the collector comes round. */
async function hashFile(handle: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(artifactReadBytes);
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}
