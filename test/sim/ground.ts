/*
 * What all parts of one simulated world share, and the settings that its seed drew.
 *
 * Passed to every part instead of globals. The plants are wrapped around what the product is given,
 * never around the product itself.
 */
import type { Workshop } from '../../agent/work/work.ts';
import type { Kv } from '../../store/kv.ts';
import type { Chance } from './chance.ts';
import type { SimClock } from './clock.ts';
import type { History } from './history.ts';
import type { Network } from './network.ts';
import type { Sockets } from './sockets.ts';
import type { Trace } from './trace.ts';

/** Faults planted into the product's surroundings, to show that the checks can fail. */
export interface Plants {
  readonly wrapWorkshop?: (workshop: Workshop) => Workshop;
  readonly wrapKv?: (kv: Kv) => Kv;
}

/** Shared by all parts. */
export interface Ground {
  readonly clock: SimClock;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly history: History;
  readonly network: Network;
  readonly sockets: Sockets;
  /** Does nothing go wrong any more? */
  readonly isHealed: () => boolean;
  readonly syncMs: readonly [min: number, max: number];
  /** Unended attempts that a worker has at once; few make work wait in the hub. */
  readonly attemptsGiven: number;
  /** `quick`: most of what runs is over in moments, before anything was said of it. */
  readonly work: 'quick' | 'any';
  readonly plants: Plants;
}

/** Pauses before a supervisor starts a program that ended by itself, milliseconds. */
export const restartMs = { min: 50, max: 3000 } as const;
