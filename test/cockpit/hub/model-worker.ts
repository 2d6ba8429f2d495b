/*
 * A worker as the hub's desks see it: what it was given, what it holds, and what it has yet to report.
 *
 * It knows no link: a test lets it greet, read, work and report, each when chance says so. It throws where an attempt
 * begins a second time, in whichever of its stores.
 */
import { decodeCommand, type FactMessage } from '../../../protocol/messages.ts';
import type { AttemptId, PeerKey } from '../../../protocol/model.ts';
import { makeHello } from '../../protocol/raw-peer.ts';
import type { Chance } from '../../sim/chance.ts';
import { type HubBench, makeWorker } from './hub-bench.ts';

const ending = { kind: 'finished', at: 9, usage: {}, logBytes: 0 } as const;
const endings = ['succeeded', 'succeeded', 'failed', 'lost', 'expired', 'lapsed'] as const;

/** Life cycle: `pair`, then anything in any order. */
export class ModelWorker {
  readonly key: PeerKey;
  isPaired = false;
  readonly #chance: Chance;
  /** All that ever began, on any worker. */
  readonly #begun: Set<AttemptId>;
  #store = '';
  #hasMet = false;
  #readThrough = 0;
  #facts: FactMessage[] = [];
  readonly #held = new Map<AttemptId, 'accepted' | 'running' | 'finished'>();

  constructor(key: PeerKey, chance: Chance, begun: Set<AttemptId>) {
    this.key = key;
    this.#chance = chance;
    this.#begun = begun;
  }

  /** Is there a link over which it was heard? */
  get isMet(): boolean {
    return this.isPaired && this.#hasMet;
  }

  /** It is trusted, or trusted again, and begins with another store. */
  async pair({ workers }: HubBench): Promise<void> {
    const known = workers.find(this.key) ?? makeWorker(this.key, `w${this.key.slice(0, 2)}`);
    await workers.save({ ...known, revokedAt: null }, 'worker-paired', []);
    this.isPaired = true;
    this.loseStore();
  }

  loseStore(): void {
    this.#store = Buffer.from(this.#chance.bytes(16)).toString('hex');
    this.#hasMet = false;
    this.#readThrough = 0;
    this.#facts = [];
    this.#held.clear();
  }

  async revoke({ workers }: HubBench): Promise<void> {
    const known = workers.find(this.key);
    const cause = this.#chance.happens(0.3) ? 'vanished' : 'revoked';
    if (known !== undefined && this.isPaired) await workers.revoke(known, { cause });
    this.isPaired = false;
  }

  async greet({ workers }: HubBench): Promise<void> {
    if (!this.isPaired) return;
    await workers.adoptStore(this.key, this.#store);
    this.#hasMet = true;
    const inventory = [...this.#held].map(([attempt, state]) => ({ attempt, state }));
    const reported = workers.streamsOf(this.key)?.counts.received ?? 0;
    const queued = reported + this.#facts.length;
    const marks = { store: this.#store, received: this.#readThrough, queued };
    await workers.noteHello(this.key, makeHello({ ...marks, inventory }));
  }

  /** Reads so many commands, and does what they say. */
  async read(bench: HubBench, countMax: number): Promise<void> {
    const streams = this.#streams(bench);
    for (const { seq, bytes } of (await streams?.read(this.#readThrough, countMax)) ?? []) {
      const { kind, attempt } = decodeCommand(bytes);
      this.#readThrough = seq;
      const [id, n] = attempt.split('.');
      await bench.sent(id as `J${number}`, Number(n));
      if (kind === 'assign') this.#take(attempt);
      else if (this.#isOpen(attempt)) this.#end(attempt, 'cancelled');
    }
  }

  /** Goes on with one of those that it holds. */
  work(): void {
    const open = [...this.#held.keys()].filter((attempt) => this.#isOpen(attempt));
    if (open.length === 0) return;
    const attempt = this.#chance.pick(open);
    const mayBegin = this.#held.get(attempt) === 'accepted' && this.#chance.happens(0.7);
    if (mayBegin) this.#begin(attempt);
    else this.#end(attempt, this.#chance.pick(endings));
  }

  /** Reports so much of what it has to say. */
  async report(bench: HubBench, countMax: number): Promise<void> {
    if (this.#streams(bench) === undefined) return;
    const some = this.#facts.splice(0, countMax);
    if (some.length > 0) await bench.report(this.key, ...some);
    await bench.workers.noteReported(this.key);
    for (const { kind, attempt } of some) if (kind === 'finished') this.#held.delete(attempt);
  }

  #streams({ workers }: HubBench) {
    const streams = workers.streamsOf(this.key);
    return this.isMet && streams?.store === this.#store ? streams : undefined;
  }

  #isOpen(attempt: AttemptId): boolean {
    const state = this.#held.get(attempt);
    return state !== undefined && state !== 'finished';
  }

  #take(attempt: AttemptId): void {
    if (this.#held.has(attempt)) return;
    // Set aside without a word, as what ended its process again and again.
    if (this.#chance.happens(0.03)) return;
    if (this.#chance.happens(0.08)) {
      this.#facts.push({ ...ending, attempt, outcome: 'refused', code: 'JOB_FULL' });
      return;
    }
    this.#held.set(attempt, 'accepted');
    this.#facts.push({ kind: 'accepted', attempt, at: 5 });
  }

  #begin(attempt: AttemptId): void {
    if (this.#begun.has(attempt)) throw new Error(`${attempt} began twice`);
    this.#begun.add(attempt);
    this.#held.set(attempt, 'running');
    this.#facts.push({ kind: 'started', attempt, at: 6 });
  }

  #end(attempt: AttemptId, as: (typeof endings)[number] | 'cancelled'): void {
    this.#held.set(attempt, 'finished');
    const how =
      as === 'lapsed' ? ({ outcome: 'cancelled', code: 'LEASE_LAPSED' } as const) : { outcome: as };
    this.#facts.push({ ...ending, attempt, ...how });
  }
}
