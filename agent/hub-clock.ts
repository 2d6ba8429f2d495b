/*
 * What this agent knows of time at its hub: deadlines that come as the hub's instants, and leases.
 *
 * The hub's clock is at most what its hello, or its answer to a ping, said and all the time since we
 * asked for that. So what is found to be left is never too much, however long the answer was under way,
 * whatever our wall clock does, and also after this box slept. The newest answer counts, so that a hub
 * whose clock is set is followed. Source: reliability facts R14, R17.
 */
import { findLeaseLeftMs, type LeaseInstant, readInstant } from '../protocol/machines/renewal.ts';
import type { Clock } from '../protocol/ports.ts';

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

  /** Milliseconds until an instant of the hub's; undefined where there is none or no answer yet. */
  findLeftMs(expiresAt: number | undefined): number | undefined {
    if (expiresAt === undefined || this.#known === undefined) return undefined;
    const { at, wallMs } = this.#known;
    return findLeaseLeftMs(at, readInstant(this.#clock), expiresAt - wallMs);
  }

  /** Milliseconds for which a lease of this term holds that runs from `renewedAt`. */
  findLeaseLeftMs(renewedAt: LeaseInstant | undefined, termMs: number): number {
    return findLeaseLeftMs(renewedAt, readInstant(this.#clock), termMs);
  }
}
