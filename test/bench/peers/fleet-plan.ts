/*
 * What both sides of the scale bench know of a fleet: which agents, where their hub is, how they are.
 */
import { createHash } from 'node:crypto';
import { type KeyPair, keyPairFromSeed } from '../../../protocol/identity.ts';
import type { PeerKey } from '../../../protocol/model.ts';
import type { Address } from '../../../protocol/transports/address.ts';

/** Which agents, and where their hub is. */
export interface FleetPlan {
  readonly first: number;
  readonly count: number;
  readonly hub: PeerKey;
  readonly addresses: readonly Address[];
  readonly rendezvous: readonly Address[];
  /** What every command prints before it succeeds, and where the agents keep it; else they print nothing. */
  readonly prints?: { readonly bytes: number; readonly directory: string };
}

/** How they are. */
export interface FleetReport {
  readonly linkedCount: number;
  /** Dials begun since the start. */
  readonly dialCount: number;
  /** Those of them that found the hub. */
  readonly foundCount: number;
}

/** The key pair of the n-th agent of the fleet; the same in every process. */
export function makeFleetKey(n: number): KeyPair {
  return keyPairFromSeed(createHash('sha256').update(`fleet ${n}`).digest());
}
