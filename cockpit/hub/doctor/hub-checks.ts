/*
 * The checks of a hub: is anything promised that nobody will keep?
 *
 * Functions of the snapshot. Fixes end or remove only what can never be delivered to anybody: work
 * of workers that are not trusted any more, messages for stores that are gone.
 */
import type { Check, Evidence } from '../../../protocol/doctor.ts';
import { defineSection, type Section } from '../../../protocol/doctor-sections.ts';
import type { AttemptId } from '../../../protocol/model.ts';
import { formatDuration } from '../../verbs/text.ts';
import { keepBehindMsMax } from '../keep-limits.ts';
import { gatherLive, gatherWalked, type LiveFacts, type WalkedFacts } from './hub-facts.ts';
import type { HubRound } from './hub-round.ts';
import { overdueMsMax, retentionLooksMax, silentMsMax, skewMsMax } from './limits.ts';

type LiveCheck = Check<LiveFacts | null, HubRound>;
type WalkedCheck = Check<WalkedFacts | null, HubRound>;

const quarantined = overWalked({
  id: 'messages-quarantined',
  title: 'every message of a worker could be read',
  why: 'A report that could not be read is missing from its job.',
  area: 'store',
  severity: 'warning',
  cost: 'reads',
  find: (live) =>
    [...live.quarantined].map(([worker, count]) => ({
      subject: worker,
      worker,
      seen: `${count} of its messages could not be read and were set aside.`,
      wanted: 'None.',
      advice: 'Upgrade the older side. The messages can be put into the archive.',
    })),
  fix: {
    reach: 'here',
    plan: () => 'moves them into the archive',
    apply: (world, { worker = '' }) => world.archiveQuarantined(worker),
  },
});

const retention = overLive({
  id: 'retention-behind',
  title: 'what is old is exported and removed in time',
  why: 'A hub that cannot forget fills its disk.',
  area: 'store',
  severity: 'warning',
  cost: 'free',
  find: ({ retention: { failure, behindMs } }) => {
    const subject = 'retention';
    const wanted = 'Every look at what is old comes to its end.';
    if (failure !== null) {
      const seen = `What is old could not be removed: ${failure}`;
      const advice =
        'Make room for the archive, or mend the modes of what is named; it is tried again by itself.';
      return [{ subject, seen, wanted, advice }];
    }
    if (behindMs <= keepBehindMsMax) return [];
    const seen = `There has been something to remove for ${formatDuration(behindMs)} on end.`;
    return [{ subject, seen, wanted, advice: 'Keep less: see [keep] in config.toml.' }];
  },
  fix: {
    reach: 'anywhere',
    plan: () => 'looks at what is old until nothing is left to do, or for a while',
    apply: async ({ hub }) => {
      for (let count = 0; count < retentionLooksMax; count += 1) {
        await hub?.retain.look();
        if (hub?.retain.status.behindSince === null) return;
      }
    },
  },
});

const workerGone = overLive({
  id: 'job-worker-gone',
  title: 'every job that has not ended has a worker that may report',
  why: 'Nobody can end it any more, and whoever waits for it waits for ever.',
  area: 'jobs',
  severity: 'error',
  cost: 'free',
  find: (live) =>
    live.openAttempts
      .filter(({ trust }) => trust !== 'trusted')
      .map(({ attempt, worker, trust }) => ({
        subject: attempt,
        worker,
        seen: `${attempt} has not ended, and its worker is ${trust === 'revoked' ? 'revoked' : 'not known'}.`,
        wanted: 'An outcome.',
        advice: 'It can be ended; then try it again on another worker: `wally retry J --on NAME`.',
      })),
  fix: {
    reach: 'here',
    plan: ({ subject }) => `ends ${subject} as lost`,
    apply: (world, { subject }) =>
      world.loseAttempt(subject as AttemptId, {
        reason: 'Its worker is not trusted any more.',
        cause: 'revoked',
      }),
  },
});

const overdue = overLive({
  id: 'job-overdue',
  title: 'no job is past its deadline for long',
  why: 'Its agent should have ended it, and its hub should have given it up.',
  area: 'jobs',
  severity: 'error',
  cost: 'free',
  find: (live) =>
    live.openAttempts
      .filter(({ overdueMs }) => overdueMs !== null && overdueMs > overdueMsMax)
      .map(({ attempt, worker, overdueMs }) => ({
        subject: attempt,
        worker,
        seen: `${attempt} is past its deadline by ${formatDuration(overdueMs ?? 0)}.`,
        wanted: `An outcome within ${formatDuration(overdueMsMax)} of its deadline.`,
        advice: `Look at ${worker}: \`wally doctor --on ${worker}\`. It can be given up.`,
      })),
  fix: {
    reach: 'here',
    plan: ({ subject }) =>
      `gives ${subject} up as lost; what its worker still says is kept as late`,
    apply: (world, { subject }) =>
      world.loseAttempt(subject as AttemptId, {
        reason: 'It was long past its deadline.',
        cause: 'overdue',
      }),
  },
});

const deadStreams = overWalked({
  id: 'outbox-dead',
  title: 'no message waits for somebody who can never get it',
  why: 'Such messages stay for ever, and count against the worker when it is paired anew.',
  area: 'store',
  severity: 'warning',
  cost: 'walks',
  find: (live) =>
    live.deadStreams.map(({ stream, worker, why }) => ({
      subject: stream,
      worker,
      seen: `Messages wait for a worker ${deadWhy[why]}.`,
      wanted: 'None.',
      advice: 'They can be removed.',
    })),
  fix: {
    reach: 'here',
    plan: () => 'removes them; the jobs that they are about have ended',
    apply: (world, { subject }) => world.retireStream(subject),
  },
});

