/*
 * Reports of ends that go to the hub ahead of this box's disk.
 *
 * Of work that ends soon after it was accepted nothing was said yet, so its whole report can be told in a
 * frame that nobody keeps: the hub answers once it has it on its own disk, and then the report needs no row in the
 * outbox, no sync and no number here. Where that answer is late, or the link goes, the report goes the usual
 * way. It decides nothing: what is told here stays with the desk until the hub has it.
 */
import { ChurnMap } from '../protocol/churn-map.ts';
import { hasFrameRoom } from '../protocol/data-frames.ts';
import type { OwnerFrame } from '../protocol/frames.ts';
import type { AttemptId } from '../protocol/model.ts';
import type { CancelTimer, Ports } from '../protocol/ports.ts';
import { Turn } from '../protocol/turn.ts';
import { earlyMsMax, earlyReportsMax, earlyRestMs } from './limits.ts';

/** How reports leave, and where those go that were not answered. */
export interface EarlyParts {
  readonly ports: Pick<Ports, 'clock' | 'timers'>;
  readonly send: (frame: OwnerFrame) => 'sent' | 'full' | 'closed';
  /** The hub may or may not have these; they go the usual way. */
  readonly fellBack: (attempts: readonly AttemptId[]) => void;
}

interface Told {
  readonly attempt: AttemptId;
  readonly report: Uint8Array;
}

/** Life cycle: `linked` and `unlinked` as links come and go, `say` in between. */
export class EarlyReports {
  readonly #parts: EarlyParts;
  readonly #turn = new Turn<Told>((told) => this.#send(told));
  /** When each was told, the oldest first; monotonic milliseconds. */
  readonly #waiting = new ChurnMap<AttemptId, number>();
  #isLinked = false;
  #restsUntil = 0;
  #cancelTimer: CancelTimer | undefined;

  constructor(parts: EarlyParts) {
    this.#parts = parts;
  }

  /** May the next one go this way? */
  get isOpen(): boolean {
    if (!this.#isLinked || this.#waiting.size >= earlyReportsMax) return false;
    return this.#parts.ports.clock.monotonicMs() >= this.#restsUntil;
  }

  /** A link opened to a hub that takes them, or to one that doesn't. */
  linked(takes: boolean): void {
    this.unlinked();
    this.#isLinked = takes;
  }

  /** Nothing told on the link that was there will be answered. */
  unlinked(): void {
    this.#isLinked = false;
    this.#fallBack([...this.#waiting.keys()]);
  }

  /** Tells one; with those of the same turn. */
  say(attempt: AttemptId, report: Uint8Array): void {
    const { clock } = this.#parts.ports;
    this.#waiting.set(attempt, clock.monotonicMs());
    this.#turn.add([{ attempt, report }]);
    this.#watch(earlyMsMax);
  }

  /** The hub has it. False: it was not waited for any more. */
  kept(attempt: AttemptId): boolean {
    return this.#waiting.delete(attempt);
  }

  /** Nobody wants any of them any more; safe to repeat. */
  drop(): void {
    this.#waiting.clear();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #send(told: readonly Told[]): void {
    let some: Told[] = [];
    let bytes = 0;
    for (const one of told) {
      bytes += one.report.length;
      if (some.length > 0 && !hasFrameRoom(some.length, bytes)) {
        this.#sendFrame(some);
        some = [];
        bytes = one.report.length;
      }
      some.push(one);
    }
    this.#sendFrame(some);
  }

  #sendFrame(told: readonly Told[]): void {
    const sent = this.#parts.send({ t: 'ended', reports: told.map(({ report }) => report) });
    if (sent === 'closed') this.#fallBack(told.map(({ attempt }) => attempt));
  }

  /** Not cancelled where all were answered: a busy agent would set and cancel it all the time. */
  #watch(ms: number): void {
    this.#cancelTimer ??= this.#parts.ports.timers.after(ms, () => {
      this.#cancelTimer = undefined;
      this.#look();
    });
  }

  #look(): void {
    const nowMs = this.#parts.ports.clock.monotonicMs();
    const late: AttemptId[] = [];
    for (const [attempt, at] of this.#waiting) {
      const leftMs = at + earlyMsMax - nowMs;
      if (leftMs > 0) {
        this.#watch(leftMs);
        break;
      }
      late.push(attempt);
    }
    if (late.length === 0) return;
    // A slow way or a slow disk there: each would go twice.
    this.#restsUntil = nowMs + earlyRestMs;
    this.#fallBack(late);
  }

  #fallBack(attempts: readonly AttemptId[]): void {
    const owed = attempts.filter((attempt) => this.#waiting.delete(attempt));
    if (owed.length > 0) this.#parts.fellBack(owed);
  }
}
