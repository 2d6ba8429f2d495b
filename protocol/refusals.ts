/*
 * What a side says to a peer that it does not serve, in the last frame of a link that never opened.
 *
 * No dialling helps against it, so a person is told: once, not at every dial. No life cycle.
 */
import type { ErrorCode } from './errors.ts';
import type { SessionIdentity } from './session-host.ts';

type Role = SessionIdentity['role'];

/** By who hears it: that trust has ended is the hub's to say alone. */
const refusals: Readonly<Record<Role, readonly ErrorCode[]>> = {
  hub: ['PEER_VERSION', 'PEER_REGRESSED'],
  agent: ['PEER_VERSION', 'PEER_REGRESSED', 'WORKER_REVOKED'],
};

/** What of it a person was told. */
export class Refusals {
  readonly #role: Role;
  readonly #tell: (code: ErrorCode) => void;
  #told: ErrorCode | undefined;

  /** `role`: of who hears it. */
  constructor(role: Role, tell: (code: ErrorCode) => void) {
    this.#role = role;
    this.#tell = tell;
  }

  /** A link that never opened ended so. */
  note(reason: string): void {
    const code = refusals[this.#role].find((one) => reason.startsWith(one));
    if (code === undefined || code === this.#told) return;
    this.#told = code;
    this.#tell(code);
  }

  /** The peer is served, so the next one is news. */
  served(): void {
    this.#told = undefined;
  }
}
