/*
 * Takes the artifacts that ended work left into the agent's own store, before its directory goes.
 *
 * Each file is copied, hashed on the way and made whole on the disk, so that what is reported can
 * be delivered for as long as the hub takes. One that cannot be copied is named in the report with
 * the reason; that is never a failure of the work. The room that is kept for outcomes is not used: files that
 * fill a disk leave it only after the report of them is on that disk. Invariant: the n-th kept file of a report is
 * the n-th in the store.
 */
import { createHash } from 'node:crypto';
import { AppError, type ErrorCode, wrapError } from '../protocol/errors.ts';
import type { ArtifactEntry, ArtifactMiss, ArtifactsReport, AttemptId } from '../protocol/model.ts';
import type { ArtifactStore } from '../store/artifact.ts';
import { isDiskFull } from '../store/disk-guard.ts';
import type { FoundArtifact, FoundArtifacts } from './work/work.ts';

/** Where copies go. `hasRoom`: may more bytes be written now? */
export interface KeepPlace {
  readonly store: ArtifactStore;
  readonly hasRoom: () => Promise<boolean>;
}

/** Copies what was found; resolves with the report. Never rejects. */
export async function keepArtifacts(
  { store, hasRoom }: KeepPlace,
  attempt: AttemptId,
  { found, missed }: FoundArtifacts,
): Promise<ArtifactsReport> {
  const kept: ArtifactEntry[] = [];
  const failed: ArtifactMiss[] = [];
  for (const file of found) {
    try {
      kept.push(await keepOne({ store, hasRoom }, { attempt, index: kept.length }, file));
    } catch (thrown) {
      failed.push({ path: file.path, code: nameFailure(thrown) });
      // What there is of it must not be the beginning of the next.
      const isCleared = await clear(store, { attempt, index: kept.length });
      if (!isCleared) break;
    }
  }
  const left = found.slice(kept.length + failed.length);
  return {
    kept,
    missed: [...missed, ...failed, ...left.map(({ path }) => ({ path, code: 'STORE_IO' }))],
  };
}

type Place = Parameters<ArtifactStore['append']>[0];

async function keepOne(
  { store, hasRoom }: KeepPlace,
  place: Place,
  { path, read }: FoundArtifact,
): Promise<ArtifactEntry> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of read()) {
    hash.update(chunk);
    if (!(await hasRoom())) throw new AppError('DISK_FULL');
    await store.append(place, bytes, chunk);
    bytes += chunk.length;
  }
  const sha256 = hash.digest('hex');
  if ((await store.commit(place, sha256)) !== 'whole') throw new AppError('ARTIFACT_DAMAGED');
  return { path, bytes, sha256 };
}

function nameFailure(thrown: unknown): ErrorCode {
  return isDiskFull(thrown) ? 'DISK_FULL' : wrapError(thrown, 'STORE_IO').code;
}

/** A commit under a hash that nothing has empties a partial. */
function clear(store: ArtifactStore, place: Place): Promise<boolean> {
  return store.commit(place, '').then(
    (state) => state === 'damaged',
    () => false,
  );
}
