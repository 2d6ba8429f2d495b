/*
 * `npm run chaos`: the main run, or the acceptance checks that are named; see README.md beside this.
 *
 * One check after the other, because each takes the whole machine. What cannot be tried here is said,
 * never skipped. The exit status is 1 when anything failed, 2 for arguments that make no sense.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { readWords, refuseWords } from '../kit/command-words.ts';
import type { ChaosCheck, ChaosOutcome } from './check.ts';
import { type ChaosOptions, setOptions } from './options.ts';

const usage = `node test/chaos/main.ts [A1 … A20 liveness] [flags], after a build
  without a name: A1, the main run
  --list         the checks, and what is missing
  --install      fetch what the guest of A5 needs: Debian's packages, programs as root
  --short        a smaller size of each check that has one
  --jobs N       jobs of the main run
  --seed K       what happens to every datagram, and which fault comes when
  --seconds S    length of what runs by time`;

const { values, positionals } = readWords(usage, () =>
  parseArgs({
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      install: { type: 'boolean', default: false },
      short: { type: 'boolean', default: false },
      jobs: { type: 'string' },
      seed: { type: 'string' },
      seconds: { type: 'string' },
    },
  }),
);

/** A check that nobody wrote proves nothing. */
const missing: ChaosOutcome = {
  verdict: 'failed',
  detail: 'missing: there is no file for it',
  figures: {},
};

const ids = [...Array.from({ length: 20 }, (_, index) => `A${index + 1}`), 'liveness'];
const wanted = positionals.length > 0 ? positionals.map(nameCheck) : ['A1'];
const options = readOptions();

const strange = wanted.find((id) => !ids.includes(id));

if (options === undefined || strange !== undefined) {
  refuseWords(
    usage,
    strange === undefined ? 'a flag is not a count' : `there is no check ${strange}`,
  );
} else {
  setOptions(options);
  await (values.list ? list() : runAll());
}

function nameCheck(word: string): string {
  return /^a\d+$/i.test(word) ? word.toUpperCase() : word;
}

function readOptions(): ChaosOptions | undefined {
  const numbers = [values.jobs, values.seed, values.seconds];
  const isSound = numbers.every((text) => text === undefined || /^[1-9]\d{0,8}$/.test(text));
  if (!isSound) return undefined;
  return {
    isShort: values.short,
    mayInstall: values.install,
    ...(values.jobs === undefined ? {} : { jobs: Number(values.jobs) }),
    ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
    ...(values.seconds === undefined ? {} : { seconds: Number(values.seconds) }),
  };
}

async function list(): Promise<void> {
  for (const id of ids) {
    const check = await load(id);
    console.log(`${id.padEnd(9)} ${check?.title ?? 'missing: there is no file for it'}`);
  }
}

async function runAll(): Promise<void> {
  let failedCount = 0;
  for (const id of wanted) {
    const check = await load(id);
    const startedAt = performance.now();
    const outcome = check === undefined ? missing : await run(check);
    if (outcome.verdict === 'failed') failedCount += 1;
    show(check?.title ?? '', outcome);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${id} ${outcome.verdict} in ${seconds} s: ${outcome.detail}`);
  }
  // Sockets that a failed check left open must not hold the command.
  process.exit(failedCount === 0 ? 0 : 1);
}

async function run(check: ChaosCheck): Promise<ChaosOutcome> {
  console.log(`${check.id}: ${check.title}`);
  try {
    return await check.run((line) => console.log(`${check.id}   ${line}`));
  } catch (thrown) {
    const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return { verdict: 'failed', detail, figures: {} };
  }
}

function show(title: string, outcome: ChaosOutcome): void {
  const rows = Object.entries(outcome.figures);
  if (rows.length === 0) return;
  const width = Math.max(...rows.map(([name]) => name.length));
  console.log(`\n  ${title}`);
  for (const [name, value] of rows) console.log(`  ${name.padEnd(width)}  ${value}`);
  console.log('');
}

async function load(id: string): Promise<ChaosCheck | undefined> {
  const name = id === 'liveness' ? id : `a${id.slice(1).padStart(2, '0')}`;
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  if (!existsSync(file)) return undefined;
  return ((await import(pathToFileURL(file).href)) as { check: ChaosCheck }).check;
}
