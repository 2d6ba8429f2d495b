/*
 * Holds the state between events, and paces how often the screen changes.
 *
 * Keys are applied at once; what the hub says is collected and applied at most every 34 ms as one
 * change. Of what is collected only the newest of each kind is kept, so that a chatty hub can't
 * make it grow. The only file that knows zustand.
 */
import { createStore } from 'zustand/vanilla';
import { wrapError } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../../protocol/ports.ts';
import type { EventRow, JobRow } from '../../verbs/shapes.ts';
import { ageTickMs, commitMsMin, eventsHeldMax, toastMs } from '../limits.ts';
import type { CockpitEvent, Effect, Update } from './effects.ts';
import { joinCount, joinGrowth } from './log-feed.ts';
import type { State } from './model.ts';
import { warn } from './toast.ts';
import { isAgeing, update } from './update.ts';

/** What the hub says, to be applied with the next change. */
export type FeedEvent = Extract<
  CockpitEvent,
  {
    type:
      | 'hub'
      | 'hubs'
      | 'team'
      | 'team-changed'
      | 'jobs'
      | 'jobs-changed'
      | 'inbox'
      | 'log-grown'
      | 'log-count'
      | 'log-ended'
      | 'events';
  }
>;

/** What the store leaves to others; timers are its own. */
export type WorldEffect = Exclude<Effect, { type: 'expire-toast' }>;

/** What a store is opened with. */
export interface StoreOptions {
  readonly ports: Ports;
  readonly initial: State;
  readonly perform: (effect: WorldEffect) => void;
}

/** The state, and the two ways in. Open it once; after `close` nothing changes any more. */
export class CockpitStore {
  readonly #options: StoreOptions;
  readonly #store;
  readonly #pending = new Map<string, FeedEvent>();
  readonly #changed = new Map<JobId, JobRow>();
  #events: readonly EventRow[] = [];
  #later: CockpitEvent[] = [];
  #committedAt = Number.NEGATIVE_INFINITY;
  #cancelCommit: CancelTimer | undefined;
  #cancelTick: CancelTimer | undefined;
  #cancelToast: CancelTimer | undefined;
  #isClosed = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#store = createStore<State>(() => options.initial);
  }

  readonly getState = (): State => this.#store.getState();

  readonly subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener);

  /** Applies events at once, as one change. Feed events that wait come first: they are older. */
  readonly send = (events: readonly CockpitEvent[]): void => {
    if (this.#isClosed || events.length === 0) return;
    const effects: Effect[] = [];
    const before = this.getState();
    let state = before;
    for (const event of [...this.#takePending(), ...events]) {
      const next = take(state, event);
      state = next.state;
      effects.push(...next.effects);
    }
    if (state !== before) this.#store.setState(state, true);
    for (const effect of effects) this.#perform(effect);
    this.#armTick();
  };

  /** Takes what the hub says; it shows within 34 ms. */
  readonly feed = (event: FeedEvent): void => {
    if (this.#isClosed) return;
    if (event.type === 'jobs-changed') {
      for (const job of event.jobs) this.#changed.set(job.id, job);
    } else if (event.type === 'events') {
      // A reader's window holds no more either; what falls out here is read again when it is wanted.
      this.#events = [...this.#events, ...event.rows].slice(-eventsHeldMax);
    } else {
      if (event.type === 'jobs') this.#changed.clear();
      if (event.type === 'team') this.#pending.delete('team-changed');
      this.#pending.set(event.type, joinPending(this.#pending.get(event.type), event));
    }
    this.#armCommit();
  };

  /** Takes an answer that nobody waits for, one of many; it shows within 34 ms. Each counts. */
  readonly later = (event: CockpitEvent): void => {
    if (this.#isClosed) return;
    this.#later.push(event);
    this.#armCommit();
  };

  /** Stops all timers. Safe to repeat. */
  close(): void {
    this.#isClosed = true;
    this.#cancelCommit?.();
    this.#cancelTick?.();
    this.#cancelToast?.();
  }

  /** A closed log follows its lines, and changed jobs follow the list they change. */
  #takePending(): readonly CockpitEvent[] {
    this.#cancelCommit?.();
    this.#cancelCommit = undefined;
    const order = [
      'hubs',
      'hub',
      'team',
      'team-changed',
      'jobs',
      'inbox',
      'log-grown',
      'log-count',
      'log-ended',
    ] as const;
    const events: CockpitEvent[] = order.flatMap((type) => this.#pending.get(type) ?? []);
    if (this.#changed.size > 0)
      events.push({ type: 'jobs-changed', jobs: [...this.#changed.values()] });
    if (this.#events.length > 0) events.push({ type: 'events', rows: this.#events });
    events.push(...this.#later);
    this.#later = [];
    this.#events = [];
    this.#pending.clear();
    this.#changed.clear();
    this.#committedAt = this.#options.ports.clock.monotonicMs();
    return events;
  }

  #perform(effect: Effect): void {
    if (effect.type !== 'expire-toast') return this.#options.perform(effect);
    // One toast at a time: the timer of the one before has nothing left to do.
    this.#cancelToast?.();
    this.#cancelToast = this.#options.ports.timers.after(toastMs, () => {
      this.send([{ type: 'toast-expired', id: effect.id }]);
    });
  }

  #armCommit(): void {
    if (this.#cancelCommit !== undefined) return;
    const { clock, timers } = this.#options.ports;
    const wait = Math.max(0, this.#committedAt + commitMsMin - clock.monotonicMs());
    this.#cancelCommit = timers.after(wait, () => {
      this.#cancelCommit = undefined;
      this.#commit();
    });
  }

  #commit(): void {
    const [first, ...rest] = this.#takePending();
    if (first !== undefined) this.send([first, ...rest]);
  }

  /** Looks at the ages once a second, and only while there are any. */
  #armTick(): void {
    if (this.#cancelTick !== undefined || !isAgeing(this.getState())) return;
    const { clock, timers } = this.#options.ports;
    this.#cancelTick = timers.after(ageTickMs, () => {
      this.#cancelTick = undefined;
      this.send([{ type: 'tick', nowMs: clock.monotonicMs(), wallMs: clock.wallMs() }]);
      this.#armTick();
    });
  }
}

/** The newest of each kind is enough, but for lines and hits, which add up. */
function joinPending(waiting: FeedEvent | undefined, event: FeedEvent): FeedEvent {
  if (waiting?.type === 'log-grown' && event.type === 'log-grown')
    return joinGrowth(waiting, event);
  if (waiting?.type === 'team-changed' && event.type === 'team-changed') {
    const rows = [...waiting.team, ...event.team].map((row) => [row.key, row] as const);
    return { ...event, team: [...new Map(rows).values()] };
  }
  if (waiting?.type === 'log-count' && event.type === 'log-count') return joinCount(waiting, event);
  return event;
}

/**
 * What an event makes of the state. What hubs say is trusted to have the shape that it is declared to
 * have; one of another version may break that, and then the screen says so and stays.
 */
function take(state: State, event: CockpitEvent): Update {
  try {
    return update(state, event);
  } catch (thrown) {
    const { message } = wrapError(thrown, 'HUB_INTERNAL');
    return warn(state, `the screen could not take a word of the hub (${event.type}): ${message}`);
  }
}
