/*
 * What `npm test` does: build, types, lint, every test, then the simulator's seeds and mutants.
 *
 * No stage stops the next, so that one run shows all that is wrong. The last line is always
 * `N passed, N failed`, where every test counts and every other stage counts as one; the exit
 * status is 1 when anything failed. A test file that can't be loaded, an error outside any test
 * and a run that does not end are failures too. A stage and what it left running end together.
 * Arguments name the test files to run, as vitest takes them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Count {
  readonly passed: number;
  readonly failed: number;
}

interface Stage {
  readonly title: string;
  readonly command: readonly [string, ...string[]];
  /** Given when the stage's work is done, so that only its end is still awaited. */
  readonly done?: AbortSignal;
}

/** What the JSON reporter writes, as far as it is read here. */
interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const root = fileURLToPath(new URL('..', import.meta.url));

/** A stage that hangs is ended and counts as failed. All together are meant to take half of this on two cores. */
const stageMsMax = 17 * 60 * 1000;

/** Once all is reported, a stage has this long to end; what a test left running can hold it. */
const endMsMax = 30 * 1000;

const simulator = 'test/sim/main.ts';

const counts: Count[] = [
  countOne(await runStage({ title: 'build', command: ['node', '.config/build.ts'] })),
  countOne(await runStage({ title: 'types', command: ['tsc', '-p', '.'] })),
  countOne(
    await runStage({ title: 'lint', command: ['biome', 'check', '--config-path=.config', '.'] }),
  ),
  await runTests(),
];
if (existsSync(join(root, simulator))) {
  const seeds = ['node', simulator, '--seeds', '400'] as const;
  counts.push(countOne(await runStage({ title: 'simulator', command: [...seeds] })));
  // Those that are caught at once; all of them: `npm run sim:mutants`. That the others still fit the
  // sources is looked at too.
  const quick = 'mark-not-in-batch-hub,rerun-after-restart,group-sum,nobody-asked';
  const mutants = ['node', 'test/sim/mutants/main.ts', '--only', quick, '--ms', '12000'] as const;
  counts.push(countOne(await runStage({ title: 'mutants', command: [...mutants] })));
}

const passed = counts.reduce((sum, count) => sum + count.passed, 0);
const failed = counts.reduce((sum, count) => sum + count.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function runTests(): Promise<Count> {
  const directory = mkdtempSync(join(tmpdir(), 'wally-test-'));
  const file = join(directory, 'report.json');
  const done = new AbortController();
  const watcher = watch(directory, () => done.abort());
  try {
    const isGood = await runStage({
      title: 'tests',
      command: [
        ...(['vitest', 'run', '--config', '.config/vitest.config.ts'] as const),
        ...['--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
        ...process.argv.slice(2),
      ],
      done: done.signal,
    });
    return countTests(isGood, existsSync(file) ? readFileSync(file, 'utf8') : undefined);
  } finally {
    watcher.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function countTests(isGood: boolean, json: string | undefined): Count {
  if (json === undefined) return { passed: 0, failed: 1 };
  const report = JSON.parse(json) as TestReport;
  const unloaded = report.testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  if (report.numPendingTests > 0) console.log(`== tests: ${report.numPendingTests} left out`);
  const failed = report.numFailedTests + unloaded.length;
  return { passed: report.numPassedTests, failed: failed === 0 && !isGood ? 1 : failed };
}

function countOne(isGood: boolean): Count {
  return isGood ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Runs one stage in a process group of its own; true when it ended by itself and well. */
async function runStage({ title, command, done }: Stage): Promise<boolean> {
  const [program, ...args] = command;
  const start = performance.now();
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter);
  const child = spawn(program, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    env: { ...process.env, PATH: path },
  });
  const end = () => endGroup(child.pid);
  const timers = [setTimeout(end, stageMsMax)];
  const endLate = () => {
    console.log(`== ${title}: all is reported but it does not end; a test left a process running`);
    end();
  };
  done?.addEventListener('abort', () => timers.push(setTimeout(endLate, endMsMax)), { once: true });
  const interrupt = () => {
    end();
    process.exit(130);
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const [status, signal] = await once(child, 'exit').catch((error: Error) => [error.message, null]);
  for (const timer of timers) clearTimeout(timer);
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  end();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const verdict = status === 0 ? 'ok' : `FAILED (${signal ?? status})`;
  console.log(`== ${title}: ${verdict} in ${seconds} s`);
  return status === 0;
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (thrown) {
    // ESRCH is the normal case: nothing of the group is left.
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH')) throw thrown;
  }
}
