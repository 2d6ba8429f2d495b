/*
 * What this agent knows of time at its hub: deadlines that come as the hub's instants, and leases.
 *
 * The hub's clock is at most what its hello said and all the time since we greeted it. So what is
 * found to be left is never too much, however long that hello was under way, whatever our wall clock
 * does, and also after this box slept. Source: reliability facts R14, R17.
 */
import type { HelloFrame } from '../protocol/frames.ts';
import { findLeaseLeftMs, type LeaseInstant } from '../protocol/machines/renewal.ts';
import type { Clock } from '../protocol/ports.ts';

/** Measures by the newest hello. */
export class HubClock {
  readonly #clock: Clock;
  #known: { readonly at: LeaseInstant; readonly wallMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `greetedAt`: an instant of ours before which the hub cannot have composed this hello. */
  noteHello({ wallMs }: HelloFrame, greetedAt: LeaseInstant): void {
    this.#known = { at: greetedAt, wallMs };
  }

  /** Milliseconds until an instant of the hub's; undefined where there is none or no hello yet. */
  findLeftMs(expiresAt: number | undefined): number | undefined {
    if (expiresAt === undefined || this.#known === undefined) return undefined;
    const { at, wallMs } = this.#known;
    return findLeaseLeftMs(at, this.#now(), expiresAt - wallMs);
  }

  /** Milliseconds for which a lease of this term holds that runs from `renewedAt`. */
  findLeaseLeftMs(renewedAt: LeaseInstant | undefined, termMs: number): number {
    return findLeaseLeftMs(renewedAt, this.#now(), termMs);
  }

  #now(): LeaseInstant {
    return { monotonicMs: this.#clock.monotonicMs(), uptimeMs: this.#clock.uptimeMs() };
  }
}
