/*
 * What a job's attempts brought, as the shape that goes out: every file with how far it has come.
 *
 * It adds up what the worker reported and what the hub's copies say; it keeps nothing. A file that
 * retention removed is said to be, and not waited for.
 */
import type { Hub } from '../hub/hub.ts';
import { type AttemptRecord, type CommandJob, formatAttemptId } from '../manager/job.ts';
import type { ArtifactRow } from './shapes.ts';

/** The artifacts of these attempts, in the order of their reports. */
export async function presentArtifacts(
  hub: Hub,
  job: CommandJob,
  attempts: readonly AttemptRecord[],
): Promise<readonly ArtifactRow[]> {
  const rows: Promise<ArtifactRow>[] = [];
  for (const { n, state } of attempts) {
    const report = state.is === 'finished' ? state.end.artifacts : undefined;
    if (report === undefined) continue;
    const attempt = formatAttemptId(job.id, n);
    for (const [index, entry] of report.kept.entries()) {
      const place = { attempt, index };
      const isAged = hub.retain.hasForgotten(state.times);
      rows.push(
        hub.artifacts
          .look(place)
          .then((look) => ({ ...place, ...entry, ...tell(isAged ? forget(look) : look) })),
      );
    }
    for (const { path, code } of report.missed) {
      const none = { bytes: null, sha256: null, receivedBytes: 0 } as const;
      rows.push(Promise.resolve({ attempt, index: null, path, ...none, state: 'missed', code }));
    }
  }
  return Promise.all(rows);
}

type Look = Awaited<ReturnType<Hub['artifacts']['look']>>;

function forget(look: Look): Look {
  return look.is === 'whole' ? look : { is: 'lost', code: 'ARTIFACT_AGED' };
}

function tell(look: Look): Pick<ArtifactRow, 'state' | 'receivedBytes' | 'code'> {
  if (look.is === 'lost') return { state: 'lost', receivedBytes: 0, code: look.code };
  const state = look.is === 'whole' ? 'here' : 'coming';
  return { state, receivedBytes: look.bytes, code: null };
}
