/*
 * All unended attempts that one worker holds, also where a person gave it the same job twice.
 *
 * Oldest first: what is lost while a later one at the same job is under way asks for nothing. What is done
 * about one may end another, so each is looked up again when its turn comes.
 */
import type { PeerKey } from '../../protocol/model.ts';
import type { AttemptRecord } from '../manager/job.ts';
import { findOpen, listHeldBy, type Place, type Scene } from './transitions.ts';

/** An attempt as it stands when its turn comes. */
export interface Held extends Place {
  readonly attempt: AttemptRecord;
}

/** They may be stepped on the way. */
export function* walkHeld(scene: Scene, worker: PeerKey): Generator<Held> {
  for (const { id, attempts } of listHeldBy(scene.state, worker)) {
    for (const { n, worker: holder } of attempts) {
      const attempt = holder === worker ? findOpen(scene, { id, n }) : undefined;
      if (attempt !== undefined) yield { id, n, attempt };
    }
  }
}
