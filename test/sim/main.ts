/*
 * The simulator's command: many seeds, one after the other, or one seed with its trace.
 *
 *   node test/sim/main.ts --seeds 1000 [--first 1]     node test/sim/main.ts --seed 42 [--about J3]
 *
 * Exit status 1 when a seed fails; the seed, what was violated and the end of its trace are printed.
 */
import { parseArgs } from 'node:util';
import { type RunReport, runSeed } from './run.ts';

/** Lines of a trace that are printed for a failing seed. */
const linesShownMax = 150;

/** Between two lines of progress, milliseconds. */
const progressMs = 5000;

/** Failing seeds after which a batch gives up. */
const failuresMaxDefault = 5;

const usage = `node test/sim/main.ts [--seeds N] [--first N] [--failures N]
node test/sim/main.ts --seed N [--about J3] [--lines N]`;

const values = readArguments();

process.exitCode =
  values.seed === undefined
    ? await runMany(readCount(values.first), readCount(values.seeds))
    : await replay(readCount(values.seed), readCount(values.lines));

function readArguments() {
  const options = {
    seeds: { type: 'string', default: '200' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    about: { type: 'string' },
    failures: { type: 'string', default: String(failuresMaxDefault) },
    lines: { type: 'string', default: String(linesShownMax) },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** A number that is none would run no seed at all, and pass. */
function readCount(text: string): number {
  const count = Number(text);
  return Number.isSafeInteger(count) && count > 0 ? count : refuse(`"${text}" is not a count`);
}

function refuse(why: string): never {
  console.error(`${why}\n${usage}`);
  process.exit(2);
}

async function runMany(first: number, count: number): Promise<number> {
  const startedAt = performance.now();
  const totals = new Map<string, number>();
  const failed: RunReport[] = [];
  let shownAt = startedAt;
  let done = 0;
  for (; done < count && failed.length < readCount(values.failures); done += 1) {
    const report = await runSeed({ seed: first + done });
    for (const [what, n] of report.counts) totals.set(what, (totals.get(what) ?? 0) + n);
    if (report.violations.length > 0) {
      failed.push(report);
      printViolations(report);
    }
    if (performance.now() - shownAt < progressMs) continue;
    shownAt = performance.now();
    console.log(`  ${done + 1} of ${count} seeds, ${failed.length} failed`);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const rate = (done / seconds).toFixed(1);
  console.log(`${done} seeds, ${failed.length} failed, ${seconds.toFixed(1)} s, ${rate} seeds/s`);
  for (const [what, n] of [...totals].sort()) console.log(`  ${String(n).padStart(8)} ${what}`);
  const [firstFailed] = failed;
  if (firstFailed === undefined) return 0;
  await replay(firstFailed.seed, linesShownMax);
  console.log(`failed: ${failed.map(({ seed }) => seed).join(' ')} (replay with --seed N)`);
  return 1;
}

async function replay(seed: number, linesMax: number): Promise<number> {
  const report = await runSeed({ seed, isVerbose: true });
  const about = values.about ?? report.violations.find((violation) => violation.about)?.about;
  const lines =
    about === undefined ? report.lines : report.lines.filter((line) => isOf(line, about));
  if (lines.length > linesMax) console.log(`  … ${lines.length - linesMax} lines before these`);
  for (const line of lines.slice(-linesMax)) console.log(line);
  printViolations(report);
  const verdict = report.violations.length === 0 ? 'passed' : 'FAILED';
  console.log(`seed ${seed} ${verdict}, ${report.eventCount} events, trace ${report.hash}`);
  return report.violations.length === 0 ? 0 : 1;
}

/** Is the line about this job, or about what befell a whole process? */
function isOf(line: string, job: string): boolean {
  const named = new RegExp(`\\b${job}(?!\\d)`);
  return (
    named.test(line) ||
    /(starts|serves|is killed|is paused|goes on|ended:|cut|partition|healed|hello)/.test(line)
  );
}

function printViolations({ seed, violations }: RunReport): void {
  for (const { check, message } of violations.slice(0, 10)) {
    console.log(`seed ${seed} violates "${check}": ${message}`);
  }
}
