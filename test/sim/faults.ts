/*
 * Which faults a seed gets, how often and when: each seed draws its own mix.
 *
 * Swarm testing: a fault that is always on hides what happens without it, so every kind is off in
 * about half of the seeds. All draws are made before the run begins. Source: reliability facts 2.1.
 */
import type { Chance } from './chance.ts';
import { calm, type Weather } from './network.ts';

/** One thing that goes wrong. `box` is the number of an agent's box. */
export type Fault =
  | { readonly kind: 'cut'; readonly box: number }
  | { readonly kind: 'partition'; readonly box: number; readonly ways: Ways; readonly ms: number }
  | { readonly kind: 'hub-crash'; readonly ms: number }
  | { readonly kind: 'hub-stop'; readonly ms: number }
  | { readonly kind: 'hub-pause'; readonly ms: number }
  | { readonly kind: 'hub-disk' | 'hub-log-disk'; readonly count: number }
  | { readonly kind: 'hub-full'; readonly ms: number }
  | { readonly kind: 'agent-crash'; readonly box: number; readonly ms: number }
  | { readonly kind: 'agent-stop'; readonly box: number; readonly ms: number }
  | { readonly kind: 'agent-pause'; readonly box: number; readonly ms: number }
  | {
      readonly kind: 'agent-disk' | 'agent-log-disk';
      readonly box: number;
      readonly count: number;
    }
  | { readonly kind: 'agent-full'; readonly box: number; readonly ms: number }
  | { readonly kind: 'agent-wipe'; readonly box: number; readonly ms: number };

/** In which directions nothing passes. */
export type Ways = 'to-hub' | 'to-agent' | 'both';

/** A fault and when it happens, milliseconds of the run. */
export interface PlannedFault {
  readonly at: number;
  readonly fault: Fault;
}

/** The faults of one run. */
export interface FaultPlan {
  readonly weather: Weather;
  readonly syncMs: readonly [min: number, max: number];
  readonly faults: readonly PlannedFault[];
}

/** Kind → how often it comes in a minute where it is on, and the longest it lasts. */
const kinds: readonly {
  readonly kind: Fault['kind'];
  readonly perMinute: number;
  readonly msMax: number;
  readonly isOn: number;
}[] = [
  { kind: 'cut', perMinute: 8, msMax: 0, isOn: 0.5 },
  { kind: 'partition', perMinute: 3, msMax: 30_000, isOn: 0.5 },
  { kind: 'hub-crash', perMinute: 4, msMax: 4000, isOn: 0.5 },
  { kind: 'hub-crash', perMinute: 0.7, msMax: 60_000, isOn: 0.3 },
  { kind: 'hub-stop', perMinute: 1, msMax: 3000, isOn: 0.3 },
  { kind: 'hub-pause', perMinute: 1.5, msMax: 30_000, isOn: 0.3 },
  { kind: 'hub-disk', perMinute: 4, msMax: 0, isOn: 0.25 },
  { kind: 'hub-log-disk', perMinute: 4, msMax: 0, isOn: 0.2 },
  { kind: 'hub-full', perMinute: 1, msMax: 40_000, isOn: 0.2 },
  { kind: 'agent-crash', perMinute: 6, msMax: 8000, isOn: 0.5 },
  { kind: 'agent-stop', perMinute: 1, msMax: 3000, isOn: 0.3 },
  { kind: 'agent-pause', perMinute: 2, msMax: 25_000, isOn: 0.3 },
  { kind: 'agent-disk', perMinute: 4, msMax: 0, isOn: 0.25 },
  { kind: 'agent-log-disk', perMinute: 4, msMax: 0, isOn: 0.2 },
  { kind: 'agent-full', perMinute: 1, msMax: 40_000, isOn: 0.2 },
  { kind: 'agent-wipe', perMinute: 1, msMax: 6000, isOn: 0.15 },
];

/** Draws the faults of a run that goes wrong for `lengthMs` with so many agents. */
export function drawFaults(
  chance: Chance,
  { lengthMs, boxCount }: { readonly lengthMs: number; readonly boxCount: number },
): FaultPlan {
  const faults: PlannedFault[] = [];
  for (const { kind, perMinute, msMax, isOn } of kinds) {
    if (!chance.happens(isOn)) continue;
    const count = Math.round((chance.between(0.3, 1.7) * perMinute * lengthMs) / 60_000);
    for (let n = 0; n < count; n += 1) {
      const at = chance.between(500, lengthMs);
      const box = chance.int(0, boxCount - 1);
      const ms = chance.happens(0.3) ? chance.between(1, 100) : chance.between(0, msMax);
      const ways = chance.pick(['to-hub', 'to-agent', 'both'] as const);
      const count = chance.pick([1, 1, 2, 5, 12]);
      faults.push({ at, fault: { kind, box, ms, ways, count } as Fault });
    }
  }
  return {
    weather: drawWeather(chance),
    syncMs: chance.pick([
      [0.05, 0.5],
      [1, 10],
      [5, 120],
    ] as const),
    faults,
  };
}

function drawWeather(chance: Chance): Weather {
  const delayMs = chance.pick([[0.1, 1] as const, [5, 80] as const, [1, 700] as const]);
  const isSound = chance.happens(0.4);
  const bufferBytes = chance.pick([256, 4096, 64 * 1024]);
  const silentEnd = chance.pick([0, 0.3]);
  if (isSound) return { ...calm, delayMs, bufferBytes, silentEnd };
  return {
    delayMs,
    bufferBytes,
    silentEnd,
    loss: chance.happens(0.6) ? chance.between(0.01, 0.3) : 0,
    double: chance.happens(0.5) ? chance.between(0.01, 0.2) : 0,
    overtake: chance.happens(0.5) ? chance.between(0.01, 0.3) : 0,
  };
}
