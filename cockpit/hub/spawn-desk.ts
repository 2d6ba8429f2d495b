/*
 * The desk for spawned boxes: what is wanted of them, and the loop that keeps time for them.
 *
 * The loop sleeps until the next instant that a box, its time to live or a pool names; where nothing is spawned
 * and no pool is kept warm, it sleeps for ever. What follows from an event is decided by `manager/spawn-*`.
 * Errors: SPAWN_PROVIDER, SPAWN_FULL, SPAWN_CONFIG, WORKER_NAME, WORKER_NAME_TAKEN, STORE_*.
 */
import { AppError } from '../../protocol/errors.ts';
import type { PeerKey } from '../../protocol/model.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import type { Source } from '../fleet/spawn/maker.ts';
import { type FoundBox, formatTag, formatTagPrefix } from '../manager/spawn-box.ts';
import { countBoxes, listPooled } from '../manager/spawn-pool.ts';
import type { SpawnEffect, SpawnEvent, SpawnRecord } from '../manager/spawn-state.ts';
import { describeUnlanded, listUnlanded, type WorkFact } from '../manager/unlanded.ts';
import type { Feed } from './feed.ts';
import type { Answered } from './inbox.ts';
import type { Ledger } from './ledger.ts';
import { SpawnBook } from './spawn-book.ts';
import { planNames } from './spawn-names.ts';
import { paceOf } from './spawn-pace.ts';
import { SpawnPatrol } from './spawn-patrol.ts';
import { SpawnWork } from './spawn-work.ts';
import type { WorkerDesk } from './worker-desk.ts';

/** What the desk needs. */
export interface SpawnDeskParts {
  readonly ledger: Ledger;
  readonly workers: WorkerDesk;
  readonly ports: Ports;
  readonly hubKey: PeerKey;
  readonly feed: Pick<Feed, 'follow'>;
  readonly sources: ReadonlyMap<string, Source>;
  /** Makes a code whose bearer gets this name. */
  readonly invite: (name: string, ttlMs: number) => Promise<string>;
  /** What was not used opens no door any more. */
  readonly withdraw: (code: string) => Promise<void>;
  readonly isLinked: (worker: PeerKey) => boolean;
  readonly countHeld: (worker: PeerKey) => number;
  /** What of its work may not have landed; `since` is a wall instant. */
  readonly readWork: (worker: PeerKey, since: number) => Promise<readonly WorkFact[]>;
  readonly revoke: (worker: PeerKey, why: 'released' | 'vanished') => Promise<void>;
  /** A box has its worker: what else is kept of it is written. */
  readonly noteReady: (record: SpawnRecord, worker: PeerKey) => Promise<void>;
  readonly failed: (error: unknown) => void;
  readonly noticed: (line: string) => void;
}

/** A box that nobody here knows. */
export type Stray = FoundBox & { readonly provider: string };

/** What is wanted of a provider. */
export interface SpawnOrder {
  readonly provider: string;
  readonly count: number;
  readonly ttlMs?: number | undefined;
  readonly name?: string | undefined;
}

/** Life cycle: `open` reads the rows back, `start` begins to act, `stop`; all safe to repeat. */
export class SpawnDesk {
  readonly #parts: SpawnDeskParts;
  readonly #book: SpawnBook;
  readonly #work: SpawnWork;
  readonly #patrol: SpawnPatrol;
  /** Ready boxes whose agents were linked when last looked. */
  readonly #linked = new Set<string>();
  readonly #followers = new Set<(record: SpawnRecord) => void>();
  #cancelTimer: CancelTimer | undefined;
  #unfollow: (() => void) | undefined;
  #ticking: Promise<void> | undefined;
  #isStarted = false;
  #isStopped = false;

