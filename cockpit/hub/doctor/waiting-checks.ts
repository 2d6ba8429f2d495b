/*
 * The checks of what waits: for the M2, for a worker, for somebody to use an invite.
 *
 * Waiting is no fault by itself; these say what has waited for longer than anybody would want unseen.
 * Fixes clear what can't be used any more; nobody's work is cancelled, and no trust is ended.
 */
import { type Check, type Evidence, listOne } from '../../../protocol/doctor.ts';
import { defineSection, type Section } from '../../../protocol/doctor-sections.ts';
import { readEvents, readLastEventSeq } from '../../../store/journal.ts';
import { formatAttemptId, type JobRecord } from '../../manager/job.ts';
import { formatDuration } from '../../verbs/text.ts';
import type { Hub } from '../hub.ts';
import type { HubRound } from './hub-round.ts';
import {
  cockpitUnseenMs,
  decisionWaitMs,
  eventAheadMs,
  inviteUnusedMs,
  queuedAloneMs,
  unansweredMs,
} from './limits.ts';

/** An attempt that its worker has not said anything of. */
interface UnbegunFact {
  readonly attempt: string;
  readonly worker: string;
  readonly isLinked: boolean;
  readonly waitsMs: number;
}

interface WaitingFacts {
  readonly decisions: readonly { readonly id: string; readonly waitsMs: number }[];
  readonly unbegun: readonly UnbegunFact[];
  readonly expiredInvites: number;
  readonly cockpits: readonly { readonly name: string; readonly unseenMs: number }[];
  /** By how much the newest event is ahead of the clock. */
  readonly eventAheadMs: number;
}

type WaitingCheck = Check<WaitingFacts | null, HubRound>;

type Plan = Omit<WaitingCheck, 'diagnose' | 'severity' | 'cost'> & {
  find(facts: WaitingFacts): readonly Evidence[];
};

/** A check of what only a running hub knows. */
function waitingCheck({ find, ...rest }: Plan): WaitingCheck {
  const diagnose = (facts: WaitingFacts | null) => (facts === null ? [] : find(facts));
  return { severity: 'warning', cost: 'free', ...rest, diagnose };
}

const decisions = waitingCheck({
  id: 'decision-waits',
  title: 'nothing has waited for you for days',
  why: 'What waits for a decision holds up its job, and often others.',
  area: 'jobs',
  find: ({ decisions: waiting }) =>
    waiting
      .filter(({ waitsMs }) => waitsMs > decisionWaitMs)
      .map(({ id, waitsMs }) => ({
        subject: id,
        seen: `${id} has waited for ${formatDuration(waitsMs)}.`,
        wanted: `An answer within ${formatDuration(decisionWaitMs)}.`,
        advice: 'See `wally inbox`, then `wally decide` or `wally dismiss`.',
      })),
});

const stuck = waitingCheck({
  id: 'job-waits-alone',
  title: 'no job waits for a worker that is away',
  why: 'It begins only when that worker is back, and another one might do it now.',
  area: 'jobs',
  find: ({ unbegun }) =>
    unbegun
      .filter(({ isLinked, waitsMs }) => !isLinked && waitsMs > queuedAloneMs)
      .map(({ attempt, worker, waitsMs }) => ({
        subject: attempt,
        worker,
        seen: `${attempt} has waited for ${worker}, which is away, for ${formatDuration(waitsMs)}.`,
        wanted: 'A worker that is there.',
        advice: `Bring ${worker} back; or cancel it, then try it elsewhere: \`wally retry J --on NAME\`.`,
      })),
});

const unanswered = waitingCheck({
  id: 'job-unanswered',
  title: 'workers say of every job whether they take it',
  why: 'A worker that is linked answers at once; its link or its store may be stuck.',
  area: 'link',
  find: ({ unbegun }) =>
    unbegun
      .filter(({ isLinked, waitsMs }) => isLinked && waitsMs > unansweredMs)
      .map(({ attempt, worker, waitsMs }) => ({
        subject: attempt,
        worker,
        seen: `${worker} is linked, and has not said for ${formatDuration(waitsMs)} whether it takes ${attempt}.`,
        wanted: 'An answer within moments.',
        advice: `Look at it: \`wally doctor --on ${worker}\`. A new link begins where the last one ended.`,
      })),
  fix: {
    reach: 'anywhere',
    plan: ({ worker }) => `closes the link of ${worker}, which dials anew and is sent it again`,
    apply: async ({ hub }, { worker = '' }) => {
      const key = hub?.workers.findByName(worker)?.key;
      if (hub !== undefined && key !== undefined) {
        hub.session(key)?.session.connection?.close('LINK_TIMEOUT');
      }
    },
  },
});

