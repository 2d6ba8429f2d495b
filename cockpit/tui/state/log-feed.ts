/*
 * The screen's side of the hub's logs: asks for windows, follows what is written, searches.
 *
 * At most one view is open: what an older one still gets is dropped here or by its token. One that
 * is opened right after another waits a moment, so that moving through jobs opens one log, not
 * fifty. New lines are collected between two changes of the screen, the newest of them only.
 */
import { type ErrorShape, wrapError } from '../../../protocol/errors.ts';
import type { CancelTimer, Ports } from '../../../protocol/ports.ts';
import type { HubClient, HubStream } from '../../hub/client.ts';
import type { LogGrowth, LogHits, LogWindow } from '../../verbs/shapes.ts';
import { followMsMin, grownLinesMax, hitsHeldMax, windowStepLines } from '../limits.ts';
import { readLine } from '../views/log-text.ts';
import type { LogAsk, LogEvent, LogFind, LogWish } from './log-asks.ts';
import type { LinePlace, LogPending } from './log-view.ts';

type Growth = Extract<LogEvent, { type: 'log-grown' }>;
type Count = Extract<LogEvent, { type: 'log-count' }>;

/** What it is opened with. `feed` is for what may wait for the next change of the screen. */
export interface LogFeedOptions {
  readonly ports: Ports;
  readonly client: () => HubClient;
  /** Is there a connection? What is lost with one is asked for again when it is back. */
  readonly isLive: () => boolean;
  readonly feed: (event: Growth | Count | Extract<LogEvent, { type: 'log-ended' }>) => void;
  readonly send: (event: LogEvent) => void;
}

/** Performs what the log pane asks. `close` ends everything; safe to repeat. */
export class LogFeed {
  readonly #options: LogFeedOptions;
  readonly #streams = new Set<HubStream>();
  #token = -1;
  #openedAt = Number.NEGATIVE_INFINITY;
  #cancelOpen: CancelTimer | undefined;

  constructor(options: LogFeedOptions) {
    this.#options = options;
  }

  ask(ask: LogAsk): void {
    switch (ask.do) {
      case 'close':
        return this.close();
      case 'open':
        return this.#openSoon(ask.wish, ask.at);
      case 'window':
        return void this.#window(ask.wish, ask.at, ask.what);
      case 'find':
        return this.#find(ask.find);
      case 'count':
        return this.#count(ask.wish, ask.grep);
    }
  }

  close(): void {
    this.#token = -1;
    this.#cancelOpen?.();
    for (const stream of this.#streams) stream.cancel();
    this.#streams.clear();
  }

  #openSoon(wish: LogWish, at: string): void {
    this.close();
    this.#token = wish.token;
    const { clock, timers } = this.#options.ports;
    const wait = this.#openedAt + followMsMin - clock.monotonicMs();
    this.#openedAt = clock.monotonicMs();
    if (wait <= 0) void this.#open(wish, at);
    else this.#cancelOpen = timers.after(wait, () => void this.#open(wish, at));
  }

  async #open(wish: LogWish, at: string): Promise<void> {
    const window = await this.#window(wish, at, 'open');
    if (window !== undefined && this.#token === wish.token) this.#follow(wish, window);
  }

