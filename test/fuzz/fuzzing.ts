/*
 * The fuzz loop: mutants of the corpus against every decoder, and what counts as a fault.
 *
 * A fault is an error that is not a refusal, a decoder that is busy for too long, a prototype that
 * grew, or a process that did. All chance is from the seed, so a fault is found again by it. A fault
 * is made small before it is reported, and its bytes become a line of known.txt.
 */
import { createChance } from '../sim/chance.ts';
import { type Family, openCorpus, type Specimen } from './corpus.ts';
import {
  framesPerLook,
  framesWarm,
  growthBytesMax,
  hangMsMax,
  hangTries,
  shrinkTriesMax,
} from './limits.ts';
import { mutate } from './mutate.ts';
import type { Target, Verdict } from './targets.ts';

/** What a target did that it must not. */
export interface Fault {
  readonly target: string;
  readonly why: string;
  readonly bytes: Uint8Array;
}

/** What a run is made from. `secondsMax` ends it early. */
export interface FuzzPlan {
  readonly seed: number;
  readonly framesMax: number;
  readonly secondsMax: number;
  readonly targets: readonly Target[];
  readonly report: (line: string) => void;
}

/** How a run went. */
export interface FuzzReport {
  readonly frames: number;
  readonly tries: number;
  /** Tries that ended with the mutant taken; without any, nothing behind the codec was tried. */
  readonly taken: number;
  readonly slowestMs: number;
  readonly growthBytes: number;
  readonly fault: Fault | undefined;
}

/** Runs until the frames or the time are over, or something is wrong. */
export async function fuzz(plan: FuzzPlan): Promise<FuzzReport> {
  const chance = createChance(plan.seed);
  const corpus = openCorpus(plan.seed);
  const endAt = performance.now() + plan.secondsMax * 1000;
  const judge = new Judge();
  let growthBytes = 0;
  let frames = 0;
  let fault: Fault | undefined;
  for (; frames < plan.framesMax && fault === undefined; frames += 1) {
    const specimen = chance.pick(corpus);
    const bytes = mutate(specimen.bytes, chance.pick(corpus).bytes, chance);
    fault = await tryAll(judge, pickTargets(plan.targets, specimen, frames), bytes);
    if (frames % framesPerLook !== 0) continue;
    if (performance.now() > endAt) break;
    plan.report(`${frames} frames, slowest ${judge.slowestMs.toFixed(1)} ms`);
    growthBytes = Math.max(growthBytes, judge.growth(frames));
    if (growthBytes > growthBytesMax) {
      fault = { target: 'memory', why: `the process grew by ${growthBytes} bytes`, bytes };
    }
  }
  if (fault !== undefined) fault = await shrink(plan.targets, fault);
  const { tries, taken, slowestMs } = judge;
  return { frames, tries, taken, slowestMs, growthBytes, fault };
}

/** Runs one input through one target; gives the fault, if it is one. */
export async function tryOne(target: Target, bytes: Uint8Array): Promise<Fault | Verdict> {
  const names = countNames();
  let verdict: Verdict;
  try {
    verdict = await target.run(bytes);
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { target: target.name, why: why.slice(0, 300), bytes };
  }
  if (countNames() === names) return verdict;
  return { target: target.name, why: 'a prototype has grown', bytes };
}

class Judge {
  tries = 0;
  taken = 0;
  slowestMs = 0;
  #baseline = 0;

  async try(target: Target, bytes: Uint8Array): Promise<Fault | undefined> {
    this.tries += 1;
    const startedAt = performance.now();
    const verdict = await tryOne(target, bytes);
    const ms = performance.now() - startedAt;
    if (typeof verdict === 'object') return verdict;
    if (verdict === 'taken') this.taken += 1;
    if (ms <= this.slowestMs) return undefined;
    const best = ms > hangMsMax / 4 ? await measureBest(target, bytes) : ms;
    this.slowestMs = Math.max(this.slowestMs, best);
    if (best <= hangMsMax) return undefined;
    return { target: target.name, why: `busy for more than ${hangMsMax} ms`, bytes };
  }

  /** Bytes by which the process is larger than it was when warm. */
  growth(frames: number): number {
    if (frames < framesWarm) return 0;
    collectGarbage();
    const { rss } = process.memoryUsage();
    if (this.#baseline === 0) this.#baseline = rss;
    return rss - this.#baseline;
  }
}

async function tryAll(
  judge: Judge,
  targets: readonly Target[],
  bytes: Uint8Array,
): Promise<Fault | undefined> {
  for (const target of targets) {
    const fault = await judge.try(target, bytes);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Its family's targets, and of the others one in turn. */
function pickTargets(
  targets: readonly Target[],
  { family }: Specimen,
  turn: number,
): readonly Target[] {
  const own = targets.filter((target) => isFor(target, family));
  const other = targets[turn % targets.length];
  return other === undefined || own.includes(other) ? own : [...own, other];
}

function isFor(target: Target, family: Family): boolean {
  return target.families.includes(family);
}

/**
 * The least of several tries, in time of the processor: what else the machine does, and how long this
 * process waits for its turn, is not the decoder's fault.
 */
async function measureBest(target: Target, bytes: Uint8Array): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < hangTries; tries += 1) {
    const before = process.cpuUsage();
    await tryOne(target, bytes);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

function countNames(): number {
  return (
    Object.getOwnPropertyNames(Object.prototype).length +
    Object.getOwnPropertyNames(Array.prototype).length +
    Object.getOwnPropertyNames(Uint8Array.prototype).length
  );
}

function collectGarbage(): void {
  // Only there under --expose-gc; without it the cap still holds, only less sharply.
  (globalThis as { gc?: () => void }).gc?.();
}

/** Fewer bytes that break the same target in the same way. */
export async function shrink(targets: readonly Target[], fault: Fault): Promise<Fault> {
  const target = targets.find(({ name }) => name === fault.target);
  if (target === undefined || fault.why.startsWith('busy')) return fault;
  const isSame = async (bytes: Uint8Array) => {
    const again = await tryOne(target, bytes);
    return typeof again === 'object' && again.why === fault.why;
  };
  let { bytes } = fault;
  let tries = 0;
  for (let piece = bytes.length >> 1; piece >= 1; piece >>= 1) {
    for (let at = 0; at + piece <= bytes.length && tries < shrinkTriesMax; tries += 1) {
      const fewer = new Uint8Array(
        Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + piece)]),
      );
      if (await isSame(fewer)) bytes = fewer;
      else at += piece;
    }
  }
  return { ...fault, bytes };
}
