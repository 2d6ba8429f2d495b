/*
 * Whom a hub's ledger tells of what is on disk: sessions, and those who follow the feed.
 *
 * Nothing is decided here. Who has a link is asked of the sessions when it matters, never remembered.
 */
import type { Hub } from './hub.ts';
import type { LedgerOutlet } from './ledger.ts';

/** The outlet of this hub's ledger. */
export function openOutlet(hub: Hub, teamChanged: () => void): LedgerOutlet {
  return {
    queued: (worker, { store, rows }) => hub.session(worker)?.queued(store, rows),
    jobChanged: (job) => {
      if (job.kind === 'command') hub.mirror.offers.noteJob(job);
      hub.feed.tell({ type: 'job', job });
    },
    inboxChanged: () => hub.feed.tell({ type: 'inbox' }),
    journalGrew: () => hub.feed.tell({ type: 'journal' }),
    teamChanged,
    hasLink: (worker) => hub.session(worker)?.session.hasLink === true,
    isPresent: (worker) =>
      hub.session(worker)?.isFresh === true && hub.boxLife.find(worker).draining === null,
  };
}
