/*
 * A hub that is nothing but its control socket: a large team that changes, and a log that never ends.
 *
 * It stands where a real hub would, so that what is measured is the screen. `node screen-hub.ts
 * SOCKET WORKERS LINES_A_SECOND` prints `ready`; the verb `bench feed` with `{isOn}` starts and stops
 * the changes. It says what it says as the real one does: the team ten times a second, to who asks for them only its changes, lines as
 * they come. The log is made up from line numbers, so that any part of it can be asked for.
 */
import { setInterval } from 'node:timers';
import type {
  JobRow,
  LogGrowth,
  LogLineRow,
  LogSource,
  LogWindow,
  TeamRow,
  WatchItem,
} from '../../../cockpit/verbs/shapes.ts';
import { TeamTeller } from '../../../cockpit/verbs/team-teller.ts';
import { type ControlCall, serveControl } from '../../../protocol/control.ts';
import type { JobId } from '../../../protocol/model.ts';
import { listenUnix } from '../../../protocol/transports/unix.ts';

const [, , socket = '', workerCount = '', linesASecond = ''] = process.argv;

/** Jobs that a hub gives a screen which begins to watch. */
const jobCount = 500;
const followed: JobId = `J${jobCount}`;
const attempt = `${followed}.1` as const;
const teamMs = 100;
const linesMs = 10;
/** Workers that change each time the team is told. */
const churnCount = 10;
/** Who is slow gets the newest, as from a real hub. */
const linesMax = 1000;
/** As if each line took so many bytes; offsets are all that anybody asks. */
const lineBytes = 100;
const colours = [31, 32, 33, 34, 35, 36, 37];
const startedAt = new Date().toISOString();

const team = Array.from({ length: Number(workerCount) }, (_, n) => makeWorker(n));
const followers = new Set<() => void>();
const watchers = new Set<() => void>();
let lineCount = 1000;
let isOn = false;
let turn = 0;
// Timers of a busy machine come late; lines are owed by the clock, so that the speed is kept.
let lastAt = performance.now();

setInterval(() => {
  const now = performance.now();
  if (isOn) {
    const fresh = Math.floor(((now - lastAt) * Number(linesASecond)) / 1000);
    if (fresh === 0) return;
    lineCount += fresh;
    for (const tell of followers) tell();
  }
  lastAt = now;
}, linesMs);

setInterval(() => {
  if (!isOn) return;
  for (let count = 0; count < churnCount; count += 1) {
    turn += 1;
    const n = (turn * 7) % team.length;
    team[n] = { ...makeWorker(n), state: turn % 2 === 0 ? 'idle' : 'working', lastSeenMs: turn };
  }
  // One that is in sight while the screen is at the top of its list.
  team[1] = { ...makeWorker(1), jobs: [`J${turn}`] };
  for (const tell of watchers) tell();
}, teamMs);

await listenUnix(socket, (link) => serveControl(link, answer));
console.log('ready');

async function answer(call: ControlCall): Promise<unknown> {
  const args = (call.args ?? {}) as Readonly<Record<string, unknown>>;
  switch (call.verb) {
    case 'bench feed':
      isOn = args.isOn === true;
      return { lineCount };
    case 'watch':
      return watch(call, args.changes === true ? 'changes' : 'all');
    case 'logs lines':
      return findWindow(args);
    case 'logs follow':
      return stream(call, followers, { from: readPlace(args.at), make: makeGrowth });
    default:
      return {};
  }
}

async function watch(call: ControlCall, tells: 'all' | 'changes'): Promise<null> {
  const teller = new TeamTeller(tells);
  const hub = { version: '0.0.0-bench', pid: process.pid, home: '~/.wally', startedAt };
  const where = { key: 'ab'.repeat(32), address: '127.0.0.1:4000', rendezvous: '127.0.0.1:4001' };
  await call.item({ type: 'hub', hub: { ...hub, ...where } } satisfies WatchItem);
  await call.item(teller.tellAll(team));
  const jobs = Array.from({ length: jobCount }, (_, n) => makeJob(jobCount - n));
  await call.item({ type: 'jobs', jobs } satisfies WatchItem);
  await call.item({ type: 'inbox', rows: [] } satisfies WatchItem);
  return stream(call, watchers, { from: 0, make: (): WatchItem => teller.tell(team) });
}

