/*
 * What workers say of their boxes, with what it needs of its hub.
 *
 * The class itself knows no hub, so that it can be tested by itself.
 */
import { BoxLife, type BoxLifeParts } from './box-life.ts';
import type { Hub } from './hub.ts';

/** Makes it; a worker that parted is revoked, once. */
export function openBoxLife(
  hub: Hub,
  parts: Omit<BoxLifeParts, 'workers' | 'boxes' | 'parted'>,
): BoxLife {
  const { workers, boxes } = hub;
  const parted: BoxLifeParts['parted'] = async (key, parting) => {
    const worker = workers.find(key);
    if (worker?.revokedAt === null) await hub.revoke(worker, { parting });
  };
  return new BoxLife({ ...parts, workers, boxes, parted });
}
