/*
 * A hub that says what a test tells it to say: streams are fed by hand, calls are answered by hand.
 *
 * It speaks the same shapes as the real one through the same `HubClient`, and keeps every call, so
 * that a test can assert what was asked and what was not.
 */

import type { HubClient, HubStream } from '../../../cockpit/hub/client.ts';
import { keymap } from '../../../cockpit/tui/keys/keymap.ts';
import { openHubsView } from '../../../cockpit/tui/state/hubs.ts';
import type { TerminalFacts } from '../../../cockpit/tui/state/terminal-checks.ts';
import type {
  EventRow,
  InboxRow,
  JobDetail,
  JobRow,
  LogGrowth,
  LogLineRow,
  LogWindow,
  StatusShape,
  TeamRow,
  WatchItem,
} from '../../../cockpit/verbs/shapes.ts';
import type { Finding } from '../../../protocol/doctor.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';

/** A call as the hub got it. */
export interface FakeCall {
  readonly verb: string;
  readonly args: Readonly<Record<string, unknown>>;
}

interface OpenStream extends FakeCall {
  /** What the screen gave it. */
  readonly given: unknown[];
  readonly onItem: (item: unknown) => void;
  readonly end: (error?: AppError) => void;
}

/** The instant at which the fake world begins. */
export const fakeStartMs = Date.UTC(2026, 10, 23, 12, 0, 0);

/** The screen as it is when nobody configured it. */
export const fakeLook = {
  keymap,
  screen: { theme: 'ansi-16', hasMouse: true, hasBell: true },
  hubs: openHubsView([]),
} as const;

/** One hub, one connection at a time. */
export class FakeHub {
  readonly calls: FakeCall[] = [];
  readonly streams: OpenStream[] = [];
  /** Answers calls; replace it to refuse. */
  answer: (call: FakeCall) => unknown = () => ({});
  /** Answers what is asked of logs. */
  window: (args: FakeCall['args']) => LogWindow = () => emptyLog;
  /** Hears of every stream that is opened. */
  onStream: (stream: OpenStream) => void = () => {};
  #endConnection: (reason: string) => void = () => {};
  #stored: { readonly job: JobId; readonly growth: LogGrowth }[] = [];

  connect(): HubClient {
    const { promise: closed, resolve } = Promise.withResolvers<string>();
    const mine: OpenStream[] = [];
    const close = (reason: string) => {
      for (const stream of mine) stream.end(new AppError('HUB_UNREACHABLE'));
      resolve(reason);
    };
    this.#endConnection = close;
    return {
      call: async (verb, args) => {
        // What the log pane looks at is no deed of the M2.
        if (verb === 'logs lines') return this.window(args);
        this.calls.push({ verb, args });
        return this.answer({ verb, args });
      },
      stream: (verb, args, onItem) => this.#open({ verb, args, onItem }, mine),
      closed,
      close: () => close('closed'),
    };
  }

  /** The connection goes, as if the hub had been killed. */
  die(reason: string): void {
    this.#endConnection(reason);
  }

  watch(item: WatchItem): void {
    for (const stream of this.#live('watch')) stream.onItem(item);
  }

  /** Lines are written by a job. */
  log(job: JobId, ...lines: readonly LogLineRow[]): void {
    const growth: LogGrowth = { logs: emptyLog.logs, lines, skippedBytes: 0 };
    const streams = this.#live('logs follow', job);
    for (const stream of streams) stream.onItem(growth);
    // Whoever follows a moment later reads them from the store.
    if (streams.length === 0) this.#stored.push({ job, growth });
  }

  endLog(job: JobId, error?: AppError): void {
    for (const stream of this.#live('logs follow', job)) stream.end(error);
  }

  /** Is this job's log being followed? */
  isFollowed(job: JobId): boolean {
    return this.#live('logs follow', job).length > 0;
  }

  #giveStored(stream: OpenStream): void {
    const jobs = stream.args.job as readonly unknown[];
    const own = this.#stored.filter(({ job }) => jobs.includes(job));
    this.#stored = this.#stored.filter((each) => !own.includes(each));
    for (const { growth } of own) queueMicrotask(() => stream.onItem(growth));
  }

  #live(verb: string, job?: JobId): readonly OpenStream[] {
    return this.streams.filter(
      (stream) =>
        stream.verb === verb &&
        (job === undefined || (stream.args.job as readonly unknown[]).includes(job)),
    );
  }

  #open(call: FakeCall & Pick<OpenStream, 'onItem'>, mine: OpenStream[]): HubStream {
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    const end = (error?: AppError) => {
      const place = this.streams.indexOf(stream);
      if (place >= 0) this.streams.splice(place, 1);
      if (error === undefined) resolve();
      else reject(error);
    };
    const given: unknown[] = [];
    const stream: OpenStream = { ...call, given, end };
    this.streams.push(stream);
    mine.push(stream);
    if (stream.verb === 'logs follow') this.#giveStored(stream);
    this.onStream(stream);
    const give = async (value: unknown) => given.push(value) > 0;
    return { done, give, cancel: () => end() };
  }
}

/** An instant `seconds` after the fake world began, as in JSON. */
export function at(seconds: number): string {
  return new Date(fakeStartMs + seconds * 1000).toISOString();
}

const emptyLog: LogWindow = {
  logs: [
    {
      attempt: 'J1.1',
      job: 'J1',
      worker: 'alice',
      host: 'alice-box',
      end: 0,
      isEnded: false,
      forgottenBytes: 0,
    },
  ],
  lines: [],
  begin: [0],
  end: [0],
  isStart: true,
  isEnd: true,
};