function makeGrowth(from: number): LogGrowth {
  const first = Math.max(from, lineCount - linesMax);
  const skippedBytes = (first - from) * lineBytes;
  return { logs: [source()], lines: listLines(first, lineCount), skippedBytes };
}

/** What a stream says: `make` what is new since line `from`. */
interface News {
  readonly from: number;
  readonly make: (from: number) => unknown;
}

/** Says the newest whenever there is news and the asker has room, until the asker goes. */
async function stream(
  call: ControlCall,
  tellers: Set<() => void>,
  { from, make }: News,
): Promise<null> {
  let wake = () => {};
  let isWanted = true;
  let isNew = tellers === followers;
  let told = from;
  const tell = () => {
    isNew = true;
    wake();
  };
  tellers.add(tell);
  call.onDrop(() => {
    isWanted = false;
    wake();
  });
  while (isWanted) {
    if (!isNew) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      continue;
    }
    isNew = false;
    const item = make(told);
    told = lineCount;
    await call.item(item);
  }
  tellers.delete(tell);
  return null;
}

function findWindow(args: Readonly<Record<string, unknown>>): LogWindow {
  const place = readPlace(args.at);
  const first = Math.max(0, place - Number(args.before ?? 0));
  const end = Math.min(lineCount, place + Number(args.after ?? 0));
  return {
    logs: [source()],
    lines: listLines(first, end),
    begin: [first * lineBytes],
    end: [end * lineBytes],
    isStart: first === 0,
    isEnd: end === lineCount,
  };
}

/** A line's number, from the offset of a cut or the end. */
function readPlace(at: unknown): number {
  return at === undefined || at === 'end' ? lineCount : Math.floor(Number(at) / lineBytes);
}

function listLines(from: number, end: number): readonly LogLineRow[] {
  return Array.from({ length: Math.max(0, end - from) }, (_, index) => makeLine(from + index));
}

/** Some are coloured, some have wide characters, as builds and tests print them. */
function makeLine(n: number): LogLineRow {
  const words = `request ${n} took ${(n * 37) % 900} ms on node-${n % 17} path /api/v1/items/${n * 7}`;
  const wide = n % 50 === 0 ? ' 日本語 🚀' : '';
  const colour = colours[n % colours.length];
  const text = n % 3 === 0 ? `\x1b[${colour}m${words}\x1b[0m${wide}` : `${words}${wide}`;
  return {
    log: 0,
    offset: n * lineBytes,
    at: startedAt,
    stream: n % 40 === 0 ? 'stderr' : 'stdout',
    text,
    bytes: lineBytes,
    hiddenBytes: 0,
    isCut: false,
    isOpen: false,
    isContext: false,
  };
}

function source(): LogSource {
  const who = { attempt, job: followed, worker: 'w0001', host: 'box-1' } as const;
  return { ...who, end: lineCount * lineBytes, isEnded: false, forgottenBytes: 0 };
}

function makeWorker(n: number): TeamRow {
  return {
    name: `w${String(n).padStart(4, '0')}`,
    kind: 'odally',
    host: `box-${n}`,
    state: n % 3 === 0 ? 'working' : 'idle',
    link: 'direct',
    lastSeenMs: 200,
    jobs: n % 3 === 0 ? [`J${n + 1}`] : [],
    capabilities: {
      os: 'linux',
      arch: 'x64',
      cpus: 8,
      memoryBytes: 16 * 1024 ** 3,
      has: ['git', 'node', 'npm'],
    },
    key: 'c0ffee'.padEnd(64, '0'),
  };
}

function makeJob(number: number): JobRow {
  const isOpen = number === jobCount;
  return {
    id: `J${number}`,
    title: `make target-${number}`,
    kind: 'command',
    state: isOpen ? 'started' : 'finished',
    outcome: isOpen ? null : 'succeeded',
    reason: null,
    worker: team[number % team.length]?.name ?? null,
    host: `box-${number}`,
    command: ['make', `target-${number}`],
    parent: null,
    createdAt: startedAt,
    receipts: {
      queuedAt: startedAt,
      sentAt: startedAt,
      acceptedAt: startedAt,
      startedAt,
      finishedAt: isOpen ? null : startedAt,
    },
    exitCode: isOpen ? null : 0,
    durationMs: isOpen ? null : 1234,
    attemptCount: 1,
  };
}
