/*
 * `wally logs lines`, `logs find` and `logs follow`: what a log viewer is made of.
 *
 * A window of lines around any place, hits wherever they are, and what is written now; of one log or
 * of several as one. All of it is read from the store as it is asked for, so neither the hub nor the
 * viewer holds a log. Errors: JOB_UNKNOWN, USAGE_ARGUMENT, STORE_IO, SEARCH_SLOW.
 */
import { z } from 'zod';
import { findLines } from '../logs/find.ts';
import { followLines } from '../logs/follow.ts';
import {
  searchOverlapBytes,
  searchPieceBytes,
  windowLinesMax,
  windowTextBytes,
} from '../logs/limits.ts';
import type { TextPlan } from '../logs/line-cutter.ts';
import { createGlance, type Pattern, parsePattern } from '../logs/pattern.ts';
import { Tester } from '../logs/tester.ts';
import { readWindow } from '../logs/window.ts';
import { attemptsArgument } from './arguments.ts';
import { filterArgs, filterFlags, openFilter } from './line-filter.ts';
import { listUnknownEnds } from './log-copy.ts';
import { describeGap, showLack } from './log-lack.ts';
import { describeSource, findCut, openLogs, presentLines } from './log-sources.ts';
import { formatInstant } from './present.ts';
import type { LogGrowth, LogHits, LogLineRow, LogSource, LogWindow } from './shapes.ts';
import { defineVerb } from './verb.ts';

const placeHelp = 'start, end, 14:03, 10m (ago), offsets (12,0) or a line (#LOG:OFFSET)';
const countArgument = z.coerce.number().int().min(0).max(windowLinesMax);
const skipArgument = z.coerce.number().int().min(0).default(0);

/** Lines before and after a place. */
export const logLinesVerb = defineVerb({
  name: 'logs lines',
  summary: 'a window of lines around a place in one log, or in several as one',
  operands: ['job…'],
  flags: {
    at: { value: 'PLACE', help: placeHelp },
    before: { value: 'N', help: 'lines before it' },
    after: { value: 'N', help: 'lines after it' },
    skip: { value: 'BYTES', help: 'of each line, what lies after so many bytes' },
    ...filterFlags,
  },
  danger: 'looks',
  args: z.object({
    job: attemptsArgument,
    at: z.string().default('end'),
    before: countArgument.default(100),
    after: countArgument.default(100),
    skip: skipArgument,
    ...filterArgs,
  }),
  async run(context, args): Promise<LogWindow> {
    const { copies: logs, sources, rest } = await openLogs(context, args.job);
    const wallMs = context.hub.ports.clock.wallMs();
    const at = await findCut({ copies: logs, sources, rest }, args.at, wallMs);
    const { before, after } = args;
    const filter = openFilter(context, args);
    const text = planText(args.skip);
    const window = await readWindow({ logs, at, before, after, text, filter, rest });
    return { logs: sources, ...window, lines: await presentLines(logs, window.lines) };
  },
  show: ({ lines, logs }) => lines.map((line) => showLine(line, logs)).join('\n'),
});

