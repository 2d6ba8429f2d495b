/*
 * Which faults a seed gets, how often and when: each seed draws its own mix.
 *
 * Swarm testing: a fault that is always on hides what happens without it, so every kind is off in
 * about half of the seeds. All draws are made before the run begins. Source: reliability facts 2.1.
 */
import type { Chance } from './chance.ts';
import { calm, type Weather } from './network.ts';
import type { Direction } from './sim-link.ts';

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
  | { readonly kind: 'agent-wipe'; readonly box: number; readonly ms: number }
  | { readonly kind: 'agent-restore'; readonly box: number; readonly ms: number }
  | {
      readonly kind: 'agent-twin';
      readonly box: number;
      readonly ms: number;
      readonly has: TwinDisk;
    }
  | { readonly kind: 'agent-clock'; readonly box: number; readonly ms: number }
  | { readonly kind: 'agent-slow-disk'; readonly box: number; readonly ms: number }
  | { readonly kind: 'garbage'; readonly box: number; readonly way: Direction }
  | { readonly kind: 'data-loss'; readonly box: number; readonly ms: number }
  | { readonly kind: 'spike'; readonly ms: number }
  | { readonly kind: 'hub-restore'; readonly ms: number }
  | { readonly kind: 'hub-clock'; readonly ms: number }
  | { readonly kind: 'hub-slow-disk'; readonly ms: number };

/** What a second agent with the same key has for a disk: an own one, or a copy of the first one's. */
export type TwinDisk = 'fresh' | 'copy';

/** In which directions nothing passes. */
export type Ways = Direction | 'both';

/** A fault and when it happens, milliseconds of the run. `id` names it for a replay: `f3`. */
export interface PlannedFault {
  readonly id: string;
  readonly at: number;
  readonly fault: Fault;
  /** For what is drawn when it happens. */
  readonly chance: Chance;
}

/** The faults of one run. */
export interface FaultPlan {
  readonly weather: Weather;
  readonly syncMs: readonly [min: number, max: number];
  readonly faults: readonly PlannedFault[];
  /** Number of the box whose agent does as it likes, where there is one. */
  readonly rogue?: number;
}

/** A wall clock that is set right, or wrong, moves by at most so much in either direction. */
const clockStepMsMax = 3 * 24 * 60 * 60 * 1000;

/** In this part of the seeds with more than one box, the first one's agent is a rogue. */
const rogueShare = 0.08;

/** Kind → how often it comes in a minute where it is on, and how long it lasts. */
const kinds: readonly {
  readonly kind: Fault['kind'];
  readonly perMinute: number;
  readonly msMin?: number;
  readonly msMax: number;
  readonly isOn: number;
}[] = [
  { kind: 'cut', perMinute: 8, msMax: 0, isOn: 0.5 },
  { kind: 'partition', perMinute: 3, msMax: 30_000, isOn: 0.5 },
  { kind: 'partition', perMinute: 1, msMin: 35_000, msMax: 90_000, isOn: 0.12 },
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
  { kind: 'agent-restore', perMinute: 0.7, msMax: 30_000, isOn: 0.04 },
  { kind: 'agent-twin', perMinute: 0.7, msMax: 20_000, isOn: 0.04 },
  { kind: 'agent-clock', perMinute: 1, msMax: clockStepMsMax, isOn: 0.15 },
  { kind: 'agent-slow-disk', perMinute: 1.5, msMax: 10_000, isOn: 0.15 },
  { kind: 'garbage', perMinute: 4, msMax: 0, isOn: 0.15 },
  { kind: 'data-loss', perMinute: 2, msMax: 30_000, isOn: 0.12 },
  { kind: 'spike', perMinute: 2, msMax: 6000, isOn: 0.2 },
  { kind: 'hub-restore', perMinute: 0.7, msMax: 30_000, isOn: 0.03 },
  { kind: 'hub-clock', perMinute: 1, msMax: clockStepMsMax, isOn: 0.15 },
  { kind: 'hub-slow-disk', perMinute: 1.5, msMax: 10_000, isOn: 0.15 },
];

/** What `--focus` may name of faults, and of work that is over in moments. */
export const faultKinds: ReadonlySet<string> = new Set([
  'rogue',
  'quick',
  ...kinds.map(({ kind }) => kind),
]);

/** What limits a plan. Kinds in `focus` are on in every seed. */
export interface FaultBounds {
  readonly lengthMs: number;
  readonly boxCount: number;
  readonly focus: ReadonlySet<string>;
}

/** Draws the faults of a run that goes wrong for `lengthMs` with so many agents. */
export function drawFaults(chance: Chance, { lengthMs, boxCount, focus }: FaultBounds): FaultPlan {
  const faults: PlannedFault[] = [];
  for (const { kind, perMinute, msMin = 0, msMax, isOn } of kinds) {
    if (!chance.happens(isOn) && !focus.has(kind)) continue;
    const count = Math.round((chance.between(0.3, 1.7) * perMinute * lengthMs) / 60_000);
    for (let n = 0; n < count; n += 1) {
      const at = chance.between(500, lengthMs);
      const box = chance.int(0, boxCount - 1);
      const isShort = msMin === 0 && chance.happens(0.3);
      const ms = isShort ? chance.between(1, 100) : chance.between(msMin, msMax);
      const ways = chance.pick(['to-hub', 'to-agent', 'both'] as const);
      const way = chance.pick(['to-hub', 'to-agent'] as const);
      const has = chance.pick(['fresh', 'copy'] as const);
      const writes = chance.pick([1, 1, 2, 5, 12]);
      const id = `f${faults.length + 1}`;
      // Drawn always, so that no kind changes what the next one draws.
      const fault = isOfHub(kind)
        ? { kind, ms, count: writes }
        : { kind, ms, count: writes, box, ways, way, has };
      faults.push({ id, at, chance: chance.fork(), fault: fault as Fault });
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
    ...(boxCount > 1 && (chance.happens(rogueShare) || focus.has('rogue')) ? { rogue: 0 } : {}),
  };
}

function isOfHub(kind: Fault['kind']): boolean {
  return kind.startsWith('hub-') || kind === 'spike';
}

function drawWeather(chance: Chance): Weather {
  const delayMs = chance.pick([[0.1, 1] as const, [5, 80] as const, [1, 700] as const]);
  const isSound = chance.happens(0.4);
  const bufferBytes = chance.pick([256, 4096, 64 * 1024]);
  const silentEnd = chance.pick([0, 0.3]);
  if (isSound) return { ...calm, delayMs, bufferBytes, silentEnd };
  const lossWays = chance.pick(['both', 'both', 'to-hub', 'to-agent'] as const);
  return {
    delayMs,
    bufferBytes,
    silentEnd,
    lossWays,
    loss: chance.happens(0.6) ? chance.between(0.01, 0.3) : 0,
    double: chance.happens(0.5) ? chance.between(0.01, 0.2) : 0,
    overtake: chance.happens(0.5) ? chance.between(0.01, 0.3) : 0,
  };
}
