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
  /** A connection to the first of the views. */
  readonly client: HubClient;
  readonly views: readonly HubView[];
  /** Puts a file of a job on this box's disk; resolves with its place. */
  readonly fetch: FetchFile;
  readonly ports: Ports;
  readonly feed: (event: FeedEvent) => void;
  /** For answers of which many come at once, and none may be left out. */
  readonly later: (event: CockpitEvent) => void;
  readonly send: (events: readonly CockpitEvent[]) => void;
}

/** Something that can be looked into: a hub, or several as one. */
export interface HubView {
  /** Empty where there is only the home's own hub. */
  readonly name: string;
  /** Makes a connection, also after one was lost; called again after a second when it fails. */
  readonly connect: () => Promise<HubClient>;
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
  /** Which view is looked into. Whoever asked of another hears no more. */
  #view: HubView | undefined;
  #isLive = false;
  #isStopped = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#view = options.views[0];
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
    this.#letGo();
  }

  /** Looks into another view: what was open in the one before ends, and what it still says is dropped. */
  lookInto(at: number): void {
    this.#isLive = false;
    this.#letGo();
    this.#view = this.#options.views[at];
    this.#connect((thrown) => this.#tryAgain(shapeOf(thrown).message, 0));
  }

  #letGo(): void {
    this.#cancelPause?.();
    this.#watch?.cancel();
    this.#events?.cancel();
    this.#logs.close();
    this.#client.close();
  }

  /** Asks the hub for a verb; what came of it is sent as an event. */
  request(request: Request): void {
    const { purpose } = request;
    const view = this.#view;
    // Every worker of thousands is diagnosed: that many frames would be too many.
    const isOneOfMany = purpose.for === 'doctor' && purpose.does === 'look';
    const answer = (event: CockpitEvent) => {
      if (this.#view !== view) return;
      if (isOneOfMany) this.#options.later(event);
      else this.#options.send([event]);
    };
    const asked =
      purpose.for === 'fetch'
        ? this.#options.fetch(this.#client, purpose.file)
        : purpose.for === 'line' && purpose.tells === true
          ? this.#client.stream(request.verb, request.args, (item) =>
              answer({ type: 'told', request, item }),
            ).done
          : this.#client.call(request.verb, request.args);
    asked.then(
      (value) => answer({ type: 'reply', request, value }),
      (thrown) => answer({ type: 'refused', request, error: shapeOf(thrown) }),
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
    const watch = client.stream('watch', { changes: true }, (item) =>
      this.#takeWatch(item as WatchItem),
    );
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
    if (item.type === 'hub' || item.type === 'hubs') this.#options.feed(item);
    else if (item.type === 'team') this.#options.feed({ type: 'team', team: item.team, nowMs });
    else if (item.type === 'team-changed')
      this.#options.feed({ type: 'team-changed', team: item.team, nowMs });
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
      this.#connect(() => this.#tryAgain(reason, tryCount + 1));
    });
  }

  /** A connection that comes when another view was chosen, or none is wanted any more, is closed. */
  #connect(failed: (thrown: unknown) => void): void {
    const view = this.#view;
    const isWanted = () => !this.#isStopped && this.#view === view;
    view?.connect().then(
      (client) => {
        if (!isWanted()) return client.close();
        this.#adopt(client);
        this.#options.send([{ type: 'link-live' }]);
      },
      (thrown) => {
        if (isWanted()) failed(thrown);
      },
    );
  }
}

function shapeOf(thrown: unknown): ErrorShape {
  const { code, message, hint } = wrapError(thrown, 'HUB_INTERNAL');
  return { code, message, hint };
}
