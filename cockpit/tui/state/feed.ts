/*
 * The screen's side of the hub: follows what happens, asks for what is wanted, comes back after a
 * loss.
 *
 *   live ──connection or watch ends──▶ gone ──pause, reconnect──▶ live
 *                                        └──refused──▶ gone
 *
 * Never blocks a key: everything asked of the hub is answered by an event, later or never. At most
 * one log is followed; what an older one still says is dropped.
 */
import { type ErrorShape, wrapError } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../../protocol/ports.ts';
import type { HubClient, HubStream } from '../../hub/client.ts';
import type { ArtifactRow, EventRow, LogItem, WatchItem } from '../../verbs/shapes.ts';
import { followMsMin, reconnectMs } from '../limits.ts';
import { sizeText } from '../views/phrases.ts';
import type { CockpitEvent, Request } from './effects.ts';
import type { LogBuffer } from './log-buffer.ts';
import type { FeedEvent } from './store.ts';

/** What a feed is opened with. `feed` is for what may wait for the next change, `send` for what not. */
export interface FeedOptions {
  readonly client: HubClient;
  readonly reconnect: () => Promise<HubClient>;
  /** Puts a file of a job on this box's disk; resolves with its place. */
  readonly fetch: FetchFile;
  readonly ports: Ports;
  readonly buffer: LogBuffer;
  readonly feed: (event: FeedEvent) => void;
  readonly send: (events: readonly CockpitEvent[]) => void;
}

/** Puts a file that a job brought on this box's disk; resolves with its place. */
export type FetchFile = (client: HubClient, file: ArtifactRow) => Promise<string>;

interface Follow {
  readonly job: JobId;
  stream: HubStream | undefined;
  attempt: string | undefined;
}

