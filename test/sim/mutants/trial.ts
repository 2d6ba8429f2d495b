/*
 * One trial, in a process of its own and a planted tree: seeds until one fails, or the time is over.
 * Time of the processor counts, so that a busy machine changes nothing.
 *
 *   node test/sim/mutants/trial.ts SEEDS MILLISECONDS [FOCUS,…]
 *
 * Prints a line of JSON after every seed: how many there were and what the last one violated.
 */
import { runSeed } from '../run.ts';

const [seedsMax, msMax, focus] = process.argv.slice(2);
const kinds = new Set((focus ?? '').split(',').filter((kind) => kind !== ''));

Error.stackTraceLimit = 0;

let seedCount = 0;
let violation: { readonly check: string; readonly message: string } | undefined;
while (violation === undefined && seedCount < Number(seedsMax) && findCpuMs() < Number(msMax)) {
  seedCount += 1;
  [violation] = (await runSeed({ seed: seedCount, focus: kinds })).violations;
  console.log(JSON.stringify({ seedCount, ...violation }));
}

function findCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
