/*
 * An agent as far as a service sees one: it answers `status` and `stop` on its home's socket.
 *
 * What it does else is said by files in its home: `status` makes it end with that status at once,
 * `attempts` is what it says that it holds, `owed` what it says that it owes, one list for each time that it is asked
 * until the last. It is run by the launcher of a test's home.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveControl } from '../../../protocol/control.ts';
import { listenUnix } from '../../../protocol/transports/unix.ts';

const home = process.env.ODALLY_HOME ?? '';
const read = (name: string) => {
  const file = join(home, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
};
const status = read('status');
if (status !== undefined) process.exit(Number(status));
const attempts = JSON.parse(read('attempts') ?? '[]') as unknown;
const owed = JSON.parse(read('owed') ?? '[[]]') as unknown[];
const env = { PATH: process.env.PATH, SHELL: process.env.SHELL };
const listener = await listenUnix(join(home, 'odally.sock'), (link) =>
  serveControl(link, async ({ verb }) => {
    if (verb === 'stop') setTimeout(end, 20);
    if (verb === 'owed') return { owed: owed.length > 1 ? owed.shift() : owed[0] };
    if (verb === 'bye') return { isTold: true };
    if (verb === 'hand-over') return new Promise(() => undefined);
    return { pid: process.pid, version: '0.0.1', attempts, env, link: 'linked' };
  }),
);

async function end(): Promise<void> {
  await listener.close();
  process.exit(0);
}

process.once('SIGTERM', () => void end());
