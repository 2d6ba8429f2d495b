/*
 * The loop that keeps a link to the hub: dial, stay while it lasts, dial again.
 *
 * Pauses double up to a cap with full jitter and start over after a link that lived for a while or
 * whose hub was restarted. The cap is low for the first minutes, so that a hub that comes back is
 * found at once, and a thousand agents do not all knock in the same moment. It never gives up: an agent without a hub works on. hyperswarm's own redial waits up to ten minutes,
 * which is why this one exists. While the hub came another way (over ssh) it goes on dialling at ease, because the
 * own way is better, and so it does over a relay; one that broke soon after it had come makes the next try later.
 * Source: reliability facts R19, transport facts 0.2.
 */
import { AppError, isErrorCode, wrapError } from '../../protocol/errors.ts';
import {
  climbMsBase,
  climbMsMax,
  climbProvenMs,
  dialMsBase,
  dialMsEager,
  dialMsMax,
  dialsEagerMax,
  healthyMsMin,
} from '../../protocol/limits.ts';
import { type LeaseInstant, readInstant } from '../../protocol/machines/renewal.ts';
import type { CancelTimer, Ports } from '../../protocol/ports.ts';
import type { Session } from '../../protocol/session.ts';
import type { UnopenedLink } from '../../protocol/session-host.ts';
import { type Carrier, hubRestarted, type Link } from '../../protocol/transports/link.ts';

/** Over whatever leads there, or only by the addresses of the hub. */
export type DialHow = 'any' | 'direct';

/** How this agent stands with its hub. */
export interface WayToHub {
  /** What carries the session; null without a link. */
  readonly carrier: Carrier | null;
  /** Did nothing at all answer the last dial? */
  readonly isUnanswered: boolean;
  readonly unopened: readonly UnopenedLink[];
}

/** What the loop needs. `dial` must end by itself, with a link or an AppError. */
export interface KeepLinkParts {
  readonly session: Session;
  readonly dial: (how: DialHow) => Promise<Link>;
  readonly ports: Ports;
}

/** What is said of a link that is not the usual one. */
const otherWays: Partial<Record<Carrier, string>> = { stdio: ' by ssh', relay: ' through a relay' };

/** Life cycle: `start` once, `stop` ends it; the session closes its own links. */
export class KeepLink {
  readonly #parts: KeepLinkParts;
  #isStopped = false;
  #hadSession = false;
  #tries = 0;
  #isAtEase = false;
  /** Links in a row that ended before they had proven to be better than another way. */
  #brokenCount = 0;
  #lastError: AppError | undefined;
  #isUnanswered = false;
  #wake: (() => void) | undefined;
  #cancelTimer: CancelTimer | undefined;

  constructor(parts: KeepLinkParts) {
    this.#parts = parts;
  }

  /** One line for people. */
  get status(): string {
    const { connection } = this.#parts.session;
    if (connection !== undefined) return `linked${otherWays[connection.carrier] ?? ''}`;
    return this.#lastError === undefined ? 'dialling' : `dialling: ${this.#lastError.message}`;
  }

  /** Has one ever opened? */
  get hadSession(): boolean {
    return this.#hadSession;
  }

  /** For those who look. */
  get way(): WayToHub {
    const { connection, unopened } = this.#parts.session;
    return { carrier: connection?.carrier ?? null, isUnanswered: this.#isUnanswered, unopened };
  }

  /** Runs until stopped; never rejects. */
  async start(): Promise<void> {
    while (!this.#isStopped) {
      await this.#once();
      if (!this.#isStopped) await this.#pause();
    }
  }

  /** A session opened. */
  opened(): void {
    this.#hadSession = true;
    this.#lastError = undefined;
  }

  /** The session has no link any more: what was tried at ease is in a hurry now. */
  closed(): void {
    if (!this.#isAtEase) return;
    this.#tries = 0;
    this.#cancelTimer?.();
    this.#wake?.();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#wake?.();
  }

  async #once(): Promise<void> {
    try {
      const { clock } = this.#parts.ports;
      const askedAt = readInstant(clock);
      const link = await this.#parts.dial('any');
      this.#isUnanswered = false;
      const since = clock.monotonicMs();
      const reason = await this.#stay(link, askedAt);
      this.#noteEnd(reason);
      // A link that ends at once (a refusal, a twin with our key) must not be dialled in a rush.
      const livedMs = clock.monotonicMs() - since;
      if (livedMs >= healthyMsMin || reason === hubRestarted) this.#tries = 0;
    } catch (error) {
      this.#lastError = wrapError(error, 'LINK_LOST');
      this.#isUnanswered = this.#lastError.code === 'LINK_TIMEOUT';
    }
  }

  /** Resolves with the reason when the link, and those that were better, have ended. */
  async #stay(link: Link, askedAt: LeaseInstant): Promise<string> {
    const { session, ports } = this.#parts;
    const since = ports.clock.monotonicMs();
    const ended = session.attach(link, askedAt);
    if (link.carrier === 'relay') await this.#climb(link, ended);
    const reason = await ended;
    const livedMs = ports.clock.monotonicMs() - since;
    if (livedMs >= climbProvenMs) this.#brokenCount = 0;
    else if (reason !== 'replaced') this.#brokenCount += 1;
    return reason;
  }

  /** What a relay carries serves, and is left when the hub can be dialled after all. */
  async #climb(link: Link, ended: Promise<string>): Promise<void> {
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
      this.#wake?.();
    });
    while (!hasEnded && !this.#isStopped) {
      await this.#sleep(this.#planClimb());
      if (hasEnded || this.#isStopped || link.carrier !== 'relay') return;
      const askedAt = readInstant(this.#parts.ports.clock);
      const better = await this.#parts.dial('direct').catch(() => undefined);
      if (better !== undefined) await this.#stay(better, askedAt);
    }
  }

  /** A link that the hub refused, or that was given up, says more than that we dial. */
  #noteEnd(reason: string): void {
    const code = reason.split(':')[0] ?? '';
    if (isErrorCode(code)) this.#lastError = new AppError(code);
  }

  #pause(): Promise<void> {
    const whole = this.#planPause();
    this.#tries += 1;
    return this.#sleep(whole);
  }

  /** A part of it by chance, or until it is woken. */
  #sleep(wholeMs: number): Promise<void> {
    const { ports } = this.#parts;
    return new Promise((resolve) => {
      const cancel = ports.timers.after(wholeMs * ports.random.fraction(), resolve);
      this.#cancelTimer = cancel;
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #planPause(): number {
    this.#isAtEase = this.#parts.session.connection !== undefined;
    if (this.#isAtEase) return this.#planClimb();
    const msMax = this.#tries < dialsEagerMax ? dialMsEager : dialMsMax;
    return Math.min(msMax, dialMsBase * 2 ** Math.min(this.#tries, 20));
  }

  #planClimb(): number {
    return Math.min(climbMsMax, climbMsBase * 2 ** Math.min(this.#brokenCount, 20));
  }
}