  async #window(
    wish: LogWish,
    at: string,
    what: LogPending['what'],
  ): Promise<LogWindow | undefined> {
    const before = what === 'on' ? 0 : windowStepLines;
    const after = what === 'back' ? 0 : windowStepLines;
    const args = { ...argsOf(wish), at, before, after, skip: wish.skipBytes };
    try {
      const window = (await this.#options.client().call('logs lines', args)) as LogWindow;
      if (this.#token === wish.token) {
        this.#options.send({ type: 'log-window', token: wish.token, what, window });
      }
      return window;
    } catch (thrown) {
      this.#refuse(wish, thrown);
      return undefined;
    }
  }

  /** From where the window ends; where that is not the end of all, from there on. */
  #follow(wish: LogWish, { lines, end, isEnd }: LogWindow): void {
    const { token } = wish;
    const cut = [...end];
    // A line without an end is read again from its start, so that it is whole when it has one.
    for (const line of lines.toReversed()) if (line.isOpen) cut[line.log] = line.offset;
    const at = isEnd ? cut.join(',') : 'end';
    const args = { ...argsOf(wish), at, skip: wish.skipBytes };
    this.#stream('logs follow', args, {
      wish,
      take: (item) => this.#takeGrowth(token, item as LogGrowth),
      done: () => this.#options.feed({ type: 'log-ended', token, error: undefined }),
      fail: (error) => this.#options.feed({ type: 'log-ended', token, error }),
    });
  }

  #takeGrowth(token: number, { logs, lines, skippedBytes }: LogGrowth): void {
    this.#options.feed({
      type: 'log-grown',
      token,
      sources: logs,
      lines: lines.map(readLine),
      count: lines.filter(({ isOpen }) => !isOpen).length,
      isSkipped: skippedBytes > 0,
    });
  }

  /** The first hit that is not the line one comes from. */
  #find(find: LogFind): void {
    const { wish, quest, at, back, past } = find;
    const { job } = argsOf(wish);
    let hit: LinePlace | undefined;
    const args = { job, ...quest, at, back, limit: past === undefined ? 1 : 2 };
    this.#stream('logs find', args, {
      wish,
      take: (item) => {
        hit ??= (item as LogHits).hits.find(
          ({ log, offset }) => past === undefined || log !== past.log || offset !== past.offset,
        );
      },
      done: () => this.#options.send({ type: 'log-hit', find, hit }),
      fail: (error) => this.#options.send({ type: 'log-refused', token: wish.token, error }),
    });
  }

  #count(wish: LogWish, grep: string): void {
    const { token } = wish;
    const { job } = argsOf(wish);
    const tell = (news: Pick<Count, 'hits' | 'count' | 'isDone'>) =>
      this.#options.feed({ type: 'log-count', token, ...news });
    const end = () => tell({ hits: [], count: undefined, isDone: true });
    this.#stream(
      'logs find',
      { job, grep, named: hitsHeldMax },
      {
        wish,
        take: (item) => {
          const { hits, hitCount } = item as LogHits;
          tell({ hits, count: hitCount, isDone: false });
        },
        done: end,
        // Whoever searches hears of it from the search for the first hit.
        fail: end,
      },
    );
  }

  #stream(
    verb: string,
    args: Readonly<Record<string, unknown>>,
    use: {
      readonly wish: LogWish;
      readonly take: (item: unknown) => void;
      readonly done: () => void;
      readonly fail: (error: ErrorShape) => void;
    },
  ): void {
    const isWanted = () => this.#token === use.wish.token;
    const stream = this.#options.client().stream(verb, args, (item) => {
      if (isWanted()) use.take(item);
    });
    this.#streams.add(stream);
    const end = (settle: () => void) => {
      this.#streams.delete(stream);
      if (isWanted() && this.#options.isLive()) settle();
    };
    stream.done.then(
      () => end(use.done),
      (thrown) =>
        end(() => {
          const error = shapeOf(thrown);
          // A lost connection is shown once, by the banner, and the log is opened again after it.
          if (error.code !== 'HUB_UNREACHABLE') use.fail(error);
        }),
    );
  }

  #refuse({ token }: LogWish, thrown: unknown): void {
    const error = shapeOf(thrown);
    if (this.#token !== token || !this.#options.isLive() || error.code === 'HUB_UNREACHABLE')
      return;
    this.#options.send({ type: 'log-refused', token, error });
  }
}

/** Two pieces of news as one: the newest lines, and how many there were. */
export function joinGrowth(older: Growth, newer: Growth): Growth {
  if (older.token !== newer.token) return newer;
  const lines = newer.isSkipped ? newer.lines : [...older.lines, ...newer.lines];
  const isSkipped = older.isSkipped || newer.isSkipped || lines.length > grownLinesMax;
  const count = older.count + newer.count;
  return { ...newer, lines: lines.slice(-grownLinesMax), count, isSkipped };
}

/** Two pieces of a count as one. */
export function joinCount(older: Count, newer: Count): Count {
  if (older.token !== newer.token) return newer;
  return { ...newer, hits: [...older.hits, ...newer.hits], count: newer.count ?? older.count };
}

function argsOf({ jobs, grep, context }: LogWish) {
  return { job: jobs, ...(grep === undefined ? {} : { grep, context }) };
}

function shapeOf(thrown: unknown): ErrorShape {
  const { code, message, hint } = wrapError(thrown, 'HUB_INTERNAL');
  return { code, message, hint };
}
