/*
 * Draws the picture of the README: `npm run picture`.
 *
 * A real hub with three odallies in homes of their own does a handful of jobs, and the real cockpit
 * is drawn from its terminal into cockpit/tui/screenshot.svg. What the jobs print is made up; how
 * they are given out, run and shown is not. Nothing of the machine it is drawn on may be in the
 * picture: that is checked before the file is written. `--png FILE` draws it as a PNG too.
 */
import { writeFileSync } from 'node:fs';
import { homedir, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Homes, openHomes } from './homes.ts';
import { darkTheme, drawPicture, renderPng } from './picture.ts';
import { locateProgram, runVerb } from './processes.ts';
import { type OpenTerminal, openTerminal } from './terminal.ts';

interface Box {
  readonly name: string;
  readonly host: string;
  readonly slots: number;
}

interface SceneJob {
  readonly title: string;
  /** A worker's name, or `all`. */
  readonly on: string;
  /** Lines of a shell script. */
  readonly script: readonly string[];
  /** Exit status of `wait`; undefined for work that goes on while the picture is taken. */
  readonly wait?: 0 | 1;
}

const target = fileURLToPath(new URL('../../cockpit/tui/screenshot.svg', import.meta.url));

const columns = 120;
const rows = 34;

/** Hubs give these names by themselves, in this order. */
const boxes: readonly Box[] = [
  { name: 'alice', host: 'build-eu-1', slots: 2 },
  { name: 'bob', host: 'gpu-box', slots: 1 },
  { name: 'charlie', host: 'mac-mini', slots: 2 },
];

const goOn = 'while :; do sleep 60; done';

const earlierJobs: readonly SceneJob[] = [
  { on: 'alice', title: 'git pull --ff-only', script: ['sleep 0.6'], wait: 0 },
  { on: 'alice', title: 'npm ci', script: ['sleep 3.4'], wait: 0 },
  { on: 'charlie', title: 'swift build -c release', script: ['sleep 2.7'], wait: 0 },
  { on: 'bob', title: 'pytest -q tests/loader', script: ['sleep 1.3', 'exit 1'], wait: 1 },
  { on: 'bob', title: 'pytest -q tests/loader', script: ['sleep 1.1'], wait: 0 },
  { on: 'alice', title: 'npm run lint', script: ['sleep 1.8'], wait: 0 },
  { on: 'all', title: 'df -h /', script: ['sleep 0.1'], wait: 0 },
  { on: 'charlie', title: 'npm run build:docs', script: [goOn] },
];

const runningJobs: readonly SceneJob[] = [
  { on: 'charlie', title: 'xcodebuild test', script: [goOn] },
  { on: 'bob', title: 'python train.py --epochs 40', script: [goOn] },
  { on: 'bob', title: 'python evaluate.py', script: [goOn] },
];

/** The job that is given out while the cockpit is open, so that its output streams in. */
const liveJob: SceneJob = {
  on: 'alice',
  title: 'npm test',
  script: [...testRun().flatMap((line) => [line, 'sleep 0.05']), goOn],
};
/** The last thing that it prints. */
const liveEnd = /37 of 41 files/;

const { values } = parseArgs({ options: { png: { type: 'string' } } });
await using homes = openHomes();
const env = await openTeam(homes);
for (const job of earlierJobs) await dispatch(env, job);
