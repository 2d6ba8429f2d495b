/*
 * The rows of spawned boxes and of warm pools, and their steps: each one batch.
 *
 * A box's state, the events that tell of it, what the M2 is asked about it and the tally of its pool go to disk
 * together. Memory steps first, so that two events of one box are taken one after the other. Instants of states
 * are this process's own: a step that moves only those is not written. Errors: STORE_*.
 */
import type { PeerKey } from '../../protocol/model.ts';
import type { Ports } from '../../protocol/ports.ts';
import { poolKey, prefixRange, spawnKey } from '../../store/keys.ts';
import { planRow, readRow } from '../../store/row-codec.ts';
import { spawnRowsMax } from '../fleet/spawn/limits.ts';
import { findSpawnQuestion, isSpawnStaying, stepSpawn } from '../manager/spawn-machine.ts';
import { failPool, freshPool } from '../manager/spawn-pool.ts';
import {
  type PoolRecord,
  poolRowSchema,
  type SpawnEffect,
  type SpawnEvent,
  type SpawnMoment,
  type SpawnPace,
  type SpawnRecord,
  type SpawnState,
  spawnRowSchema,
} from '../manager/spawn-state.ts';
import { type Answered, closeDecision, findSpawnDecision, openSpawnDecision } from './inbox.ts';
import type { Ledger } from './ledger.ts';
import type { Scene } from './transitions.ts';

/** Letters of a reason that an event keeps; the decision has all of it. */
const noteLettersMax = 160;

/** What the book needs. */
export interface SpawnBookParts {
  readonly ledger: Ledger;
  readonly ports: Ports;
  readonly paceOf: (provider: string) => SpawnPace;
  /** The trusted worker on this box. */
  readonly findWorker: (record: SpawnRecord) => PeerKey | undefined;
  /** Ends the trust in the worker on this box, if there is one. */
  readonly revoke: (record: SpawnRecord, why: 'released' | 'vanished') => Promise<void>;
}

/** What a step asks for, now that it is on disk. */
export interface StepTaken {
  readonly before: SpawnState;
  readonly record: SpawnRecord;
  readonly effects: readonly SpawnEffect[];
}

/** Life cycle: `open` reads the rows back; it lives as long as the store. */
export class SpawnBook {
  readonly #parts: SpawnBookParts;
  readonly #boxes = new Map<string, SpawnRecord>();
  readonly #pools = new Map<string, PoolRecord>();
  /** The names of boxes by their workers. */
  readonly #names = new Map<PeerKey, string>();

  constructor(parts: SpawnBookParts) {
    this.#parts = parts;
  }

  async open(): Promise<void> {
    const { kv, state } = this.#parts.ledger;
    const all = { countMax: spawnRowsMax, order: 'ascending' } as const;
    for (const row of await kv.range({ ...prefixRange('s/'), ...all })) {
      const record = readRow(spawnRowSchema, row);
      this.#boxes.set(record.name, record);
      if (record.worker !== undefined) this.#names.set(record.worker, record.name);
      state.promisedNames.add(record.name);
      this.#markLeaving(record);
    }
    for (const row of await kv.range({ ...prefixRange('sp/'), ...all })) {
      const pool = readRow(poolRowSchema, row);
      this.#pools.set(pool.provider, pool);
    }
  }

