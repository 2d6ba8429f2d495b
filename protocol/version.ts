/*
 * Which version two sides speak: the newest that both know, or none.
 *
 * Each says the oldest and the newest version that it speaks. Within a version fields may be added and
 * kinds too; what an older side does not know it ignores or refuses politely. What cannot be said so
 * is a new version. Pure. Source: reliability facts R25.
 */

/** The versions that one side speaks, both included. */
export interface VersionRange {
  readonly protoMin: number;
  readonly protoMax: number;
}

/** The version to speak; undefined when there is none that both know, or a range is none. */
export function negotiateVersion(ours: VersionRange, theirs: VersionRange): number | undefined {
  const version = Math.min(ours.protoMax, theirs.protoMax);
  return version >= Math.max(ours.protoMin, theirs.protoMin) ? version : undefined;
}