/** Hits, as they are found. */
export const logFindVerb = defineVerb({
  name: 'logs find',
  summary: 'where a pattern is in one log, or in several as one',
  operands: ['job…'],
  flags: {
    grep: { value: 'PATTERN', help: 'a text, or a /regular expression/' },
    level: { value: 'LEVEL', help: 'error or warning, instead of a pattern' },
    at: { value: 'PLACE', help: placeHelp },
    back: { help: 'search back from there' },
    limit: { value: 'N', help: 'stop after so many hits' },
    named: { value: 'N', help: 'name so many hits, and only count the rest' },
  },
  danger: 'looks',
  args: z
    .object({
      job: attemptsArgument,
      grep: z.string().optional(),
      level: z.enum(['error', 'warning']).optional(),
      at: z.string().default('start'),
      back: z.boolean().default(false),
      limit: z.coerce.number().int().min(1).default(Number.MAX_SAFE_INTEGER),
      named: z.coerce.number().int().min(0).default(Number.MAX_SAFE_INTEGER),
    })
    .refine(({ grep, level }) => (grep === undefined) !== (level === undefined), {
      message: 'say what to find: --grep PATTERN or --level LEVEL',
      path: ['grep'],
    }),
  async run(context, args) {
    const pattern = choosePattern(args);
    const { copies: logs, sources, rest } = await openLogs(context, args.job);
    const wallMs = context.hub.ports.clock.wallMs();
    const wholeBytes = sources.reduce((sum, { end }) => sum + end, 0);
    const end = await findLines({
      logs,
      from: await findCut({ copies: logs, sources, rest }, args.at, wallMs),
      direction: args.back ? 'back' : 'on',
      text: {
        ...{ keeps: 'pieces', bytesMax: searchPieceBytes, overlapBytes: searchOverlapBytes },
        mayHit: createGlance(pattern),
      },
      rest,
      tester: new Tester(pattern, context.hub.regexes),
      hitsMax: args.limit,
      namedMax: args.named,
      say: ({ hits, hitCount, readBytes }) => {
        const found = hits.map((hit) => ({ ...hit, at: formatInstant(hit.at) }));
        const item: LogHits = { logs: sources, hits: found, hitCount, readBytes, wholeBytes };
        return context.item(item);
      },
    });
    return { ...end, attempts: sources.map(({ attempt }) => attempt) };
  },
  show: ({ hitCount, isWhole }) => `${hitCount} ${isWhole ? 'in all' : 'so far'}`,
});

/** What is written from now on. */
export const logFollowVerb = defineVerb({
  name: 'logs follow',
  summary: 'stream lines as they are written, those without an end among them',
  operands: ['job…'],
  flags: {
    at: { value: 'PLACE', help: placeHelp },
    skip: { value: 'BYTES', help: 'of each line, what lies after so many bytes' },
    ...filterFlags,
  },
  danger: 'looks',
  args: z.object({
    job: attemptsArgument,
    at: z.string().default('end'),
    skip: skipArgument,
    ...filterArgs,
  }),
  async run(context, args) {
    const open = await openLogs(context, args.job);
    const from = await findCut(open, args.at, context.hub.ports.clock.wallMs());
    const { copies: logs, rest } = open;
    for (const copy of logs) copy.watch();
    const filter = openFilter(context, args);
    const text = planText(args.skip);
    try {
      await followLines({
        ...{ logs, from, text, filter, rest },
        until: 'the-end',
        isLive: true,
        async say({ lines, skippedBytes }) {
          const sources = await Promise.all(logs.map((copy) => describeSource(context, copy)));
          const rows = await presentLines(logs, lines);
          const item: LogGrowth = { logs: sources, lines: rows, skippedBytes };
          return context.item(item);
        },
      });
    } finally {
      for (const copy of logs) copy.unwatch();
    }
    const missingBytes = logs.reduce((sum, copy) => sum + copy.missingBytes, 0);
    const lostBytes = logs.reduce((sum, copy) => sum + copy.lostBytes, 0);
    const lack = { missingBytes, lostBytes, unknownEnds: listUnknownEnds(logs) };
    return { attempts: logs.map(({ attempt }) => attempt), ...lack };
  },
  show: showLack,
});

function choosePattern({
  grep,
  level = 'error',
}: {
  readonly grep?: string | undefined;
  readonly level?: 'error' | 'warning' | undefined;
}): Pattern {
  return grep === undefined ? { kind: 'level', level } : parsePattern(grep);
}

function planText(skipBytes: number): TextPlan {
  return { keeps: 'part', skipBytes, bytesMax: windowTextBytes };
}

/** A line for people: which log it is of where there are several, and its text. */
function showLine(line: LogLineRow, logs: readonly LogSource[]): string {
  const source = logs.length > 1 ? `${logs[line.log]?.worker} ${logs[line.log]?.attempt}: ` : '';
  const text = line.stream === 'gap' ? `[${describeGap(line.bytes, line.isLost)}]` : line.text;
  return `${line.at} ${source}${text}`;
}