/** What `wally status` says of the hub. */
export const fakeStatus: StatusShape['hub'] = {
  version: '0.1.0',
  pid: 100,
  home: '~/.wally',
  key: 'ab'.repeat(32),
  startedAt: at(0),
  address: '127.0.0.1:4000',
  rendezvous: '127.0.0.1:4001',
};

/** A worker that is heard; change what matters. */
export function worker(name: string, change: Partial<TeamRow> = {}): TeamRow {
  return {
    name,
    kind: 'odally',
    host: `${name}-box`,
    state: 'idle',
    link: 'direct',
    lastSeenMs: 200,
    jobs: [],
    capabilities: {
      os: 'linux',
      arch: 'x64',
      cpus: 8,
      memoryBytes: 16 * 1024 ** 3,
      has: ['git', 'node', 'npm'],
    },
    key: 'c0ffee'.padEnd(64, '0'),
    ...change,
  };
}

/** A job that waits for its worker; change what matters. */
export function job(id: JobId, change: Partial<JobRow> = {}): JobRow {
  return {
    id,
    title: 'npm test',
    kind: 'command',
    state: 'queued',
    outcome: null,
    reason: null,
    worker: 'alice',
    host: 'alice-box',
    command: ['npm test'],
    parent: null,
    createdAt: at(0),
    receipts: {
      queuedAt: at(0),
      sentAt: null,
      acceptedAt: null,
      startedAt: null,
      finishedAt: null,
    },
    exitCode: null,
    durationMs: null,
    attemptCount: 1,
    ...change,
  };
}

/** A job that runs. */
export function startedJob(id: JobId, change: Partial<JobRow> = {}): JobRow {
  const receipts = {
    queuedAt: at(0),
    sentAt: at(0.1),
    acceptedAt: at(0.2),
    startedAt: at(0.3),
    finishedAt: null,
  };
  return job(id, { state: 'started', receipts, ...change });
}

/** A job that has ended. */
export function endedJob(id: JobId, change: Partial<JobRow> = {}): JobRow {
  const started = startedJob(id);
  return {
    ...started,
    state: 'finished',
    outcome: 'succeeded',
    exitCode: 0,
    durationMs: 1234,
    receipts: { ...started.receipts, finishedAt: at(1.5) },
    ...change,
  };
}

/** The details of a job with one attempt. */
export function detailOf(row: JobRow): JobDetail {
  return {
    ...row,
    attempts: [
      {
        id: `${row.id}.1` as `J${number}.${number}`,
        n: 1,
        worker: row.worker ?? 'alice',
        host: row.host ?? 'alice-box',
        state: row.state,
        outcome: row.outcome,
        reason: row.reason,
        exitCode: row.exitCode,
        signal: null,
        receipts: row.receipts,
        durationMs: row.durationMs,
        cpuMs: 310,
        memoryBytesPeak: 34 * 1024 ** 2,
        logBytes: 2048,
        isCancelRequested: false,
        isReplaced: false,
      },
    ],
    children: [],
    cwd: '/srv/app',
    repo: null,
    deadlineMs: 1_800_000,
    isIdempotent: false,
    lostAfterMs: 86_400_000,
    stopAfterMs: null,
    replace: false,
    reconcile: 'keep-replacement',
    artifacts: [],
  };
}

/** An entry of the inbox about an attempt that was lost, opened at the start of the world. */
export function decision(id: string, change: Partial<InboxRow> = {}): InboxRow {
  return {
    id,
    kind: 'lost',
    job: 'J9',
    title: 'deploy',
    attempt: 'J9.1',
    worker: 'alice',
    host: 'alice-box',
    openedAt: at(0),
    endsAt: null,
    cost: 'it may still run',
    question: 'Start another attempt at J9?',
    reason: 'nothing was heard for 24h; it may not run twice without your word',
    evidence: {
      isIdempotent: false,
      statement: null,
      statementText: null,
      lateOutcome: null,
      facts: [
        { label: 'attempt', text: `J9.1 on ${change.worker ?? 'alice'} (alice-box)` },
        { label: 'safe', text: 'it must not run twice' },
      ],
    },
    answers: [
      { how: 'approve', does: 'start another attempt, on the worker that fits best' },
      { how: 'answer NAME', does: 'start another attempt on that worker' },
      { how: 'reject', does: 'leave it lost' },
    ],
    ...change,
  };
}

/** A terminal of which nothing is wrong. */
export const fakeTerminalFacts: TerminalFacts = {
  term: 'xterm-256color',
  colorTerm: 'truecolor',
  locale: 'C.UTF-8',
  isInTmux: false,
  tmux: undefined,
};

/** A finding of a doctor; change what matters. */
export function finding(id: string, change: Partial<Finding> = {}): Finding {
  return {
    id,
    severity: 'error',
    seen: '/srv/wally/hub.key has mode 0644.',
    wanted: '0600.',
    advice: 'Run `chmod 0600` on it. --fix: gives it mode 0600',
    title: 'only you can look into the home and its key',
    why: 'Whoever reads the key can be this program to every peer.',
    area: 'home',
    subject: '/srv/wally/hub.key',
    plan: 'gives /srv/wally/hub.key mode 0600',
    fixable: 'anywhere',
    ...change,
  };
}

/** An event of the journal, `seconds` after the world began; change what matters. */
export function event(seq: number, seconds: number, change: Partial<EventRow> = {}): EventRow {
  return {
    seq,
    at: at(seconds),
    kind: 'attempt-started',
    text: `alice began J${seq}.1`,
    job: `J${seq}`,
    title: 'npm test',
    attempt: `J${seq}.1`,
    worker: 'alice',
    note: null,
    waited: null,
    ...change,
  };
}
