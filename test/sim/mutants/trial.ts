/*
 * One trial, in a process of its own and a planted tree: seeds until one fails, or the time is over.
 *
 *   node test/sim/mutants/trial.ts SEEDS MILLISECONDS [FOCUS,…]
 *
 * Prints one line of JSON: how many seeds were run and what the last one violated.
 */
import { runSeed } from '../run.ts';

const [seedsMax, msMax, focus] = process.argv.slice(2);
const kinds = new Set((focus ?? '').split(',').filter((kind) => kind !== ''));
const endAt = performance.now() + Number(msMax);

Error.stackTraceLimit = 0;

let seedCount = 0;
let violation: { readonly check: string; readonly message: string } | undefined;
while (violation === undefined && seedCount < Number(seedsMax) && performance.now() < endAt) {
  seedCount += 1;
  [violation] = (await runSeed({ seed: seedCount, focus: kinds })).violations;
}
console.log(JSON.stringify({ seedCount, ...violation }));