  /** All that are not over, oldest first. */
  list(): readonly SpawnRecord[] {
    return [...this.#boxes.values()].sort((a, b) => a.askedAt - b.askedAt);
  }

  find(name: string): SpawnRecord | undefined {
    return this.#boxes.get(name);
  }

  /** The box on which this worker is. Asked for each row of a team, so it is one look-up. */
  findByWorker(worker: PeerKey): SpawnRecord | undefined {
    const name = this.#names.get(worker);
    return name === undefined ? undefined : this.#boxes.get(name);
  }

  /** How filling this provider's pool goes. */
  pool(provider: string): PoolRecord {
    return this.#pools.get(provider) ?? freshPool(provider);
  }

  /** Writes down boxes that are wanted, before anything is done about them. */
  async add(records: readonly SpawnRecord[]): Promise<void> {
    const scene = this.#parts.ledger.open();
    for (const record of records) {
      this.#keep(scene, record);
      tell(scene, record, { kind: 'box-asked', note: record.isPooled ? 'for the pool' : '' });
    }
    await this.#commit(scene);
  }

  /** Takes in a box that is there already; what it is stuck at is asked about. */
  async adopt(record: SpawnRecord): Promise<void> {
    const scene = this.#parts.ledger.open();
    this.#keep(scene, record);
    tell(scene, record, { kind: 'box-made', note: 'found' });
    this.#ask(scene, { before: { is: 'asked' }, next: record, answered: undefined });
    await this.#commit(scene);
  }

  /** A pool that was given up is filled again. */
  async resumePool(provider: string): Promise<void> {
    const scene = this.#parts.ledger.open();
    this.#keepPool(scene, freshPool(provider));
    await this.#commit(scene);
  }

  /** Gives a box of the pool to who asked for one. */
  async claim(record: SpawnRecord, ttlMs: number | undefined): Promise<SpawnRecord> {
    const { ttlMs: _old, ...rest } = record;
    const ttl = ttlMs === undefined ? {} : { ttlMs };
    // Its time counts from now: what it waited for was nobody's use.
    const claimed: SpawnRecord = { ...rest, isPooled: false, readyAt: this.#wallMs(), ...ttl };
    const scene = this.#parts.ledger.open();
    this.#keep(scene, claimed);
    tell(scene, claimed, { kind: 'box-claimed', note: 'from the pool' });
    await this.#commit(scene);
    return claimed;
  }

  /** An event about a box that changes nothing of it. */
  async note(record: SpawnRecord, kind: string, note: string): Promise<void> {
    const scene = this.#parts.ledger.open();
    tell(scene, record, { kind, note });
    await this.#commit(scene);
  }

  /** Takes one event; undefined where it changes nothing. */
  async step(name: string, event: SpawnEvent, answered?: Answered): Promise<StepTaken | undefined> {
    const record = this.#boxes.get(name);
    if (record === undefined) return undefined;
    const { state, effects } = stepSpawn(record.state, event, this.#momentOf(record));
    if (state === record.state && effects.length === 0 && answered === undefined) return undefined;
    const isBegun = effects.some((effect) => effect.do === 'up');
    const spawnedAt = isBegun ? this.#wallMs() : record.spawnedAt;
    const readyAt = record.readyAt ?? this.#wallMs();
    const seen = state.is === 'ready' ? { worker: state.worker, readyAt } : {};
    const next: SpawnRecord = { ...record, state, spawnedAt, ...seen };
    // Memory first: another event may come while the disk is waited for.
    this.#boxes.set(name, next);
    if (next.worker !== undefined) this.#names.set(next.worker, name);
    if (state.is === 'over') {
      this.#boxes.delete(name);
      if (next.worker !== undefined) this.#names.delete(next.worker);
    }
    for (const effect of effects) {
      if (effect.do === 'revoke') await this.#parts.revoke(next, effect.why);
    }
    await this.#write(record, next, { effects, answered });
    return { before: record.state, record: next, effects };
  }

  /** The M2's word about a pool. */
  async decidePool(provider: string, answered: Answered): Promise<void> {
    const isOn = answered.answer.as !== 'reject';
    const scene = this.#parts.ledger.open();
    closeDecision(scene, answered);
    const known = this.pool(provider);
    this.#keepPool(scene, isOn ? freshPool(provider) : { ...known, is: 'off' });
    await this.#commit(scene);
  }

  async #write(
    before: SpawnRecord,
    next: SpawnRecord,
    {
      effects,
      answered,
    }: { readonly effects: readonly SpawnEffect[]; readonly answered: Answered | undefined },
  ): Promise<void> {
    const scene = this.#parts.ledger.open();
    if (!isSameOnDisk(before, next)) this.#keep(scene, next);
    for (const effect of effects) if (effect.do === 'tell') tell(scene, next, effect);
    this.#ask(scene, { before: before.state, next, answered });
    if (next.isPooled) this.#tally(scene, before.state, next);
    await this.#commit(scene);
  }

  #keep(scene: Scene, record: SpawnRecord): void {
    const { state } = scene;
    const key = spawnKey(record.name);
    const isOver = record.state.is === 'over';
    if (isOver) {
      this.#boxes.delete(record.name);
      state.promisedNames.delete(record.name);
    } else {
      this.#boxes.set(record.name, record);
      state.promisedNames.add(record.name);
    }
    scene.change.ops.push(isOver ? { type: 'del', key } : planRow(key, record));
    scene.change.isTeamChanged = true;
    this.#markLeaving(record);
  }

  /** Nothing more is given to a worker whose box is on its way out. */
  #markLeaving(record: SpawnRecord): void {
    const worker = record.worker ?? this.#parts.findWorker(record);
    if (worker === undefined) return;
    const { leaving } = this.#parts.ledger.state;
    const { state } = record;
    if (isSpawnStaying(state) || state.is === 'over') leaving.delete(worker);
    else leaving.add(worker);
  }

