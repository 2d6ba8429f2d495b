/*
 * Takes the artifacts that ended work left into the agent's own store, before its directory goes.
 *
 * Each file is copied, hashed on the way and made whole on the disk, so that what is reported can
 * be delivered for as long as the hub takes. One that cannot be copied is named in the report with
 * the reason; that is never a failure of the work. Invariant: the n-th kept file of a report is the
 * n-th in the store.
 */
import { createHash } from 'node:crypto';
import { AppError, wrapError } from '../protocol/errors.ts';
import type { ArtifactEntry, ArtifactMiss, ArtifactsReport, AttemptId } from '../protocol/model.ts';
import type { ArtifactStore } from '../store/artifact.ts';
import type { FoundArtifact, FoundArtifacts } from './work/work.ts';

/** Copies what was found; resolves with the report. Never rejects. */
export async function keepArtifacts(
  store: ArtifactStore,
  attempt: AttemptId,
  { found, missed }: FoundArtifacts,
): Promise<ArtifactsReport> {
  const kept: ArtifactEntry[] = [];
  const failed: ArtifactMiss[] = [];
  for (const file of found) {
    try {
      kept.push(await keepOne(store, { attempt, index: kept.length }, file));
    } catch (thrown) {
      failed.push({ path: file.path, code: wrapError(thrown, 'STORE_IO').code });
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
  store: ArtifactStore,
  place: Place,
  { path, read }: FoundArtifact,
): Promise<ArtifactEntry> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of read()) {
    hash.update(chunk);
    await store.append(place, bytes, chunk);
    bytes += chunk.length;
  }
  const sha256 = hash.digest('hex');
  if ((await store.commit(place, sha256)) !== 'whole') throw new AppError('ARTIFACT_DAMAGED');
  return { path, bytes, sha256 };
}

/** A commit under a hash that nothing has empties a partial. */
function clear(store: ArtifactStore, place: Place): Promise<boolean> {
  return store.commit(place, '').then(
    (state) => state === 'damaged',
    () => false,
  );
}
