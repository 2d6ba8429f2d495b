/*
 * An agent that was taken over, or that is full of faults: it is trusted and does as it likes.
 *
 * It greets properly, so that what it then says is taken seriously: reports out of order, twice,
 * about other workers' attempts, acknowledgements of what it never had, logs of nothing, garbage.
 * It may ruin the jobs that it was given and nothing else. Source: reliability facts, fuzz plan 4.
 */
import { encodeValue } from '../../protocol/codec.ts';
import { AppError } from '../../protocol/errors.ts';
import { encodeMessage, findAssigned } from '../../protocol/messages.ts';
import type { AttemptId } from '../../protocol/model.ts';
import type { Ports } from '../../protocol/ports.ts';
import type { Link } from '../../protocol/transports/link.ts';
import type { Chance } from './chance.ts';
import { listMessages, readFrame } from './frame-kind.ts';
import { makeGarbage } from './garbage.ts';
import type { Ground } from './ground.ts';
import type { History } from './history.ts';
import type { Trace } from './trace.ts';

/** Between two things that it says, milliseconds. */
const pauseMs = { min: 5, max: 900 } as const;

/** What it needs. */
export interface RogueParts {
  readonly ports: Ports;
  readonly chance: Chance;
  readonly dial: () => Promise<Link>;
  readonly trace: Trace;
  readonly history: History;
  readonly work: Ground['work'];
}

/** Life cycle: `run` goes on until its process dies. */
export class Rogue {
  readonly #parts: RogueParts;
  readonly #assigned: AttemptId[] = [];
  #store: string;
  #hubStore: string | null = null;
  #seq = 0;
  #received = 0;
  /** Its reports by number, since it has this store. */
  readonly #said = new Map<number, Uint8Array>();
  #link: Link | undefined;

  constructor(parts: RogueParts) {
    this.#parts = parts;
    this.#store = this.#drawStore();
  }

  async run(): Promise<void> {
    const { dial, chance } = this.#parts;
    for (;;) {
      try {
        await this.#talk(await dial());
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
      await this.#sleep(chance.between(100, 2000));
      if (!chance.happens(0.1)) continue;
      // Another store, as if it had been wiped: the hub has to take it for a new one.
      this.#store = this.#drawStore();
      this.#seq = 0;
      this.#said.clear();
      this.#received = 0;
    }
  }

  /** Speaks on one link until it ends. */
  async #talk(link: Link): Promise<void> {
    const { chance, history } = this.#parts;
    let isOpen = true;
    this.#link = link;
    link.open({
      frame: (bytes) => this.#hear(bytes),
      drain: () => undefined,
      closed: () => {
        isOpen = false;
      },
    });
    for (let count = 0; isOpen && count < 60; count += 1) {
      if (count < 3) this.#greet();
      else {
        history.count('frames of a rogue');
        this.#misspeak();
      }
      await this.#sleep(chance.between(pauseMs.min, pauseMs.max));
    }
    link.close('enough');
  }

  #hear(bytes: Uint8Array): void {
    const frame = readFrame(bytes);
    if (frame.t === 'hello') {
      if (this.#hubStore !== frame.store) this.#hubStore = String(frame.store);
      this.#greet();
    }
    if (frame.t === 'ack' && Array.isArray(frame.need)) this.#sayAgain(frame.need);
    if (frame.t !== 'data') return;
    for (const { seq, body } of listMessages(frame)) {
      this.#received = Math.max(this.#received, seq);
      const attempt = findAssigned(body);
      if (attempt !== undefined) this.#assigned.push(attempt);
    }
  }

  /** What it is asked for it sends again, or nothing that it says would ever count. */
  #sayAgain(need: readonly unknown[]): void {
    for (const seq of need) {
      const body = this.#said.get(Number(seq));
      if (body !== undefined) this.#say({ t: 'data', seq: Number(seq), body });
    }
  }

  #greet(): void {
    const { ports, chance } = this.#parts;
    this.#say({
      t: 'hello',
      ...{ protoMin: 1, protoMax: 1, role: 'agent', version: 'rogue' },
      ...{ store: this.#store, incarnation: 1, forStore: this.#hubStore },
      ...{ received: this.#received, queued: this.#seq, isOpen: chance.happens(0.7) },
      wallMs: ports.clock.wallMs(),
      host: 'rogue.test',
      inventory: this.#assigned
        .slice(-3)
        .filter(() => chance.happens(0.5))
        .map((attempt) => ({ attempt, state: 'running' })),
    });
  }

  #misspeak(): void {
    const { chance } = this.#parts;
    const attempt = this.#drawAttempt();
    if (chance.happens(0.45)) return this.#report(attempt);
    chance.pick<() => void>([
      () => this.#say({ t: 'ack', received: this.#received, need: [] }),
      () => this.#say({ t: 'ack', received: this.#received, need: [] }),
      () => this.#say({ t: 'ack', received: this.#received + chance.int(1, 9), need: [1, 2] }),
      () => this.#say({ t: 'ack', received: 0, need: [1, 7, 9] }),
      () => this.#say({ t: 'ping', at: chance.between(0, 1e9) }),
      () => this.#say({ t: 'pong', at: chance.between(0, 1e9), queued: 3 }),
      () => this.#say({ t: 'log-ask', attempt }),
      () => this.#say({ t: 'log-ack', attempt, offset: 1e9, isReset: true }),
      () => this.#sayLog(attempt),
      () => this.#say({ t: 'data', seq: chance.int(1, 400), body: chance.bytes(20) }),
      () => this.#sendRaw(makeGarbage(chance)),
    ])();
  }

  /** Something that an honest worker could have said, at another time or about its own job. */
  #report(attempt: AttemptId): void {
    const { chance, ports, work } = this.#parts;
    const at = Math.round(ports.clock.wallMs());
    this.#seq += 1;
    const outcome = chance.pick(['succeeded', 'failed', 'lost', 'refused', 'cancelled'] as const);
    const body = encodeMessage(
      chance.pick([
        { kind: 'accepted', attempt, at } as const,
        { kind: 'started', attempt, at } as const,
        {
          ...({ kind: 'finished', attempt, at, outcome, usage: {}, logBytes: 0 } as const),
          ...(work === 'quick' && this.#seq % 2 === 0 ? { isRepeat: true } : {}),
        },
      ]),
    );
    this.#said.set(this.#seq, body);
    if (work === 'quick')
      this.#say({ t: 'ended', reports: [body, ...this.#said.values()].slice(0, 9) });
    this.#say({ t: 'data', seq: this.#seq, body });
    if (chance.happens(0.3)) this.#say({ t: 'data', seq: this.#seq, body });
  }

  #sayLog(attempt: AttemptId): void {
    const { chance } = this.#parts;
    const from = chance.int(0, 100);
    const record = { offset: from, stream: 'stdout', at: 1, bytes: chance.bytes(10) };
    this.#say({ t: 'log', attempt, from, records: [record], next: from + 10 });
  }

  /** Mostly its own; else whatever attempt there may be. */
  #drawAttempt(): AttemptId {
    const { chance } = this.#parts;
    const own = this.#assigned.length > 0 && chance.happens(0.8);
    return own ? chance.pick(this.#assigned) : `J${chance.int(1, 20)}.${chance.int(1, 3)}`;
  }

  #say(value: unknown): void {
    this.#sendRaw(encodeValue(value));
  }

  #sendRaw(bytes: Uint8Array): void {
    this.#link?.send(bytes);
  }

  #drawStore(): string {
    return Buffer.from(this.#parts.chance.bytes(16)).toString('hex');
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.ports.timers.after(ms, resolve);
    });
  }
}
