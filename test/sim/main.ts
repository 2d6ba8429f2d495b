/*
 * The simulator's command: many seeds, one after the other, or one seed with its trace.
 *
 *   node test/sim/main.ts --seeds 1000 [--first 1]     node test/sim/main.ts --seed 42 [--about J3]
 *
 * Exit status 1 when a seed fails; the seed, what was violated and the end of its trace are printed.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { readCount, readNames, readWords } from '../kit/command-words.ts';
import { runBatch } from './batch.ts';
import { coverageSeedsMin, judgeCoverage } from './coverage.ts';
import { faultKinds } from './faults.ts';
import { runSeed } from './run.ts';
import { shrink } from './shrink.ts';
import type { Failure } from './sums.ts';
import { wishKinds } from './wishes.ts';

/** Lines of a trace that are printed for a failing seed. */
const linesShownMax = 150;

/** Between two lines of progress, milliseconds. */
const progressMs = 5000;

/** Failing seeds after which a batch gives up. */
const failuresMaxDefault = 5;

const usage = `node test/sim/main.ts [--seeds N] [--first N] [--jobs N] [--failures N]
node test/sim/main.ts --seed N [--only f3,w7] [--about J3] [--lines N]
  --focus KIND,… has these kinds of faults in every seed`;

const values = readArguments();
const focus = readFocus();

process.exitCode =
  values.seed === undefined
    ? await runMany(readCount(usage, values.first), readCount(usage, values.seeds))
    : await replay(readCount(usage, values.seed), readCount(usage, values.lines));

function readArguments() {
  const options = {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    only: { type: 'string' },
    focus: { type: 'string' },
    about: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    failures: { type: 'string', default: String(failuresMaxDefault) },
    lines: { type: 'string', default: String(linesShownMax) },
  } as const;
  return readWords(usage, () => parseArgs({ options }).values);
}

async function runMany(first: number, count: number): Promise<number> {
  const startedAt = performance.now();
  let shownAt = startedAt;
  const sums = await runBatch({
    ...{ first, count, jobs: readCount(usage, values.jobs) },
    failuresMax: readCount(usage, values.failures),
    focus: [...focus],
    progress: ({ seedCount, failures }) => {
      if (performance.now() - shownAt < progressMs) return;
      shownAt = performance.now();
      const failed = failures.map(({ seed }) => ` ${seed}`).join('');
      console.error(`  ${seedCount} of ${count} seeds, ${failures.length} failed${failed}`);
    },
  });
  const { seedCount, counts, cells, failures } = sums;
  for (const failure of failures) printViolations(failure);
  for (const [what, n] of counts) console.log(`  ${String(n).padStart(8)} ${what}`);
  const isCovered = printCoverage(new Map(cells), seedCount);
  const seconds = (performance.now() - startedAt) / 1000;
  const rate = (seedCount / seconds).toFixed(1);
  console.log(
    `${seedCount} seeds, ${failures.length} failed, ${seconds.toFixed(1)} s, ${rate} seeds/s`,
  );
  const [firstFailed] = failures;
  if (firstFailed === undefined) return isCovered ? 0 : 1;
  await replay(firstFailed.seed, linesShownMax);
  console.log(`failed: ${failures.map(({ seed }) => seed).join(' ')} (replay with --seed N)`);
  return 1;
}

/** True where nothing is wrong, or the batch was too small to say. */
function printCoverage(cells: ReadonlyMap<string, number>, seedCount: number): boolean {
  const { lines, notes, findings } = judgeCoverage(cells, seedCount);
  console.log('cells of the transition tables that were taken:');
  for (const line of lines) console.log(line);
  if (notes.length > 0) console.log(`  seldom taken, and not here: ${notes.join(', ')}`);
  for (const finding of findings) console.log(`  ${finding}`);
  if (findings.length === 0) return true;
  if (seedCount >= coverageSeedsMin) return false;
  console.log(`  (no failure: that takes ${coverageSeedsMin} seeds)`);
  return true;
}

/** Runs one seed and prints what happened; where it fails, with as little of its plan as will do. */
async function replay(seed: number, linesMax: number): Promise<number> {
  const options = { seed, focus, ...readOnly() };
  const whole = await runSeed(options);
  const isShrunk = whole.violations.length > 0 && values.only === undefined;
  let only: ReadonlySet<string> | undefined;
  if (isShrunk) {
    printViolations(whole);
    const { only: left, runCount } = await shrink(whole, options, runSeed);
    only = new Set(left);
    console.log(`${left.length} of ${whole.planned.length} planned, after ${runCount} runs:`);
  }
  const report = await runSeed({ ...options, ...(only && { only }), isVerbose: true });
  for (const { id, at, what } of report.planned) {
    console.log(`  ${id.padEnd(7)} ${(at / 1000).toFixed(3).padStart(8)}  ${what}`);
  }
  const about = values.about ?? report.violations.find((violation) => violation.about)?.about;
  const lines =
    about === undefined ? report.lines : report.lines.filter((line) => isOf(line, about));
  if (lines.length > linesMax) console.log(`  … ${lines.length - linesMax} lines before these`);
  for (const line of lines.slice(-linesMax)) console.log(line);
  printViolations(report);
  const verdict = report.violations.length === 0 ? 'passed' : 'FAILED';
  console.log(`seed ${seed} ${verdict}, ${report.eventCount} events, trace ${report.hash}`);
  if (only !== undefined) console.log(`replay: --seed ${seed} --only ${[...only].join(',')}`);
  return report.violations.length === 0 ? 0 : 1;
}

/** A kind that there is not would be in no seed. */
function readFocus(): ReadonlySet<string> {
  if (values.focus === undefined) return new Set();
  const known = new Set([...faultKinds, ...wishKinds]);
  return new Set(readNames(usage, { text: values.focus, known }));
}

function readOnly() {
  return values.only === undefined ? {} : { only: readList(values.only) };
}

function readList(text: string | undefined): ReadonlySet<string> {
  return new Set((text ?? '').split(',').filter((word) => word !== ''));
}

/** Is the line about this job, or about what befell a whole process? */
function isOf(line: string, job: string): boolean {
  const named = new RegExp(`\\b${job}(?!\\d)`);
  return (
    named.test(line) ||
    /(starts|serves|is killed|is paused|goes on|ended:|cut|partition|healed|hello)/.test(line)
  );
}

function printViolations({ seed, violations }: Failure): void {
  for (const { check, message } of violations.slice(0, 10)) {
    console.log(`seed ${seed} violates "${check}": ${message}`);
  }
}
