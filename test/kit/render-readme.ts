/*
 * Draws the picture of the README: `npm run picture`.
 *
 * A real hub with three odallies in homes of their own does a handful of jobs, and the real cockpit
 * is drawn from its terminal into cockpit/tui/screenshot.svg. What the jobs print is made up, how
 * they are run and shown is not. Nothing of the machine it is drawn on may be in the picture; that
 * is checked before the file is written. With `--png FILE` it is also drawn as a PNG to look at.
 */
import { writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Homes, openHomes } from './homes.ts';
import { darkTheme, drawPicture, renderPng } from './picture.ts';
import { runVerb } from './processes.ts';
import { type OpenTerminal, openTerminal } from './terminal.ts';

interface Box {
  readonly name: string;
  readonly host: string;
  readonly slots: number;
  readonly has: readonly string[];
}

interface SceneJob {
  readonly title: string;
  readonly on: string;
  /** Lines of a shell script. */
  readonly script: readonly string[];
  /** How far it must be before the next one is given out. */
  readonly until: 'ended' | 'given';
}

/** The names are the ones that a hub gives by itself, in this order. */
const boxes: readonly Box[] = [
  { name: 'alice', host: 'build-eu-1', slots: 2, has: ['docker'] },
  { name: 'bob', host: 'gpu-box', slots: 1, has: ['cuda'] },
  { name: 'charlie', host: 'mac-mini', slots: 2, has: ['xcode'] },
];

const columns = 120;
const rows = 34;

/** Goes on until the hub's homes are closed, with one line now and then. */
const endless = 'while :; do sleep 60; done';

const green = '\\033[32m';
const red = '\\033[31m';
const dim = '\\033[2m';
const bold = '\\033[1m';
const yellow = '\\033[33m';
const cyan = '\\033[36m';
const off = '\\033[0m';

const jobs: readonly SceneJob[] = [
  job('alice', 'git fetch --prune', ['sleep 0.6', 'echo "From example.org:acme/shop"']),
  job('alice', 'npm ci', ['sleep 3.4', 'echo "added 412 packages in 3s"']),
  job('charlie', 'swift build -c release', ['sleep 2.2', 'echo "Build complete!"']),
  job('bob', 'pytest -q tests/loader', [
    'sleep 1.3',
    'echo "E   AssertionError: batch 3 of 4 is empty" >&2; exit 1',
  ]),
  job('alice', 'npm run lint', ['sleep 1.8', 'echo "Checked 318 files. No fixes applied."']),
  job('bob', 'pytest -q tests/loader', ['sleep 1.1', 'echo "42 passed in 1.02s"']),
];
