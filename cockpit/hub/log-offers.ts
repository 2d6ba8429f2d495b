/*
 * What workers asked about their logs and were told, and since when what is not asked about may be called gone.
 *
 * In memory only: at every link a worker asks about each log that it still has. Of logs that have ended and of which the
 * holder was told that all is here nothing more can come, so these are the first to be forgotten; where another is, that
 * is remembered with its worker until it links anew. Instants are monotonic.
 */
import type { AttemptId, PeerKey } from '../../protocol/model.ts';
import type { Clock } from '../../protocol/ports.ts';
import { type CommandJob, formatAttemptId } from '../manager/job.ts';
import { logHoldersMax, logOfferMs } from './limits.ts';

/** A log of which more may come. */
interface OpenOffer {
  readonly worker: PeerKey;
  /** Where the copy ends, as its holder was told last. */
  told?: number;
  /** Where it ends, by the report that this hub took, and when that was. */
  logBytes?: number;
  endedAt?: number;
  /** When it was last asked about in vain; until the answer it is as if that were now. */
  askedAt?: number;
}

/** Life cycle: it lives as long as the mirror. */
export class LogOffers {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** The one that something happened to longest ago first, as in all of these. */
  readonly #open = new Map<AttemptId, OpenOffer>();
  /** Where the copies of whole ones end. */
  readonly #whole = new Map<AttemptId, number>();
  /** When something of a worker was last forgotten that may still come. */
  readonly #forgotAt = new Map<PeerKey, number>();
  /** When a worker was last not heard because it asked too much at once. */
  readonly #unheardAt = new Map<PeerKey, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** The holder asks about its log, and has no answer yet: it asks again if none comes. */
  noteAsk(worker: PeerKey, attempt: AttemptId): void {
    this.#put(attempt, { ...this.#find(worker, attempt), askedAt: this.#clock.monotonicMs() });
  }

  /** A question was over the cap. */
  noteUnheard(worker: PeerKey): void {
    this.#unheardAt.set(worker, this.#clock.monotonicMs());
  }

  /** The holder was told where the copy ends. */
  noteTold(worker: PeerKey, attempt: AttemptId, told: number): void {
    this.#put(attempt, { ...this.#find(worker, attempt), told });
  }

  /** Notes which attempts of a job have ended, each once. */
  noteJob({ id, attempts }: CommandJob): void {
    for (const { n, worker, state } of attempts) {
      const logBytes = state.is === 'finished' ? (state.end.logBytes ?? 0) : 0;
      if (logBytes === 0) continue;
      const attempt = formatAttemptId(id, n);
      if (this.#whole.has(attempt)) continue;
      const offer = this.#find(worker, attempt);
      if (offer.endedAt !== undefined) continue;
      this.#put(attempt, { ...offer, logBytes, endedAt: this.#clock.monotonicMs() });
    }
  }

  /** Where the copy ends, as its holder was last told by this hub; undefined where it has not asked lately. */
  findTold(attempt: AttemptId): number | undefined {
    return this.#open.get(attempt)?.told ?? this.#whole.get(attempt);
  }

  /** Has a worker, linked for so long, had the time to ask about this log, as far as this hub remembers? */
  mustHaveAsked(worker: PeerKey, attempt: AttemptId, linkedMs: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    const linkedAt = nowMs - linkedMs;
    if ((this.#forgotAt.get(worker) ?? Number.NEGATIVE_INFINITY) >= linkedAt) return false;
    const { endedAt = linkedAt, askedAt = linkedAt } = this.#open.get(attempt) ?? {};
    const unheardAt = this.#unheardAt.get(worker) ?? linkedAt;
    return nowMs - Math.max(linkedAt, endedAt, askedAt, unheardAt) >= logOfferMs;
  }

  /** Its job is going. */
  forget(attempt: AttemptId): void {
    this.#open.delete(attempt);
    this.#whole.delete(attempt);
  }

  #find(worker: PeerKey, attempt: AttemptId): OpenOffer {
    const known = this.#open.get(attempt);
    if (known !== undefined) return known;
    const whole = this.#whole.get(attempt);
    // It is asked about again, so not all of it is here.
    return whole === undefined ? { worker } : { worker, told: whole, logBytes: whole };
  }

  #put(attempt: AttemptId, offer: OpenOffer): void {
    this.forget(attempt);
    const { told, logBytes } = offer;
    if (told !== undefined && logBytes !== undefined && told >= logBytes) {
      this.#whole.set(attempt, told);
      for (const oldest of this.#whole.keys()) {
        if (this.#whole.size <= logHoldersMax) break;
        this.#whole.delete(oldest);
      }
      return;
    }
    this.#open.set(attempt, offer);
    for (const [oldest, { worker, ...rest }] of this.#open) {
      if (this.#open.size <= logHoldersMax) break;
      this.#open.delete(oldest);
      const nowMs = this.#clock.monotonicMs();
      const lastAt = Math.max(rest.endedAt ?? 0, rest.askedAt ?? 0);
      if (rest.told !== undefined || nowMs - lastAt < logOfferMs) this.#forgotAt.set(worker, nowMs);
    }
  }
}
