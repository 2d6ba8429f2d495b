/*
 * Receipts only move to the right, and a time once told stands.
 *
 * Judged by what the feed told, over all starts of the hub: the feed tells only what is on disk.
 * What a desk shows between two syncs may be forgotten by a crash and is not judged.
 */
import { receipts } from '../../../protocol/model.ts';
import type { Check, Finding } from './check.ts';

/** See the header. */
export const receiptsCheck: Check = {
  title: 'receipts never go back',
  judge({ history }) {
    const seen = new Map<string, { readonly rank: number; readonly times: object }>();
    const findings: Finding[] = [];
    for (const { job, by, at } of history.sights) {
      if (job.kind === 'group' || by !== 'feed') continue;
      for (const { n, state } of job.attempts) {
        const id = `${job.id}.${n}`;
        const rank = receipts.indexOf(state.is);
        const before = seen.get(id);
        seen.set(id, { rank, times: state.times });
        // One that a person lets come back is open again.
        if (before === undefined || state.replacedAt !== undefined) continue;
        const when = `at ${(at / 1000).toFixed(3)}`;
        if (rank < before.rank) {
          findings.push({ about: job.id, message: `${id} went back to ${state.is} ${when}` });
        }
        for (const [name, time] of Object.entries(before.times)) {
          if (Reflect.get(state.times, name) === time) continue;
          findings.push({ about: job.id, message: `${id}: ${name} changed ${when}` });
        }
      }
    }
    return findings;
  },
};
