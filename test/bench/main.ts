/*
 * `npm run bench`: measures the built programs and prints a table; see README.md beside this file.
 *
 * Benches run one after the other, because each measures time. Nothing is written but the file that
 * `--json` names, and a budget that is not met does not change the exit status: it says what this
 * machine did just now.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readWords, refuseWords } from '../kit/command-words.ts';
import type { Figure } from './figure.ts';
import { benchIdle } from './idle.ts';
import { benchJobs } from './jobs.ts';
import { benchCore } from './jobs-core.ts';
import { roundsDefault, soakMinutesDefault } from './limits.ts';
import { benchLogs } from './logs.ts';
import { benchFairLogs } from './logs-fair.ts';
import { benchOpen } from './open.ts';
import type { BenchPlan } from './plan.ts';
import { benchRedaction } from './redaction.ts';
import { renderMarkdown, renderText } from './report.ts';
import { benchRivals, rivalIds } from './rivals/bench.ts';
import { benchScale } from './scale.ts';
import { benchKeys, benchPaint } from './screen.ts';
import { benchScreen } from './screen-feed.ts';
import { benchTeam, benchVersion } from './starts.ts';

/** Name → what it measures. */
const benches: Readonly<Record<string, (plan: BenchPlan) => Promise<readonly Figure[]>>> = {
  version: benchVersion,
  team: benchTeam,
  paint: benchPaint,
  keys: benchKeys,
  screen: benchScreen,
  idle: benchIdle,
  jobs: benchJobs,
  'jobs-core': benchCore,
  logs: benchLogs,
  'logs-fair': benchFairLogs,
  open: benchOpen,
  redaction: benchRedaction,
  rivals: benchRivals,
  scale: benchScale,
};

const usage = `node test/bench/main.ts [flags], after a build
  --only NAME   ${Object.keys(benches).join(', ')}; may be repeated
  --rounds N    (${roundsDefault})
  --quick       one short round, which shows that it works and measures nothing
  --minutes N   (${soakMinutesDefault}) of feed in which the screen's memory is watched
  --install     as root: install what \`rivals\` needs (Debian's servers, clients of the registry)
  --rival ID    of \`rivals\` only this one; may be repeated
  --markdown    print the table of test/bench/README.md
  --json FILE   write the figures to FILE too`;

/** Else its figures, met or not, would look like those of a whole run. */
const quickWords =
  '--quick: a fortieth of everything, once. It shows that the bench works; no figure above measures anything.';

const { values } = readWords(usage, () =>
  parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: Object.keys(benches) },
      quick: { type: 'boolean', default: false },
      minutes: { type: 'string', default: String(soakMinutesDefault) },
      install: { type: 'boolean', default: false },
      rival: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: String(roundsDefault) },
      markdown: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  }),
);
const unknown = [
  ...values.only.filter((name) => !Object.hasOwn(benches, name)),
  ...values.rival.filter((id) => !rivalIds.has(id)),
];

// So that homes and servers hear of the end and take what runs in them along.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const isWrong = !(Number(values.rounds) >= 1) || !(Number(values.minutes) > 0);

if (unknown.length > 0 || isWrong) {
  refuseWords(
    usage,
    unknown.length > 0 ? `there is no ${unknown.join(', ')}` : 'a flag is not a count',
  );
} else {
  await run();
  // A client of another system may have left a timer behind.
  process.exit();
}

async function run(): Promise<void> {
  const figures: Figure[] = [];
  const plan: BenchPlan = {
    rounds: values.quick ? 1 : Math.floor(Number(values.rounds)),
    isQuick: values.quick,
    soakMinutes: Number(values.minutes),
    mayInstall: values.install,
    rivals: values.rival,
  };
  for (const name of values.only) {
    const start = performance.now();
    figures.push(...((await benches[name]?.(plan)) ?? []));
    console.error(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
  console.log(values.markdown ? renderMarkdown(figures) : renderText(figures));
  if (plan.isQuick) console.error(quickWords);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
  }
}
