/*
 * What the hub knows of the work on one box: the facts from which `manager/unlanded` judges.
 *
 * Read when a box is to be let go, and only then: of ended work the newest are looked at, back to when the box
 * was made, and the worker is asked where it is heard. What the hub's own retention has removed is nobody's loss any more.
 */
import type { PeerKey } from '../../protocol/model.ts';
import { prefixRange } from '../../store/keys.ts';
import type { KvRow } from '../../store/kv.ts';
import type { AttemptRecord } from '../manager/job.ts';
import { formatAttemptId } from '../manager/job.ts';
import type { WorkFact } from '../manager/unlanded.ts';
import { type EndedJob, readEndedRow } from './ended-rows.ts';
import type { Hub } from './hub.ts';
import { boxJobsReadMax, owedAskMsMax } from './limits.ts';

/** Every attempt of this worker that may not have landed; `since` is a wall instant. */
export async function readBoxWork(
  hub: Hub,
  worker: PeerKey,
  since: number,
): Promise<readonly WorkFact[]> {
  const held = listHeldWork(hub, worker);
  const adrift = hub.inbox
    .list()
    .flatMap((decision) =>
      decision.kind === 'lost' && decision.worker === worker && decision.statement === undefined
        ? [{ ...landed, attempt: decision.attempt, isAdrift: true }]
        : [],
    );
  const [ended, told] = await Promise.all([readEnded(hub, worker, since), askWorker(hub, worker)]);
  return [...held, ...adrift, ...ended, ...told];
}

/** Its attempts that have not ended: what can be told in the turn in which it is asked. */
export function listHeldWork({ desk }: Hub, worker: PeerKey): readonly WorkFact[] {
  return desk.listHeldBy(worker).flatMap((job) =>
    job.attempts
      .filter((attempt) => attempt.worker === worker && attempt.state.is !== 'finished')
      .map(({ n, state }) => ({
        ...landed,
        attempt: formatAttemptId(job.id, n),
        state: state.is,
      })),
  );
}

const landed = { state: 'finished', isAdrift: false, logBytesOwed: 0, filesOwed: 0 } as const;

/** What it says itself, where it is heard; it may know of what we were never told. */
async function askWorker(hub: Hub, worker: PeerKey): Promise<readonly WorkFact[]> {
  const session = hub.session(worker);
  if (session?.isFresh !== true) return [];
  const wish = { discard: [], isPlan: true };
  const answered = hub.boxLife.askToLeave(worker, wish, (own) => session.session.sendFrame(own));
  const late = Promise.withResolvers<undefined>();
  const cancel = hub.ports.timers.after(owedAskMsMax, () => late.resolve(undefined));
  const answer = await Promise.race([answered, late.promise]).finally(cancel);
  return (answer?.owed ?? []).map(({ attempt, what }) => ({ ...landed, attempt, told: what }));
}

async function readEnded(hub: Hub, worker: PeerKey, since: number): Promise<readonly WorkFact[]> {
  const range = { ...prefixRange('je/'), countMax: boxJobsReadMax, order: 'descending' } as const;
  const facts: WorkFact[] = [];
  const rows = await hub.kv.range(range);
  for (const { at, place, job: id } of takeNewest(rows, boxJobsReadMax)) {
    if (at < since) break;
    const job = await hub.desk.find(id);
    if (job?.kind !== 'command') continue;
    for (const attempt of job.attempts) {
      if (attempt.worker !== worker || attempt.state.is !== 'finished') continue;
      const wanted = { attempt, isLogKept: !hub.retain.hasForgottenLog(place) };
      facts.push(await readOwed(hub, formatAttemptId(id, attempt.n), wanted));
    }
  }
  return facts;
}

/** So many jobs of rows in the order of ends, the newest first. */
function* takeNewest(rows: readonly KvRow[], countMax: number): Generator<EndedJob> {
  let count = 0;
  for (const row of rows) {
    for (const end of readEndedRow(row).toReversed()) {
      if (count >= countMax) return;
      count += 1;
      yield end;
    }
  }
}

async function readOwed(
  { mirror, artifacts }: Hub,
  attempt: WorkFact['attempt'],
  { attempt: { state }, isLogKept }: { attempt: AttemptRecord; isLogKept: boolean },
): Promise<WorkFact> {
  const end = state.is === 'finished' ? state.end : undefined;
  // It was told of once, and is there until somebody tidies it up, whether its worker is heard or not.
  if (end?.kept !== undefined) return { ...landed, attempt, holdsTree: true };
  if (end === undefined || !isLogKept) return { ...landed, attempt };
  const written = end.logBytes ?? 0;
  const kept = end.artifacts?.kept ?? [];
  const looks = await Promise.all(kept.map((_, index) => artifacts.look({ attempt, index })));
  return {
    ...landed,
    attempt,
    logBytesOwed: written === 0 ? 0 : Math.max(0, written - (await mirror.findEnd(attempt))),
    filesOwed: looks.filter(({ is }) => is === 'partial').length,
  };
}
