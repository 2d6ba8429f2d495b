/*
 * The feed: who wants to hear of changes, told at most so often.
 *
 * Jobs are told one by one as they change, the team as a whole and only once in a moment. A follower that
 * is slow is skipped by itself (it reads the latest state when it comes around), so no screen can
 * hold the hub up. Followers are capped by the calls that a control link may have open.
 */
import type { JobRecord } from '../manager/job.ts';

/** A change, as followers hear of it. */
export type FeedEvent =
  | { readonly type: 'job'; readonly job: JobRecord }
  | { readonly type: 'team' }
  | { readonly type: 'inbox' }
  /** Events are in the journal. */
  | { readonly type: 'journal' };

/** Hands every event to every follower. */
export class Feed {
  readonly #followers = new Set<(event: FeedEvent) => void>();

  follow(run: (event: FeedEvent) => void): () => void {
    this.#followers.add(run);
    return () => this.#followers.delete(run);
  }

  tell(event: FeedEvent): void {
    for (const run of this.#followers) run(event);
  }
}
