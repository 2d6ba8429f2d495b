/*
 * `wally logs` where lines were asked for: several logs as one, filtered, from a place on.
 *
 * Every item is one line with its attempt and worker. The last lines, and those around an instant, are
 * found without reading what lies before them.
 */

import { followLines } from '../logs/follow.ts';
import { printedTextBytes, windowLinesMax } from '../logs/limits.ts';
import type { TextPlan } from '../logs/line-cutter.ts';
import type { Cut } from '../logs/merge.ts';
import { type LineFilter, readWindow } from '../logs/window.ts';
import type { NamedAttempt } from './arguments.ts';
import { type FilterWish, openFilter } from './line-filter.ts';
import { listUnknownEnds } from './log-copy.ts';
import { findCut, type OpenLogs, openLogs, presentLines } from './log-sources.ts';
import type { LogLineItem } from './shapes.ts';
import type { VerbContext } from './verb.ts';

/** What was asked for. */
export interface LineWish extends FilterWish {
  readonly job: readonly NamedAttempt[];
  readonly attempt?: number | undefined;
  readonly follow: boolean;
  readonly since?: number | undefined;
  readonly tail?: number | undefined;
  readonly at?: string | undefined;
}

const text: TextPlan = { keeps: 'part', skipBytes: 0, bytesMax: printedTextBytes };

/** Streams the lines. Errors: JOB_UNKNOWN, USAGE_ARGUMENT, STORE_IO, SEARCH_SLOW. */
export async function streamLines(context: VerbContext, wish: LineWish) {
  const { attempt } = wish;
  const named = wish.job.map((each) => (attempt === undefined ? each : { ...each, n: attempt }));
  const open = await openLogs(context, named);
  const { copies, sources, rest } = open;
  const filter = openFilter(context, wish);
  const from = await findBegin({ context, open, filter, wish });
  for (const copy of copies) copy.watch();
  try {
    await followLines({
      logs: copies,
      from,
      text,
      filter,
      rest,
      until: wish.follow ? 'the-end' : 'what-is-there',
      isLive: false,
      async say({ lines }) {
        for (const { log, ...row } of await presentLines(copies, lines)) {
          const source = sources[log];
          if (source === undefined) continue;
          const isMerged = sources.length > 1;
          const item: LogLineItem = {
            attempt: source.attempt,
            worker: source.worker,
            isMerged,
            ...row,
          };
          if (!(await context.item(item))) return false;
        }
        return true;
      },
    });
    if (!wish.follow) for (const copy of copies) await copy.look();
  } finally {
    for (const copy of copies) copy.unwatch();
  }
  return {
    attempts: sources.map((source) => source.attempt),
    missingBytes: copies.reduce((sum, copy) => sum + copy.missingBytes, 0),
    lostBytes: copies.reduce((sum, copy) => sum + copy.lostBytes, 0),
    unknownEnds: listUnknownEnds(copies),
    forgottenBytes: sources.reduce((sum, source) => sum + source.forgottenBytes, 0),
  };
}

async function findBegin({
  context,
  open,
  filter,
  wish,
}: {
  readonly context: VerbContext;
  readonly open: OpenLogs;
  readonly filter: LineFilter | undefined;
  readonly wish: LineWish;
}): Promise<Cut> {
  const wallMs = context.hub.ports.clock.wallMs();
  if (wish.since !== undefined) return [wish.since];
  if (wish.tail === undefined) return findCut(open, wish.at ?? 'start', wallMs);
  let at = await findCut(open, 'end', wallMs);
  let left = wish.tail;
  while (left > 0) {
    const before = Math.min(left, windowLinesMax);
    const { copies: logs, rest } = open;
    // What is counted need not be kept.
    const plan: TextPlan = filter === undefined ? { ...text, bytesMax: 0 } : text;
    const window = await readWindow({ logs, at, before, after: 0, text: plan, filter, rest });
    at = window.begin;
    left -= window.lines.length;
    if (window.isStart) break;
  }
  return at;
}
