/*
 * Who follows a log is told every byte once, in order, also over the deaths of hubs.
 *
 * Simulated output is plain ASCII, so the text of an item is its bytes. A follower that was told
 * that this was all must have all that the worker had promised by then, less what it was told is missing: of one that
 * was taken for lost, and came back, where its log ends is told later.
 */
import type { Reading } from '../followers.ts';
import { makeOutput } from '../output.ts';
import type { Check, Evidence, Finding } from './check.ts';

/** See the header. */
export const followedLogsCheck: Check = {
  title: 'a follower is told the log as it was written',
  judge(evidence) {
    const findings: Finding[] = [];
    // A hub put back to an old copy gives numbers twice: two logs under one name.
    if (evidence.history.isHubRestored) return findings;
    for (const reading of evidence.history.readings) {
      const about = reading.attempt.split('.')[0] as `J${number}`;
      const flaw = isOfSoundBox(evidence, reading) ? findFlaw(reading, evidence) : undefined;
      if (flaw !== undefined)
        findings.push({ about, message: `log of ${reading.attempt}: ${flaw}` });
    }
    return findings;
  },
};

function isOfSoundBox({ world, history, jobs }: Evidence, { attempt }: Reading): boolean {
  const [id, n] = attempt.split('.');
  const job = jobs.find((known) => known.id === id);
  const worker = job?.kind === 'command' ? job.attempts[Number(n) - 1]?.worker : undefined;
  const box = worker === undefined ? undefined : world.findBox(worker);
  return box !== undefined && !history.stains.has(box.name);
}

function findFlaw(
  { attempt, since, items, end }: Reading,
  { jobs, history }: Evidence,
): string | undefined {
  let next = since;
  for (const item of items) {
    if (item.offset !== next) return `told ${item.offset} after ${next}`;
    if ('gapBytes' in item) return `a hole of ${item.gapBytes} at ${item.offset}`;
    const written = Buffer.from(makeOutput(attempt, next, item.text.length)).toString('latin1');
    if (written !== item.text) return `another text at ${item.offset}`;
    next += item.text.length;
  }
  if (end === undefined) return undefined;
  if (end.offset !== next) return `told that it ends at ${end.offset}, after ${next} bytes`;
  const [id, n] = attempt.split('.');
  const job = jobs.find((known) => known.id === id);
  const state = job?.kind === 'command' ? job.attempts[Number(n) - 1]?.state : undefined;
  if (state?.is !== 'finished') return 'told that this was all, and it has not ended';
  const sight = history.sights.findLast((one) => one.job.id === id && one.at <= end.at);
  const seen = sight?.job.kind === 'command' ? sight.job.attempts[Number(n) - 1]?.state : undefined;
  const promised = (seen?.is === 'finished' ? seen : state).end.logBytes ?? next;
  return next + end.missingBytes < promised ? `${next} of ${promised} bytes, as if all` : undefined;
}
