/*
 * `wally events`: the journal, read where one wants and as far as one wants.
 *
 * Windows are taken by instant or by number, so that a screen pages through a million events and holds
 * a few hundred. Following goes on where the window ended and is woken by the hub, not by a clock. It
 * looks through so many events and no more for those that are wanted. Errors: WORKER_UNKNOWN, USAGE_ARGUMENT, STORE_*.
 */
import { z } from 'zod';
import { findWhen } from '../../protocol/duration.ts';
import { AppError } from '../../protocol/errors.ts';
import type { JobId, PeerKey } from '../../protocol/model.ts';
import { type JournalEvent, readEvents, readLastEventSeq } from '../../store/journal.ts';
import { countEvents, findEventSeq, readEventsBefore } from '../../store/journal-seek.ts';
import type { Hub } from '../hub/hub.ts';
import { jobArgument, whenArgument } from './arguments.ts';
import { formatInstant } from './present.ts';
import { findEventJob, presentEvents } from './present-events.ts';
import type { EventRow, HourRow } from './shapes.ts';
import { formatDuration } from './text.ts';
import { defineVerb, type Style, type VerbContext } from './verb.ts';

/** Events that one window holds. */
export const eventsWindowMax = 1000;

/** Events that are looked through for those of one job, worker or kind. */
export const eventsScannedMax = 200_000;

/** Events that are looked at in one go. */
const pageEvents = 500;

/** Hours that are counted: two weeks. */
export const hoursCountedMax = 336;

const hourMs = 3_600_000;

/** A wait that is shorter is not worth a word. */
const waitShownMsMin = 1000;

const seq = z.coerce.number().int().min(0);

const args = z.object({
  since: whenArgument.optional(),
  until: whenArgument.optional(),
  after: seq.optional(),
  before: seq.optional(),
  job: jobArgument.optional(),
  worker: z.string().optional(),
  kind: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(eventsWindowMax).default(100),
  hours: z.boolean().default(false),
  follow: z.boolean().default(false),
});

type EventsArgs = z.infer<typeof args>;

/** One window of the journal, or the events as they come. */
export const eventsVerb = defineVerb({
  name: 'events',
  summary: 'what happened, in order; -f goes on',
  operands: [],
  flags: {
    since: { value: 'WHEN', help: 'from then on: 2h ago, or an instant in ISO 8601' },
    until: { value: 'WHEN', help: 'up to then; without --since the last ones before it' },
    after: { value: 'N', help: 'from the event after this number on' },
    before: { value: 'N', help: 'the last ones before this number' },
    job: { value: 'J', help: 'only what is about this job' },
    worker: { value: 'NAME', help: 'only what is about this worker' },
    kind: { value: 'KIND', help: 'only this kind, or kinds that begin so: attempt' },
    limit: { value: 'COUNT', help: 'at most so many (100)' },
    hours: { help: 'how many there were in each hour, instead' },
    follow: { short: 'f', help: 'go on with what comes' },
  },
  danger: 'looks',
  args,
  async run(context, given): Promise<readonly EventRow[] | readonly HourRow[] | null> {
    const { hub } = context;
    if (given.hours) return countHours(hub, given);
    const isWanted = planFilter(hub, given);
    const events = await readWindow(hub, given, isWanted);
    if (!given.follow) return presentEvents(hub, events);
    if (given.until !== undefined || given.before !== undefined) {
      throw new AppError('USAGE_ARGUMENT', 'events: what is followed has no end.');
    }
    await follow(context, events, isWanted);
    return null;
  },
  show: (rows, style) => (rows ?? []).map((row) => showEvent(row, style)).join('\n'),
});

/** One line an event, or an hour. */
export function showEvent(row: EventRow | HourRow, style: Style): string {
  if ('count' in row) return `${style.dim(row.at)}  ${row.count}`;
  const title = row.title === null ? '' : `  ${style.dim(row.title)}`;
  const { waited } = row;
  const wait =
    waited === null || waited.ms < waitShownMsMin
      ? ''
      : style.warn(`  waited ${formatDuration(waited.ms)} for ${waited.why}`);
  return `${style.dim(row.at)}  ${row.text}${wait}${title}`;
}

type Filter = (event: JournalEvent) => boolean;

/** Undefined where everything is wanted. */
function planFilter(hub: Hub, { job, worker, kind }: EventsArgs): Filter | undefined {
  if (job === undefined && worker === undefined && kind === undefined) return undefined;
  const key = worker === undefined ? undefined : getWorkerKey(hub, worker);
  return (event) =>
    (job === undefined || isOfJob(event, job)) &&
    (key === undefined || event.worker === key) &&
    (kind === undefined || event.kind === kind || event.kind.startsWith(`${kind}-`));
}

function isOfJob(event: JournalEvent, job: JobId): boolean {
  return findEventJob(event) === job;
}

