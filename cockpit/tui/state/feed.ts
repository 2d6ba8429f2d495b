/*
 * The screen's side of the hub: follows what happens, asks for what is wanted, comes back after a
 * loss.
 *
 *   live ──connection or watch ends──▶ gone ──pause, reconnect──▶ live
 *                                        └──refused──▶ gone
 *
 * Never blocks a key: everything asked of the hub is answered by an event, later or never.
 */
import { type ErrorShape, wrapError } from '../../../protocol/errors.ts';
import type { CancelTimer, Ports } from '../../../protocol/ports.ts';
import type { HubClient, HubStream } from '../../hub/client.ts';
import type { ArtifactRow, EventRow, WatchItem } from '../../verbs/shapes.ts';
import { reconnectMs } from '../limits.ts';
import type { CockpitEvent, Request } from './effects.ts';
import type { LogAsk } from './log-asks.ts';
import { LogFeed } from './log-feed.ts';
import type { FeedEvent } from './store.ts';

/** What a feed is opened with. `feed` is for what may wait for the next change, `send` for what not. */
export interface FeedOptions {
  readonly client: HubClient;
  readonly reconnect: () => Promise<HubClient>;
  /** Puts a file of a job on this box's disk; resolves with its place. */
  readonly fetch: FetchFile;
  readonly ports: Ports;
  readonly feed: (event: FeedEvent) => void;
  readonly send: (events: readonly CockpitEvent[]) => void;
}

/** Puts a file that a job brought on this box's disk; resolves with its place. */
export type FetchFile = (client: HubClient, file: ArtifactRow) => Promise<string>;

/** The feed of one screen: `start` once, `stop` as often as wanted. */
export class HubFeed {
  readonly #options: FeedOptions;
  readonly #logs: LogFeed;
  #client: HubClient;
  #watch: HubStream | undefined;
  #events: HubStream | undefined;
  #cancelPause: CancelTimer | undefined;
  #isLive = false;
  #isStopped = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#client = options.client;
    const { ports, feed, send } = options;
    this.#logs = new LogFeed({
      ports,
      feed,
      client: () => this.#client,
      isLive: () => this.#isLive && !this.#isStopped,
      send: (event) => send([event]),
    });
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
    this.#cancelPause?.();
    this.#watch?.cancel();
    this.#events?.cancel();
    this.#logs.close();
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

  /** Asks for something about logs; what came of it is told as events. */
  askLog(ask: LogAsk): void {
    this.#logs.ask(ask);
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