const deadWhy = {
  revoked: 'that is revoked',
  unknown: 'that nobody knows',
  'store-gone': 'that speaks from another store now',
} as const;

const shortCopies = overWalked({
  id: 'copy-short',
  title: 'logs and artifacts of ended jobs have arrived whole',
  why: 'Output that the worker has and the hub does not is lost with the worker. Looked at are the newest jobs, and older ones in turn.',
  area: 'logs',
  severity: 'error',
  cost: 'walks',
  find: (live) =>
    live.shortCopies.short.map(({ what, attempt, worker, have, promised, isLost }) => ({
      subject: `${attempt} ${what}`,
      worker,
      seen: `Of ${attempt} ${have} of ${promised} bytes of ${what} are here, although its worker is linked${isLost ? ' and offers no more: they were here and are lost' : ''}.`,
      wanted: `All of it. (${live.shortCopies.lookedCount} attempts were looked at.)`,
      advice: isLost
        ? `Look at the disk. What is left: \`wally logs ${attempt}\`; a backup with logs may have all.`
        : `Look at the worker: \`wally doctor --on ${worker}\`.`,
    })),
});

const silent = overWorkers({
  id: 'worker-silent',
  title: 'every worker was heard of lately',
  why: 'Work for a box that is gone waits until it is given up.',
  area: 'workers',
  severity: 'warning',
  cost: 'free',
  find: ({ name, isLinked, silentMs }) =>
    isLinked || silentMs <= silentMsMax
      ? undefined
      : {
          subject: name,
          seen: `It was not heard of for ${formatDuration(silentMs)}.`,
          wanted: 'A link, or a revoke.',
          advice: `Start \`odally run\` on its box, or end the trust: \`wally team revoke ${name}\`.`,
        },
});

const trouble = overWorkers({
  id: 'worker-refused',
  title: 'no worker is refused by its hub, or refuses it',
  why: 'A store that was restored from a copy must not be believed; nothing passes until you act.',
  area: 'workers',
  severity: 'error',
  cost: 'free',
  find: ({ trouble: code }) =>
    code === null
      ? undefined
      : {
          subject: code,
          seen: `It cannot be served: ${code}.`,
          wanted: 'A worker that is served.',
          advice: 'Pair it again: `wally invite`, then `odally join CODE` on its box.',
        },
});

const clocks = overWorkers({
  id: 'clock-skew',
  title: 'the clocks of hub and workers agree',
  why: 'Times in reports mislead; a deadline is still kept, by the difference as last measured.',
  area: 'workers',
  severity: 'warning',
  cost: 'free',
  find: ({ name, aheadMs }) =>
    aheadMs === null || Math.abs(aheadMs) <= skewMsMax
      ? undefined
      : {
          subject: name,
          seen: `Its clock is ${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead' : 'behind'}.`,
          wanted: `Less than ${formatDuration(skewMsMax)} apart.`,
          advice: 'Let NTP set the clock of both boxes.',
        },
});

const versions = overLive({
  id: 'version-skew',
  title: 'hub and workers are of one version',
  why: 'Old and new work together, but what only the new one knows is missing.',
  area: 'workers',
  severity: 'warning',
  cost: 'free',
  find: (live) =>
    live.workers
      .filter(({ isTrusted, version }) => isTrusted && version !== null && version !== live.version)
      .map(({ name, version }) => ({
        subject: name,
        worker: name,
        seen: `It has version ${version}, the hub ${live.version}.`,
        wanted: 'One version.',
        advice: 'Upgrade the older side.',
      })),
});

/** What the hub that runs knows at once. */
export const liveSection: Section<HubRound> = defineSection({
  name: 'desks',
  pace: 'quick',
  gather: gatherLive,
  checks: [retention, workerGone, overdue, silent, trouble, clocks, versions],
});

/** What it has to walk for. */
export const walkedSection: Section<HubRound> = defineSection({
  name: 'rows',
  pace: 'slow',
  gather: gatherWalked,
  checks: [quarantined, deadStreams, shortCopies],
});

/** A check of what only a running hub knows. */
function overLive({
  find,
  ...rest
}: Omit<LiveCheck, 'diagnose'> & { find(found: LiveFacts): readonly Evidence[] }): LiveCheck {
  return { ...rest, diagnose: (live) => (live === null ? [] : find(live)) };
}

function overWalked({
  find,
  ...rest
}: Omit<WalkedCheck, 'diagnose'> & {
  find(found: WalkedFacts): readonly Evidence[];
}): WalkedCheck {
  return { ...rest, diagnose: (walked) => (walked === null ? [] : find(walked)) };
}

/** A check of each trusted worker. */
function overWorkers({
  find,
  ...rest
}: Omit<LiveCheck, 'diagnose'> & {
  find(worker: LiveFacts['workers'][number]): Evidence | undefined;
}): LiveCheck {
  return overLive({
    ...rest,
    find: ({ workers }) =>
      workers
        .filter(({ isTrusted }) => isTrusted)
        .flatMap((worker) => {
          const evidence = find(worker);
          return evidence === undefined ? [] : [{ ...evidence, worker: worker.name }];
        }),
  });
}
