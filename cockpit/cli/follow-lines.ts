/*
 * Logs followed by their lines to the end, over restarts of the hub too: every line once, in the order of each log.
 *
 * Where they begin is found once, as an offset for each log; from there on it is that cut which is asked for. Lines of
 * a log come in the order in which they begin, so what was given is known by one offset a log. After a loss each log is
 * asked for from its last hit, for the lines beside that may not all have come. Errors: HUB_UNREACHABLE with the words that
 * go on, the verb's.
 */
import type { HubClient, HubStream } from '../hub/client.ts';
import { windowLinesMax } from '../logs/limits.ts';
import type { LogLineItem, LogWindow } from '../verbs/shapes.ts';
import type { LogWish } from './follow-log.ts';
import { type Await, nameRest, startLeavable } from './leavable.ts';

type Args = LogWish['args'];

/** How far one log was given. */
interface LinePlace {
  readonly attempt: string;
  /** Lines before this offset are not asked for any more. */
  from: number;
  /** Offset of the last line that was given. */
  last: number;
}

/** Follows them; `done` resolves with the verb's answer, or once it was cancelled. */
export function followLines(wish: LogWish): Pick<HubStream, 'done' | 'cancel'> {
  return startLeavable((awaits) => follow(wish, awaits));
}

async function follow({ args, hub, take }: LogWish, awaits: Await): Promise<unknown> {
  let places: readonly LinePlace[] | undefined;
  try {
    return await hub.ask(async (client) => {
      places ??= await findPlaces(client, args);
      return awaits(begin(client, { args, take, places }));
    });
  } catch (thrown) {
    const jobs = [args.job].flat().join(' ');
    throw nameRest(thrown, jobs, jobs);
  }
}

function begin(
  client: HubClient,
  { args, take, places }: Omit<LogWish, 'hub'> & { readonly places: readonly LinePlace[] },
): HubStream {
  const { tail: _tail, since: _since, attempt: _attempt, ...others } = args;
  const job = places.map(({ attempt }) => attempt);
  const at = places.map(({ from }) => from).join(',');
  return client.stream('logs', { ...others, job, at }, async (item) => {
    const line = item as LogLineItem;
    const place = places.find(({ attempt }) => attempt === line.attempt);
    if (place === undefined) return;
    if (line.offset <= place.last) return;
    place.last = line.offset;
    if (!line.isContext) place.from = line.offset;
    await take(item);
  });
}

/** The logs that are meant, and where each begins. */
async function findPlaces(client: HubClient, args: Args): Promise<readonly LinePlace[]> {
  const { tail, since, attempt, at = 'start', grep, errors, context } = args;
  const filter = { grep, errors, context };
  const words = [args.job].flat().map(String);
  const job = attempt === undefined ? words : words.map((word) => nameAttempt(word, attempt));
  const look = async (more: Args) =>
    (await client.call('logs lines', { job, ...more, ...filter })) as LogWindow;
  let window = await look({ at: tail === undefined ? at : 'end', before: 0, after: 0 });
  const { logs } = window;
  for (let left = Number(tail ?? 0); left > 0 && !window.isStart; left -= window.lines.length) {
    const before = Math.min(left, windowLinesMax);
    window = await look({ at: window.begin.join(','), before, after: 0 });
  }
  const begin = since === undefined ? window.begin : [Number(since)];
  return logs.map((log, index) => ({ attempt: log.attempt, from: begin[index] ?? 0, last: -1 }));
}

/** `J12` and 2 → `J12.2`, whatever stands before it. */
function nameAttempt(word: string, n: unknown): string {
  return `${word.replace(/\.\d+$/, '')}.${n}`;
}
