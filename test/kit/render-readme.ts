/*
 * Draws the picture of the README: `npm run picture`.
 *
 * A real hub with three odallies in homes of their own does a handful of jobs, and the real cockpit
 * is drawn from its terminal into cockpit/tui/screenshot.svg. What the jobs print is made up; how
 * they are given out, run and shown is not. Nothing of the machine it is drawn on may be in the
 * picture: that is checked before the file is written. `--png FILE` draws it as a PNG too.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Homes, openHomes } from './homes.ts';
import { darkTheme, drawPicture, renderPng } from './picture.ts';
import { locateProgram, runVerb, type VerbPlan } from './processes.ts';
import { type OpenTerminal, openTerminal } from './terminal.ts';

type Environment = Readonly<Record<string, string>>;

interface Box {
  readonly host: string;
  readonly slots: number;
}

interface SceneJob {
  readonly title: string;
  /** A worker's name, or `all`. */
  readonly on: string;
  /** Lines of a shell script. */
  readonly script: readonly string[];
}

const target = fileURLToPath(new URL('../../cockpit/tui/screenshot.svg', import.meta.url));

/** The hub's home is on the screen, so it must be no path of this machine or of this run. */
const shownHome = '/tmp/wally';

const size = { columns: 120, rows: 34 } as const;

/** The hub calls them alice, bob and charlie. */
const boxes: readonly Box[] = [
  { host: 'build-eu-1', slots: 2 },
  { host: 'gpu-box', slots: 1 },
  { host: 'mac-mini', slots: 2 },
];

/** For work that has not ended when the picture is taken. */
const goOn = 'while :; do sleep 60; done';

const endedJobs: readonly SceneJob[] = [
  { on: 'alice', title: 'git pull', script: ['sleep 0.6'] },
  { on: 'alice', title: 'npm ci', script: ['sleep 3.4'] },
  { on: 'charlie', title: 'swift build', script: ['sleep 2.7'] },
  { on: 'bob', title: 'nvidia-smi', script: ['sleep 0.2'] },
  { on: 'bob', title: 'pytest -q', script: ['sleep 1.3', 'exit 1'] },
  { on: 'alice', title: 'npm run lint', script: ['sleep 1.8'] },
  { on: 'bob', title: 'pytest -q', script: ['sleep 1.1'] },
  { on: 'alice', title: 'docker build .', script: ['sleep 2.2'] },
  { on: 'charlie', title: 'swift test', script: ['sleep 1.6'] },
  { on: 'all', title: 'df -h /', script: ['sleep 0.3'] },
  { on: 'alice', title: 'npm run build', script: ['sleep 1.2'] },
];

const runningJobs: readonly SceneJob[] = [
  { on: 'bob', title: 'python train.py', script: [goOn] },
  { on: 'bob', title: 'python eval.py', script: [goOn] },
  { on: 'charlie', title: 'xcodebuild test', script: [goOn] },
];

/** Ends while the cockpit is open, so that the cockpit says so. */
const failingJob: SceneJob = {
  on: 'alice',
  title: 'terraform plan',
  script: ['sleep 0.9', 'exit 1'],
};

/** Given out while the cockpit is open, so that its output streams in. */
const liveJob: SceneJob = {
  on: 'alice',
  title: 'npm test',
  script: [...planTestRun().flatMap((line) => [line, 'sleep 0.04']), goOn],
};

/** The last thing that it prints. */
const liveEnd = /e2e\/subscribe/;

const { values } = parseArgs({ options: { png: { type: 'string' } } });
await draw(values.png);

async function draw(png: string | undefined): Promise<void> {
  await using homes = openHomes();
  mkdirSync(shownHome, { mode: 0o700 });
  try {
    const hub: Environment = { ...homes.hub(), WALLY_HOME: shownHome };
    await openTeam(homes, hub);
    await doEarlierJobs(hub);
    await using terminal = openCockpit(hub);
    await showLiveJob(terminal, hub);
    savePicture(terminal, png);
    await runVerb({ program: 'wally', args: ['down'], env: hub });
  } finally {
    rmSync(shownHome, { recursive: true });
  }
}

async function openTeam(homes: Homes, hub: Environment): Promise<void> {
  const up = await ask<{ hub: { pid: number } }>(hub, ['up']);
  homes.own(up.hub.pid);
  for (const { host, slots } of boxes) {
    const agent = homes.agent(host);
    const { code } = await ask<{ code: string }>(hub, ['invite']);
    const config = `host = "${host}"\nslots = ${slots}\ngrace_ms = 200\n`;
    writeFileSync(join(agent.ODALLY_HOME ?? '', 'config.toml'), config);
    const args = ['join', code, '--background', '--json'];
    const joined = await runVerb({ program: 'odally', args, env: agent });
    if (joined.status !== 0) throw new Error(`join: ${joined.stdout}${joined.stderr}`);
  }
}

