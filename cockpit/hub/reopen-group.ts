/*
 * A group that has ended, opened again because a part of it is tried again.
 *
 * Its parts have to be in memory then, all of them, for their sum is made there. Invariant: they come into it in one
 * step, and only while nobody else has opened the group.
 */
import type { JobId } from '../../protocol/model.ts';
import type { GroupJob, JobRecord } from '../manager/job.ts';
import type { Ledger } from './ledger.ts';
import { keepJob, type Scene } from './transitions.ts';

/** Where jobs are read: from memory or from disk. */
type FindJob = (id: JobId) => Promise<JobRecord | undefined>;

/** The group with its parts in memory; undefined where it is open. One at a time: another might end it meanwhile. */
export async function readEndedGroup(
  ledger: Ledger,
  id: JobId,
  find: FindJob,
): Promise<GroupJob | undefined> {
  const { active, groupParts } = ledger.state;
  if (active.has(id)) return undefined;
  // The end of the group, or of a part, may be on its way to the disk: read behind it.
  const { change } = ledger.open();
  change.note({ kind: 'group-retry-asked', job: id });
  await ledger.commit(change);
  const group = await find(id);
  if (group?.kind !== 'group') return undefined;
  const parts: JobRecord[] = [];
  for (const child of group.children) {
    const part = await find(child);
    if (part !== undefined) parts.push(part);
  }
  // Not in memory, so it has ended, even where what was read is from before that.
  if (active.has(id)) return undefined;
  // What is in memory is newer than what was read meanwhile.
  for (const part of parts) if (!groupParts.has(part.id)) groupParts.set(part.id, part);
  return group;
}

/** A part is tried again, so its group is open again. */
export function reopenGroup(scene: Scene, group: GroupJob): void {
  const { ended: _ended, ...open } = group;
  keepJob(scene, open);
}
