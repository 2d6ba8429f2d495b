/*
 * What this agent knows of time at its hub: deadlines that come as the hub's instants, and leases.
 *
 * The hub's clock is at most what its hello, or its answer to a ping, said and all the time since we
 * asked for that. So what is found to be left is never too much, however long the answer was under way,
 * whatever our wall clock does, and also after this box slept. The newest answer counts, so that a hub
 * whose clock is set is followed, but nothing ever has more time than it was given: what was issued before the hub's
 * clock was set back seems to come from the future. Leases know nothing of the hub's clock. Source: reliability facts R14, R17.
 */
import { findLeaseLeftMs, type LeaseInstant, readInstant } from '../protocol/machines/renewal.ts';
import type { Clock } from '../protocol/ports.ts';

/** What the hub gave, by its wall clock. */
export interface Timed {
  readonly issuedAt: number;
  readonly expiresAt?: number | undefined;
}

/** Measures by the newest answer. */
export class HubClock {
  readonly #clock: Clock;
  #known: { readonly at: LeaseInstant; readonly wallMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `askedAt`: an instant of ours before which the hub cannot have read its clock. */
  noteTold(wallMs: number, askedAt: LeaseInstant): void {
    this.#known = { at: askedAt, wallMs };
  }

  /** Milliseconds until its deadline; undefined where it has none or there was no answer yet. */
  findLeftMs({ expiresAt, issuedAt }: Timed): number | undefined {
    if (expiresAt === undefined || this.#known === undefined) return undefined;
    const { at, wallMs } = this.#known;
    const leftMs = findLeaseLeftMs(at, readInstant(this.#clock), expiresAt - wallMs);
    return Math.min(leftMs, expiresAt - issuedAt);
  }

  /** Milliseconds for which a lease of this term holds that runs from `renewedAt`. */
  findLeaseLeftMs(renewedAt: LeaseInstant | undefined, termMs: number): number {
    return findLeaseLeftMs(renewedAt, readInstant(this.#clock), termMs);
  }
}