  #ask(
    scene: Scene,
    {
      before,
      next,
      answered,
    }: { before: SpawnState; next: SpawnRecord; answered: Answered | undefined },
  ): void {
    const { provider, name: box, state } = next;
    if (answered !== undefined) closeDecision(scene, answered);
    const reason = findSpawnQuestion(state);
    if (
      reason !== undefined &&
      (findSpawnQuestion(before) === undefined || answered !== undefined)
    ) {
      const id = 'box' in state ? state.box?.id : undefined;
      const there = id === undefined ? {} : { boxId: id };
      openSpawnDecision(scene, { kind: 'spawn', provider, box, reason, ...there });
    }
    if (reason !== undefined || findSpawnQuestion(before) === undefined) return;
    const asked = findSpawnDecision(scene, { provider, box });
    if (asked !== undefined) closeDecision(scene, { decision: asked, answer: { as: 'moot' } });
  }

  /** A box of the pool that came to nothing makes the pool wait; one that came up makes all well. */
  #tally(scene: Scene, before: SpawnState, { provider, state }: SpawnRecord): void {
    const known = this.pool(provider);
    if (state.is === 'ready' && before.is === 'entering' && this.#pools.has(provider)) {
      this.#keepPool(scene, freshPool(provider));
    }
    if (!hasFailed(state) || hasFailed(before)) return;
    const reason = state.is === 'over' ? state.reason : state.why;
    const roll = this.#parts.ports.random.fraction();
    const pool = failPool(known, { reason, wallMs: this.#wallMs(), roll });
    this.#keepPool(scene, pool);
    if (pool.is === 'asked' && known.is === 'on') {
      openSpawnDecision(scene, { kind: 'spawn', provider, reason });
    }
  }

  #keepPool(scene: Scene, pool: PoolRecord): void {
    const isFresh = pool.is === 'on' && pool.failureCount === 0;
    const key = poolKey(pool.provider);
    if (isFresh) this.#pools.delete(pool.provider);
    else this.#pools.set(pool.provider, pool);
    scene.change.ops.push(isFresh ? { type: 'del', key } : planRow(key, pool));
    const { provider } = pool;
    const asked = findSpawnDecision(scene, { provider });
    if (asked !== undefined && pool.is !== 'asked') {
      closeDecision(scene, { decision: asked, answer: { as: 'moot' } });
    }
  }

  #momentOf({ provider, isPooled, worker, spawnedAt }: SpawnRecord): SpawnMoment {
    const { ports, paceOf } = this.#parts;
    const pace = paceOf(provider);
    const makingMs = (spawnedAt ?? 0) + pace.makeMs - this.#wallMs();
    return {
      ...{ nowMs: ports.clock.monotonicMs(), roll: ports.random.fraction(), pace },
      // One that was ready may have had work, which nobody but the M2 gives up.
      isPooled: isPooled && worker === undefined,
      makingLeftMs: Math.min(Math.max(0, makingMs), pace.makeMs),
    };
  }

  #wallMs(): number {
    return Math.round(this.#parts.ports.clock.wallMs());
  }

  #commit({ change }: Scene): Promise<void> {
    return this.#parts.ledger.commit(change);
  }
}

/** The note of an event: the box, its provider, and what there is to say. */
function tell(
  scene: Scene,
  { name, provider }: SpawnRecord,
  { kind, note }: { readonly kind: string; readonly note: string },
): void {
  const said = note.replace(/\s+/g, ' ').slice(0, noteLettersMax);
  scene.change.note({ kind, note: `${name} ${provider} ${said}`.trim() });
}

/** Is it on its way out because making it came to nothing? */
function hasFailed(
  state: SpawnState,
): state is Extract<SpawnState, { readonly is: 'leaving' | 'ending' | 'over' }> {
  return 'as' in state && state.as === 'failed';
}

/** Do they differ in instants and tallies of this process only? */
function isSameOnDisk(a: SpawnRecord, b: SpawnRecord): boolean {
  return a.spawnedAt === b.spawnedAt && lasting(a.state) === lasting(b.state);
}

function lasting(state: SpawnState): string {
  const passing = { lookAt: 0, since: 0, missedCount: 0, tryAt: 0 };
  return JSON.stringify({ ...state, ...passing });
}
