/*
 * The fuzz command: a million mutated frames against every decoder.
 *
 *   node test/fuzz/main.ts [--frames N] [--seconds S] [--seed K]
 *   node test/fuzz/main.ts --target NAME --hex BYTES
 *
 * Exit status 1 with the seed and the bytes in hex, made small, when something is wrong; such bytes
 * belong into known.txt, with the test that they fail.
 */

import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readCount, readWords, refuseWords } from '../kit/command-words.ts';
import { type Fault, fuzz, tryOne } from './fuzzing.ts';
import { framesDefault } from './limits.ts';
import { targets } from './targets.ts';

const usage =
  'node test/fuzz/main.ts [--frames N] [--seconds S] [--seed K] [--target NAME --hex BYTES]';
const progressMs = 5000;

// Without it the size of the process says more of the collector's mood than of what is kept.
setFlagsFromString('--expose-gc');
(globalThis as { gc?: unknown }).gc = runInNewContext('gc');

const values = readArguments();
process.exitCode = values.hex === undefined ? await run() : await replay(values.hex, values.target);

function readArguments() {
  const options = {
    frames: { type: 'string', default: String(framesDefault) },
    seconds: { type: 'string', default: '3600' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
    hex: { type: 'string' },
  } as const;
  return readWords(usage, () => parseArgs({ options }).values);
}

async function run(): Promise<number> {
  const startedAt = performance.now();
  let saidAt = startedAt;
  const report = await fuzz({
    seed: readCount(usage, values.seed),
    framesMax: readCount(usage, values.frames),
    secondsMax: readCount(usage, values.seconds),
    targets,
    report: (line) => {
      if (performance.now() - saidAt < progressMs) return;
      saidAt = performance.now();
      console.log(line);
    },
  });
  const { frames, tries, taken, slowestMs, growthBytes, fault } = report;
  if (fault !== undefined) return complain(fault);
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${frames} mutated frames, ${tries} decodings, ${taken} of them taken, in ${seconds.toFixed(1)} s; ` +
      `slowest ${slowestMs.toFixed(1)} ms, grew by ${(growthBytes / 2 ** 20).toFixed(0)} MiB; no fault`,
  );
  return 0;
}

async function replay(hex: string, name: string | undefined): Promise<number> {
  const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
  const asked = targets.filter((target) => name === undefined || target.name === name);
  if (asked.length === 0) return refuseWords(usage, `there is no target "${name}"`);
  for (const target of asked) {
    const fault = await tryOne(target, bytes);
    if (typeof fault === 'object') return complain(fault);
  }
  console.log('no fault');
  return 0;
}

function complain({ target, why, bytes }: Fault): number {
  console.log(`FAULT in ${target}: ${why}`);
  console.log(`seed ${values.seed}, ${bytes.length} bytes: ${Buffer.from(bytes).toString('hex')}`);
  return 1;
}
