/*
 * A program with a workshop, run as a process of its own by the tests: to be killed, and to have its
 * memory measured where nothing else runs.
 *
 * `crash FOLDER`: starts work that ignores TERM, prints its mark, and waits to be killed.
 * `flood FOLDER BYTES`: takes that many bytes slowly and prints how they arrived and what memory grew.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { openWorkshop } from '../../../agent/work/spawn.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';

const [mode = '', directory = '', size = '0'] = process.argv.slice(2);
const shop = openWorkshop({
  directory,
  trees: `${directory}-trees`,
  ports: openSystemPorts(),
  baseEnv: { PATH: process.env.PATH },
  config: { has: [], harness: {} },
});
const terms = { env: {}, isIdempotent: false, lostAfterMs: 1 };

if (mode === 'crash') {
  const command = "trap '' TERM; setsid sh -c 'echo away=$$; exec sleep 1000' & echo near=$$; wait";
  let said = '';
  const work = await shop.start(
    { attempt: 'J1.1', mark: `crash-${process.pid}`, spec: { command: [command], ...terms } },
    async (_, bytes) => {
      said += Buffer.from(bytes).toString();
      const away = /away=(\d+)\n/.exec(said)?.[1];
      if (away === undefined || !said.includes('near=')) return;
      process.stdout.write(`${JSON.stringify({ process: work.process, away: Number(away) })}\n`);
    },
  );
} else {
  let bytesCount = 0;
  let largest = 0;
  let rssFirst = 0;
  let rssPeak = 0;
  const command = ['head', '-c', size, '/dev/zero'];
  const work = await shop.start(
    { attempt: 'J1.1', mark: `flood-${process.pid}`, spec: { command, ...terms } },
    async (_, bytes) => {
      bytesCount += bytes.length;
      largest = Math.max(largest, bytes.length);
      // The collector lets 64 MB of spent pieces pile up before it acts, so growth counts from there.
      if (bytesCount > Number(size) / 3) {
        const rss = process.memoryUsage.rss();
        rssFirst ||= rss;
        rssPeak = Math.max(rssPeak, rss);
      }
      await turn();
      await turn();
    },
  );
  const { usage } = await work.exit;
  const grownBytes = rssPeak - rssFirst;
  process.stdout.write(
    JSON.stringify({
      bytesCount,
      largest,
      grownBytes,
      exitCode: usage.exitCode,
    }),
  );
}