async function doEarlierJobs(hub: Environment): Promise<void> {
  const ids: string[] = [];
  for (const job of endedJobs) ids.push(await dispatch(hub, job));
  await ask(hub, ['wait', ...ids]);
  for (const job of runningJobs) await dispatch(hub, job);
}

function openCockpit(hub: Environment): OpenTerminal {
  return openTerminal({
    command: process.execPath,
    args: [locateProgram('wally')],
    cwd: '/',
    env: hub,
    ...size,
  });
}

async function showLiveJob(terminal: OpenTerminal, hub: Environment): Promise<void> {
  await terminal.until(/3 running 1 waiting|2 running 1 waiting/);
  await ask(hub, ['wait', await dispatch(hub, failingJob)]);
  await terminal.until(/ended badly/);
  await dispatch(hub, liveJob);
  await terminal.until(/npm test/);
  terminal.press('2');
  terminal.press('g');
  await terminal.until(liveEnd);
}

function savePicture(terminal: OpenTerminal, png: string | undefined): void {
  const text = terminal.screen().join('\n');
  for (const trace of [homedir(), hostname(), `${tmpdir()}/wy-`]) {
    if (text.includes(trace)) throw new Error(`the screen shows "${trace}":\n${text}`);
  }
  const snapshot = terminal.snapshot();
  const svg = drawPicture({ snapshot, title: 'wally', theme: darkTheme });
  writeFileSync(target, svg);
  console.error(`${target}: ${Math.round(svg.length / 1024)} KiB`);
  if (png !== undefined) writeFileSync(png, renderPng(svg));
}

async function dispatch(hub: Environment, job: SceneJob): Promise<string> {
  const where = job.on === 'all' ? ['--all'] : ['--on', job.on];
  const script = job.script.join('\n');
  const args = ['dispatch', ...where, '--title', job.title, '--', script];
  return (await ask<{ id: string }>(hub, args)).id;
}

/** A verb with `--json`; what comes after `--` is left alone. */
async function ask<Value>(hub: Environment, args: readonly string[]): Promise<Value> {
  const [verb = '', ...rest] = args;
  const plan: VerbPlan = { program: 'wally', args: [verb, '--json', ...rest], env: hub };
  const answer = (await runVerb(plan)).json<Value | { error: { message: string } }>();
  if (typeof answer === 'object' && answer !== null && 'error' in answer) {
    throw new Error(`${verb}: ${answer.error.message}`);
  }
  return answer as Value;
}

/** `printf` lines of a test runner's report, no wider than the log pane. */
function planTestRun(): readonly string[] {
  const say = (text: string) => `printf '${text}\\n'`;
  const paint = (sgr: string, text: string) => `\\033[${sgr}m${text}\\033[0m`;
  const dim = (text: string) => paint('2', text);
  const passed = (file: string, count: number, time: string) =>
    say(` ${paint('32', '✓')} ${file} ${dim(`(${count} tests)`)} ${paint('32', time)}`);
  return [
    say(dim('> shop@2.4.0 test')),
    say(dim('> vitest run')),
    say(''),
    say(`${paint('1;46;30', ' RUN ')} ${paint('36', 'v5.1.1')} ${dim('shop')}`),
    say(''),
    passed('tests/api/auth.test.ts', 18, '212ms'),
    passed('tests/api/cart.test.ts', 31, '348ms'),
    passed('tests/api/orders.test.ts', 26, '402ms'),
    passed('tests/api/payments.test.ts', 22, '1.1s'),
    passed('tests/model/money.test.ts', 64, '38ms'),
    passed('tests/model/stock.test.ts', 17, '55ms'),
    say(
      ` ${paint('33', '↓')} tests/model/tax.test.ts ${dim('(9 tests |')} ${paint('33', '1 skipped')}${dim(')')}`,
    ),
    passed('tests/web/search.test.ts', 12, '690ms'),
    passed('tests/web/login.test.ts', 8, '731ms'),
    `${say('(node) DeprecationWarning: url.parse() is deprecated')} >&2`,
    passed('tests/web/checkout.test.ts', 15, '1.4s'),
    say(
      ` ${paint('31', '✗')} tests/web/wishlist.test.ts ${dim('(6 tests |')} ${paint('31', '1 failed')}${dim(')')}`,
    ),
    say(`   ${paint('31', '× keeps its order after a reload')}`),
    say(`     ${paint('32', '- [3, 1, 2]')}`),
    say(`     ${paint('31', '+ [1, 2, 3]')}`),
    passed('tests/web/profile.test.ts', 11, '520ms'),
    passed('tests/web/upload.test.ts', 7, '864ms'),
    passed('tests/mail/invoice.test.ts', 14, '97ms'),
    passed('tests/mail/reminder.test.ts', 9, '61ms'),
    passed('tests/e2e/buy.test.ts', 5, '3.8s'),
    passed('tests/e2e/refund.test.ts', 4, '2.9s'),
    say(''),
    say(` ${dim('Running')} tests/e2e/subscribe.test.ts ${paint('33', '3/8')}`),
  ];
}