  constructor(parts: SpawnDeskParts) {
    this.#parts = parts;
    const { ledger, ports, sources, workers } = parts;
    const findWorker = (record: SpawnRecord) => {
      const { worker: key, name, askedAt } = record;
      const worker = key === undefined ? workers.findByName(name) : workers.find(key);
      // Who had the name before the box was heard of here is somebody else.
      const isOther = key === undefined && worker !== undefined && worker.pairedAt < askedAt;
      return worker === undefined || worker.revokedAt !== null || isOther ? undefined : worker.key;
    };
    this.#book = new SpawnBook({
      ledger,
      ports,
      paceOf: (name) => paceOf(sources.get(name)?.provider),
      findWorker,
      revoke: async (record, why) => {
        const worker = findWorker(record);
        if (worker !== undefined) await parts.revoke(worker, why);
      },
    });
    this.#work = new SpawnWork({
      ...parts,
      list: () => this.#book.list(),
      isStopped: () => this.#isStopped,
      happened: (name, event) => void this.#happened(name, event),
      stepped: (name) => this.#tellStep(name),
    });
    this.#patrol = new SpawnPatrol({
      ...parts,
      book: this.#book,
      listTakenNames: () => this.#listTakenNames(),
      isTrusted: this.#isTrusted,
      draw: (name, provider) => this.#draw(name, { ttlMs: provider.ttl, provider }),
      readWork: (record) => this.readWork(record),
      happened: (name, event) => this.#happened(name, event),
      planned: () => this.#plan(),
    });
  }

  get sources(): ReadonlyMap<string, Source> {
    return this.#parts.sources;
  }

  open(): Promise<void> {
    return this.#book.open();
  }

  /** What was under way when the hub ended is settled; pools are filled. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#unfollow = this.#parts.feed.follow(({ type }) => {
      if (type === 'team' && this.#book.list().length > 0) this.#noteTeam();
    });
    for (const { name } of this.#book.list()) void this.#happened(name, { type: 'restarted' });
    this.#plan();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#unfollow?.();
  }

  /** All that are not over, oldest first. */
  list(): readonly SpawnRecord[] {
    return this.#book.list();
  }

  /** By its own name, or by that which its worker has now. */
  find(name: string): SpawnRecord | undefined {
    const worker = this.#parts.workers.findByName(name);
    const borne = worker === undefined ? undefined : this.findByWorker(worker.key);
    return borne ?? this.#book.find(name);
  }

  /** The box on which this worker is. */
  findByWorker(worker: PeerKey): SpawnRecord | undefined {
    return this.#book.findByWorker(worker);
  }

  /** Tells of every box that changes, until the answer is called. One that is over is told of once more. */
  follow(run: (record: SpawnRecord) => void): () => void {
    this.#followers.add(run);
    return () => this.#followers.delete(run);
  }

  /** What is being done on it at this moment, in words. */
  findStep(name: string): string | undefined {
    return this.#work.findStep(name);
  }

  /** Why a provider's list cannot be read now; undefined where it can. */
  findUnread(provider: string): string | undefined {
    return this.#work.findUnread(provider);
  }

  /** How filling this provider's pool goes. */
  pool(provider: string) {
    return this.#book.pool(provider);
  }

  /** A provider of this name. Errors: SPAWN_PROVIDER. */
  getSource(name: string): Source {
    const source = this.#parts.sources.get(name);
    if (source !== undefined) return source;
    const names = [...this.#parts.sources.keys()].join(', ');
    throw new AppError('SPAWN_PROVIDER', `There is no provider "${name}" (there are ${names}).`);
  }

  /** Boxes as they would be given: ready ones of the pool, and the rest as it would be made. Nothing is done. Errors: as in the header. */
  plan(order: SpawnOrder): readonly SpawnRecord[] {
    const { provider, maker } = this.getSource(order.provider);
    const ttlMs = order.ttlMs ?? provider.ttl;
    const boxes = this.#boxesOf(provider.name);
    // Of a worker that was revoked, or left its box, nobody has any use.
    const ready = order.name === undefined ? listPooled(boxes).filter(this.#isTrusted) : [];
    const pooled = ready.slice(0, order.count);
    const names = { ...order, count: order.count - pooled.length, taken: this.#listTakenNames() };
    const made = planNames(names).map((name) => this.#draw(name, { ttlMs, provider }));
    const room = Math.max(0, provider.max - countBoxes(boxes));
    if (made.length > room) {
      const detail = `${provider.name} may have ${provider.max} boxes, and room for ${room}.`;
      throw new AppError('SPAWN_FULL', detail);
    }
    for (const record of made) maker.describe(orderOf(record));
    return [...pooled, ...made];
  }

  /** Gives and makes them. On disk when it resolves. */
  async spawn(order: SpawnOrder): Promise<readonly SpawnRecord[]> {
    const ttlMs = order.ttlMs ?? this.getSource(order.provider).provider.ttl;
    // All of it in one turn: what is refused takes nothing out of the pool, and nobody else gets one of these.
    const planned = this.plan(order);
    const made = planned.filter(({ isPooled }) => !isPooled);
    const claims = planned.flatMap((record) =>
      record.isPooled ? [this.#book.claim(record, ttlMs)] : [],
    );
    const added = made.length > 0 ? this.#book.add(made) : undefined;
    const claimed = await Promise.all(claims);
    await added;
    this.#plan();
    return [...claimed, ...made];
  }

  /** Begins to let a box go; what may be lost with it was asked about before. */
  async release(name: string, why: string): Promise<void> {
    await this.#happened(name, { type: 'release', why });
  }

  /** What of the work on a box would be lost with it. */
  async readWork(record: SpawnRecord): Promise<readonly WorkFact[]> {
    const { workers } = this.#parts;
    const key = record.worker;
    const worker = key === undefined ? workers.findByName(record.name) : workers.find(key);
    if (worker === undefined || worker.revokedAt !== null) return [];
    return this.#parts.readWork(worker.key, Math.min(record.askedAt, worker.pairedAt));
  }

  /** The M2's word about a box or a pool. Errors: BOX_UNLANDED, for a box that is not to be given up unnamed. */
  async decide(answered: Answered): Promise<void> {
    const { decision, answer } = answered;
    if (decision.kind !== 'spawn') throw new Error('invariant broken: it is about a box');
    const { box, provider } = decision;
    if (box === undefined) await this.#book.decidePool(provider, answered);
    else {
      const type = answer.as === 'approve' ? 'again' : 'give-up';
      if (type === 'give-up') await this.#refuseLoss(box);
      await this.#happened(box, { type }, answered);
    }
    this.#plan();
  }

  /** Of one that is on its way out it was asked before. */
  async #refuseLoss(name: string): Promise<void> {
    const record = this.#book.find(name);
    if (record?.state.is !== 'stuck' || record.state.at === 'leave') return;
    const lost = listUnlanded(await this.readWork(record));
    if (lost.length === 0) return;
    const detail = `Work would be lost. ${name}: ${describeUnlanded(lost)}.`;
    throw new AppError('BOX_UNLANDED', detail);
  }

  /** Names that workers have or had, or are promised. */
  #listTakenNames(): ReadonlySet<string> {
    const { workers } = this.#parts;
    return new Set([...workers.listTakenNames(), ...workers.listPromisedNames()]);
  }

  /** Tries again what failed of a box, as if the M2 had said so. */
  async tryAgain(name: string): Promise<void> {
    await this.#happened(name, { type: 'again' });
  }

  /** Fills a pool again that was given up. */
  async resumePool(provider: string): Promise<void> {
    await this.#book.resumePool(provider);
    this.#plan();
  }

  /** Boxes of ours that a provider in use has and we know nothing of; who cannot be asked has none. */
  async listStrays(): Promise<readonly Stray[]> {
    const inUse = [...this.#parts.sources.values()].filter(
      ({ provider }) => provider.kind !== 'command' || this.#boxesOf(provider.name).length > 0,
    );
    const lists = inUse.map(async ({ provider: { name } }) => {
      const found = await this.#work.list(name).catch(() => []);
      const known = new Set(this.#book.list().map(({ tag }) => tag));
      return found
        .filter(({ tag, state }) => state !== 'gone' && !known.has(tag))
        .map((box) => ({ ...box, provider: name }));
    });
    return (await Promise.all(lists)).flat();
  }

  /** Puts a stray among the boxes; the M2 is asked what becomes of it. */
  async adopt({ provider, tag, id, address }: Stray): Promise<void> {
    const wished = tag.slice(formatTagPrefix(this.#parts.hubKey).length);
    if (this.#book.find(wished) !== undefined) return;
    const box = { id, ...(address === undefined ? {} : { address }) };
    const reason = 'Its provider has it, and this hub knew nothing of it.';
    const state = { is: 'stuck', at: 'enter', box, reason } as const;
    const now = this.#wallMs();
    const record = { name: wished, provider, tag, askedAt: now, spawnedAt: now, isPooled: false };
    await this.#book.adopt({ ...record, state });
  }

  readonly #isTrusted = ({ worker = '' }: SpawnRecord): boolean =>
    this.#parts.workers.find(worker)?.revokedAt === null;

  #boxesOf(provider: string): readonly SpawnRecord[] {
    return this.#book.list().filter((record) => record.provider === provider);
  }

  #draw(
    name: string,
    { ttlMs, provider }: { ttlMs: number | undefined; provider: Source['provider'] },
  ): SpawnRecord {
    return {
      ...{ name, provider: provider.name, tag: formatTag(this.#parts.hubKey, name) },
      ...{ askedAt: this.#wallMs(), spawnedAt: null, isPooled: false, state: { is: 'asked' } },
      ...(ttlMs === undefined ? {} : { ttlMs }),
    };
  }

  /** Takes an event and begins what follows from it. Never rejects. */
  async #happened(name: string, event: SpawnEvent, answered?: Answered): Promise<void> {
    if (this.#isStopped) return;
    try {
      const taken = await this.#book.step(name, event, answered);
      if (taken === undefined) return;
      const { record, effects } = taken;
      for (const run of this.#followers) run(record);
      if (record.state.is === 'ready' && event.type === 'entered') {
        this.#linked.add(name);
        await this.#parts.noteReady(record, record.state.worker);
        // Whoever went while this was written down was heard by nobody.
        this.#noteTeam();
      }
      for (const effect of effects) this.#begin(record, effect);
      this.#plan();
    } catch (error) {
      this.#parts.failed(error);
    }
  }

  #tellStep(name: string): void {
    const record = this.#book.find(name);
    if (record === undefined) return;
    for (const run of this.#followers) run(record);
  }

  #begin(record: SpawnRecord, effect: SpawnEffect): void {
    if (this.#isStopped) return;
    const { state } = record;
    const box = 'box' in state ? state.box : null;
    if (effect.do === 'up') void this.#work.up(record);
    if (effect.do === 'look') void this.#work.look(record.provider);
    if (box === null) return;
    if (effect.do === 'enter') void this.#work.enter(record, box);
    if (effect.do === 'leave') void this.#work.leave(record, box);
    if (effect.do === 'down') void this.#work.down(record, box);
  }

  /** Whose agent has gone is looked for at once. */
  #noteTeam(): void {
    for (const { name, state } of this.#book.list()) {
      if (state.is !== 'ready') continue;
      if (this.#parts.isLinked(state.worker)) this.#linked.add(name);
      else if (this.#linked.delete(name)) void this.#happened(name, { type: 'silent' });
    }
  }

  /** Sleeps until the next instant at which something is due. */
  #plan(): void {
    this.#cancelTimer?.();
    if (!this.#isStarted || this.#isStopped) return;
    const dueMs = Math.min(...this.#patrol.listDues());
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const { clock, timers } = this.#parts.ports;
    this.#cancelTimer = timers.after(Math.max(0, dueMs - clock.monotonicMs()), () => this.#wake());
  }

  #wake(): void {
    if (this.#ticking !== undefined) return;
    this.#ticking = this.#patrol
      .tick()
      .catch((error: unknown) => this.#parts.failed(error))
      .finally(() => {
        this.#ticking = undefined;
        this.#plan();
      });
  }

  #wallMs(): number {
    return Math.round(this.#parts.ports.clock.wallMs());
  }
}

/** The order as its provider gets it. */
export function orderOf({ name, tag, askedAt: madeAt, ttlMs }: SpawnRecord) {
  return { name, tag, madeAt, others: [], ...(ttlMs === undefined ? {} : { ttlMs }) };
}