function getWorkerKey(hub: Hub, name: string): PeerKey {
  const worker = hub.workers.findByName(name);
  if (worker === undefined)
    throw new AppError('WORKER_UNKNOWN', `There is no worker named "${name}".`);
  return worker.key;
}

/** From a place forward where one is named, else the last ones before the end. */
async function readWindow(
  hub: Hub,
  given: EventsArgs,
  isWanted: Filter | undefined,
): Promise<readonly JournalEvent[]> {
  const { kv } = hub;
  const end = await findEnd(hub, given);
  const start = await findStart(hub, given);
  if (start === undefined) return readBackward(hub, { end, limit: given.limit }, isWanted);
  const found: JournalEvent[] = [];
  let afterSeq = start - 1;
  for (let left = eventsScannedMax; left > 0 && found.length < given.limit; left -= pageEvents) {
    const page = await readEvents(kv, { afterSeq, countMax: pageEvents });
    const last = page.at(-1);
    if (last === undefined) break;
    afterSeq = last.seq;
    found.push(...page.filter((one) => one.seq < end && (isWanted?.(one) ?? true)));
    if (last.seq >= end) break;
  }
  return found.slice(0, given.limit);
}

async function readBackward(
  { kv }: Hub,
  { end, limit }: { readonly end: number; readonly limit: number },
  isWanted: Filter | undefined,
): Promise<readonly JournalEvent[]> {
  let found: readonly JournalEvent[] = [];
  let beforeSeq = end;
  const countMax = isWanted === undefined ? limit : pageEvents;
  for (let left = eventsScannedMax; left > 0 && found.length < limit; left -= countMax) {
    const page = await readEventsBefore(kv, { beforeSeq, countMax });
    const [first] = page;
    if (first === undefined) break;
    beforeSeq = first.seq;
    found = [...page.filter((one) => isWanted?.(one) ?? true), ...found];
  }
  return found.slice(-limit);
}

/** The first number that may be in the window; undefined where only its end is named. */
async function findStart({ kv, ports }: Hub, given: EventsArgs): Promise<number | undefined> {
  const { since, after } = given;
  if (since === undefined && after === undefined) return undefined;
  const bySince = since === undefined ? 0 : await findEventSeq(kv, findWhen(since, ports.clock));
  return Math.max(bySince, (after ?? 0) + 1);
}

/** The first number that is behind the window. */
async function findEnd({ kv, ports }: Hub, { until, before }: EventsArgs): Promise<number> {
  const byUntil =
    until === undefined
      ? Number.MAX_SAFE_INTEGER
      : await findEventSeq(kv, findWhen(until, ports.clock));
  const last = (await readLastEventSeq(kv)) + 1;
  return Math.min(byUntil, before ?? last, last);
}

async function countHours({ kv, ports }: Hub, given: EventsArgs): Promise<readonly HourRow[]> {
  const now = ports.clock.wallMs();
  const until = given.until === undefined ? now : findWhen(given.until, ports.clock);
  const since =
    given.since === undefined ? until - 24 * hourMs : findWhen(given.since, ports.clock);
  const end = Math.floor(until / hourMs) * hourMs + hourMs;
  const hours = Math.ceil((end - since) / hourMs);
  if (hours < 1 || hours > hoursCountedMax) {
    throw new AppError('USAGE_ARGUMENT', `events: 1 to ${hoursCountedMax} hours are counted.`);
  }
  const instants = Array.from({ length: hours + 1 }, (_, index) => end - (hours - index) * hourMs);
  const counts = await countEvents(kv, instants);
  return counts.map((count, index) => ({ at: formatInstant(instants[index] ?? 0), count }));
}

/** Sends the window, then what comes, until nobody wants it any more. */
async function follow(
  { hub, item, onDrop }: VerbContext,
  window: readonly JournalEvent[],
  isWanted: Filter | undefined,
): Promise<void> {
  let wake: () => void = () => undefined;
  let isFollowed = true;
  onDrop(() => {
    isFollowed = false;
    wake();
  });
  let hasNews = true;
  const unfollow = hub.feed.follow((event) => {
    if (event.type !== 'journal') return;
    hasNews = true;
    wake();
  });
  const send = async (events: readonly JournalEvent[]) => {
    for (const row of await presentEvents(hub, events))
      isFollowed = isFollowed && (await item(row));
  };
  try {
    let afterSeq = window.at(-1)?.seq ?? (await readLastEventSeq(hub.kv));
    await send(window);
    while (isFollowed) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (!hasNews) await woken;
      hasNews = false;
      const page = await readEvents(hub.kv, { afterSeq, countMax: pageEvents });
      afterSeq = page.at(-1)?.seq ?? afterSeq;
      hasNews ||= page.length === pageEvents;
      await send(page.filter((one) => isWanted?.(one) ?? true));
    }
  } finally {
    unfollow();
  }
}
