/*
 * The hub's retention, composed from its parts and desks.
 *
 * It decides nothing: what is old is said by the policy, and removed by `retain.ts`.
 */
import { Archive } from '../../store/archive.ts';
import type { ArtifactMirror } from './artifact-mirror.ts';
import type { HubParts } from './hub-parts.ts';
import type { LogMirror } from './log-mirror.ts';
import { Retain, type RetainParts } from './retain.ts';

/** What of a hub takes part in forgetting. */
export interface RetainDesks extends Pick<RetainParts, 'desk' | 'inbox' | 'state' | 'describe'> {
  readonly artifacts: ArtifactMirror;
  readonly mirror: LogMirror;
}

/** The loop, not started. */
export function openRetain(parts: HubParts, { artifacts, mirror, ...desks }: RetainDesks): Retain {
  const { kv, logs, keep, ports, noticed } = parts;
  return new Retain({
    ...{ kv, logs, ports, noticed },
    ...desks,
    policy: keep.policy,
    archive: new Archive(kv, keep.archive),
    discard: async (attempt) => {
      mirror.forget(attempt);
      await Promise.all([logs.remove(attempt), artifacts.remove(attempt)]);
    },
  });
}