/** The feed of one screen: `start` once, `stop` as often as wanted. */
export class HubFeed {
  readonly #options: FeedOptions;
  #client: HubClient;
  #watch: HubStream | undefined;
  #events: HubStream | undefined;
  #follow: Follow | undefined;
  #followedAt = Number.NEGATIVE_INFINITY;
  #cancelFollow: CancelTimer | undefined;
  #cancelPause: CancelTimer | undefined;
  #isLive = false;
  #isStopped = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#client = options.client;
  }

  /** The connection that is there now; what is asked of it may fail. */
  get client(): HubClient {
    return this.#client;
  }

  start(): void {
    this.#adopt(this.#client);
  }

  /** Lets go of the hub at once; a connection that is being made is closed when it is there. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelFollow?.();
    this.#cancelPause?.();
    this.#watch?.cancel();
    this.#follow?.stream?.cancel();
    this.#events?.cancel();
    this.#client.close();
  }

  /** Asks the hub for a verb; what came of it is sent as an event. */
  request(request: Request): void {
    const { purpose } = request;
    const asked =
      purpose.for === 'fetch'
        ? this.#options.fetch(this.#client, purpose.file)
        : this.#client.call(request.verb, request.args);
    asked.then(
      (value) => this.#options.send([{ type: 'reply', request, value }]),
      (thrown) => this.#options.send([{ type: 'refused', request, error: shapeOf(thrown) }]),
    );
  }

  /** Follows the journal above this number, or no more. */
  followEvents(after: number | undefined): void {
    this.#events?.cancel();
    this.#events = undefined;
    if (after === undefined || !this.#isLive || this.#isStopped) return;
    const stream = this.#client.stream('events', { follow: true, after }, (item) => {
      if (this.#events === stream) this.#options.feed({ type: 'events', rows: [item as EventRow] });
    });
    this.#events = stream;
    // What ends it is told by the watch, which ends with it.
    stream.done.catch(() => undefined);
  }

  /** Follows this job's log instead of any other. A second one right after waits a moment. */
  follow(job: JobId | undefined): void {
    this.#cancelFollow?.();
    this.#follow?.stream?.cancel();
    this.#options.buffer.clear();
    this.#follow = job === undefined ? undefined : { job, stream: undefined, attempt: undefined };
    const { clock, timers } = this.#options.ports;
    const wait = this.#followedAt + followMsMin - clock.monotonicMs();
    this.#followedAt = clock.monotonicMs();
    if (wait <= 0) this.#openLog();
    else this.#cancelFollow = timers.after(wait, () => this.#openLog());
  }

  #adopt(client: HubClient): void {
    this.#client = client;
    this.#isLive = true;
    client.closed.then(
      (reason) => this.#lose(client, reason),
      (thrown) => this.#lose(client, shapeOf(thrown).message),
    );
    const watch = client.stream('watch', {}, (item) => this.#takeWatch(item as WatchItem));
    this.#watch = watch;
    watch.done.then(
      () => this.#lose(client, 'the hub ended the stream'),
      (thrown) => {
        const { code, message } = shapeOf(thrown);
        // The connection went: `closed` is about to say why, in better words.
        if (code !== 'HUB_UNREACHABLE') this.#lose(client, message);
      },
    );
  }

  #takeWatch(item: WatchItem): void {
    const nowMs = this.#options.ports.clock.monotonicMs();
    if (item.type === 'hub') this.#options.feed(item);
    else if (item.type === 'team') this.#options.feed({ type: 'team', team: item.team, nowMs });
    else if (item.type === 'jobs' || item.type === 'inbox') this.#options.feed(item);
    else if (item.type === 'job') this.#options.feed({ type: 'jobs-changed', jobs: [item.job] });
  }

  #openLog(): void {
    const follow = this.#follow;
    if (follow === undefined || !this.#isLive || this.#isStopped) return;
    const { job } = follow;
    const isCurrent = () => this.#follow === follow;
    const stream = this.#client.stream('logs', { job, follow: true, since: 0 }, (item) => {
      if (isCurrent()) this.#takeLog(follow, item as LogItem);
    });
    follow.stream = stream;
    const end = (error: ErrorShape | undefined) => {
      // A lost connection is shown once, by the banner, and the log is opened again after it.
      const isLost = !this.#isLive || error?.code === 'HUB_UNREACHABLE';
      if (isCurrent() && !isLost) this.#options.feed({ type: 'log-ended', job, error });
    };
    stream.done.then(
      () => end(undefined),
      (thrown) => end(shapeOf(thrown)),
    );
  }

  #takeLog(follow: Follow, item: LogItem): void {
    const { buffer, feed } = this.#options;
    if (follow.attempt !== undefined && follow.attempt !== item.attempt) {
      buffer.note(`── attempt ${item.attempt} ──`);
    }
    follow.attempt = item.attempt;
    if ('gapBytes' in item) buffer.note(`── ${sizeText(item.gapBytes)} of output fell out here ──`);
    else buffer.append(item.stream, item.text);
    const { first, end, revision } = buffer;
    feed({ type: 'log', job: follow.job, first, end, revision });
  }

  #lose(client: HubClient, reason: string): void {
    if (this.#isStopped || !this.#isLive || client !== this.#client) return;
    this.#isLive = false;
    client.close();
    this.#tryAgain(reason, 0);
  }

  /** Tries for as long as the screen is up, a pause before each try. */
  #tryAgain(reason: string, tryCount: number): void {
    if (this.#isStopped) return;
    this.#options.send([{ type: 'link-gone', reason, tryCount }]);
    this.#cancelPause = this.#options.ports.timers.after(reconnectMs, () => {
      this.#options.reconnect().then(
        (client) => this.#comeBack(client),
        () => this.#tryAgain(reason, tryCount + 1),
      );
    });
  }

  #comeBack(client: HubClient): void {
    if (this.#isStopped) {
      client.close();
      return;
    }
    this.#adopt(client);
    this.#options.send([{ type: 'link-live' }]);
  }
}

function shapeOf(thrown: unknown): ErrorShape {
  const { code, message, hint } = wrapError(thrown, 'HUB_INTERNAL');
  return { code, message, hint };
}