const invites = waitingCheck({
  id: 'invite-unused',
  title: 'no invite ran out unused and was left',
  why: 'Somebody was to be let in and did not come, or could not.',
  area: 'trust',
  find: ({ expiredInvites: count }) =>
    listOne(
      count === 0
        ? undefined
        : {
            subject: 'invites',
            seen: `${count} invites ran out more than a day ago, and nobody came with them.`,
            wanted: 'None.',
            advice: 'Ask whom they were for; a code that ran out lets nobody in.',
          },
    ),
  fix: {
    reach: 'anywhere',
    plan: () => 'forgets the invites that ran out',
    apply: async ({ hub }) => hub?.invites.forgetExpired(),
  },
});

const cockpits = waitingCheck({
  id: 'cockpit-unseen',
  title: 'every cockpit that may look in does so now and then',
  why: 'Whoever holds its key can run commands on every worker; a key that nobody uses is better ended.',
  area: 'trust',
  find: ({ cockpits: known }) =>
    known
      .filter(({ unseenMs }) => unseenMs > cockpitUnseenMs)
      .map(({ name, unseenMs }) => ({
        subject: name,
        seen: `The cockpit "${name}" has not looked in for ${formatDuration(unseenMs)}.`,
        wanted: `A look within ${formatDuration(cockpitUnseenMs)}, or no trust.`,
        advice: `End it: \`wally cockpits revoke ${name}\`.`,
      })),
});

const clock = waitingCheck({
  id: 'clock-stepped-back',
  title: 'the clock has not stepped back',
  why: 'What happened seems to lie in the future; ages, deadlines and the order of days mislead.',
  area: 'box',
  find: ({ eventAheadMs: aheadMs }) =>
    listOne(
      aheadMs <= eventAheadMs
        ? undefined
        : {
            subject: 'clock',
            seen: `The newest event is ${formatDuration(aheadMs)} ahead of the clock.`,
            wanted: 'No event that is yet to come.',
            advice: 'Let NTP set the clock, and look for what sets it back.',
          },
    ),
});

/** What waits. */
export const waitingSection: Section<HubRound> = defineSection({
  name: 'waiting',
  pace: 'quick',
  gather: async ({ hub, nowMs, findHome }: HubRound): Promise<WaitingFacts | null> => {
    if (hub === undefined || (await findHome()).store.is === 'failed') return null;
    return {
      decisions: hub.inbox.list().map(({ id, openedAt }) => ({ id, waitsMs: nowMs - openedAt })),
      unbegun: hub.desk.listActive().flatMap((job) => listUnbegun(hub, job, nowMs)),
      expiredInvites: hub.invites.countExpired(nowMs - inviteUnusedMs),
      cockpits: hub.cockpits.list().map(({ name, key, lastSeenAt, pairedAt }) => ({
        name,
        unseenMs: hub.cockpits.countLinks(key) > 0 ? 0 : nowMs - (lastSeenAt ?? pairedAt),
      })),
      eventAheadMs: await findAheadMs(hub, nowMs),
    };
  },
  checks: [unanswered, stuck, decisions, invites, cockpits, clock],
});

function listUnbegun(hub: Hub, job: JobRecord, nowMs: number): readonly UnbegunFact[] {
  if (job.kind !== 'command') return [];
  return job.attempts.flatMap(({ n, worker: key, state, isParked }) => {
    const worker = hub.workers.find(key);
    // Of a worker that is not trusted another check speaks.
    if ((state.is !== 'queued' && state.is !== 'sent') || worker?.revokedAt !== null) return [];
    // What waits for its turn is late by nobody's fault.
    if (isParked === true) return [];
    const attempt = formatAttemptId(job.id, n);
    const isLinked = hub.session(key)?.isLinked === true;
    const { queuedAt, sentAt = queuedAt } = state.times;
    const waitsMs = nowMs - (isLinked ? sentAt : queuedAt);
    return [{ attempt, worker: worker.name, isLinked, waitsMs }];
  });
}

async function findAheadMs({ kv }: Hub, nowMs: number): Promise<number> {
  const last = await readLastEventSeq(kv);
  if (last === 0) return 0;
  const [event] = await readEvents(kv, { afterSeq: last - 1, countMax: 1 });
  return event === undefined ? 0 : event.at - nowMs;
}
