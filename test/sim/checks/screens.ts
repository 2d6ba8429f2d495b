/*
 * A screen that is left open shows what is.
 *
 * However slow it was and however often its hub died: once the world is at rest, the newest row that
 * it was told of each job is the job as the hub has it.
 */
import { findEnd, isEnded } from '../../../cockpit/manager/job.ts';
import type { Check, Finding } from './check.ts';

/** See the header. */
export const screensCheck: Check = {
  title: 'a screen shows what is',
  judge({ history, jobs }) {
    const findings: Finding[] = [];
    for (const { client, rows, isUp, listedAt } of history.screens) {
      if (!client.isConnected || !isUp) continue;
      // A hub that cannot read its disk lists what it has in memory.
      const isShort = history.idle.some(
        ({ box, at, until }) => box === 'hub' && at <= listedAt && until >= listedAt,
      );
      for (const job of jobs) {
        const row = rows.get(job.id);
        const is = job.kind === 'group' ? job.ended?.outcome : findEnd(job)?.outcome;
        const shown = row?.outcome ?? undefined;
        if (row !== undefined && shown === is && (row.state === 'finished') === isEnded(job)) {
          continue;
        }
        if (isShort && row === undefined) continue;
        const what = row === undefined ? 'not at all' : `as ${row.state} ${shown}`;
        findings.push({
          about: job.id,
          message: `${client.owner.name} shows ${job.id} ${what}; it is ${is}`,
        });
      }
    }
    return findings;
  },
};
