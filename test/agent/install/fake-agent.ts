/*
 * An agent as far as a service sees one: it answers `status` and `stop` on its home's socket.
 *
 * What it does else is said by files in its home: `status`, or `status-VERSION` for the version that is current when it
 * starts, makes it end with that status at once, `attempts` is what it says that it holds, `owed` what it says that it owes, one list for each time that it is asked
 * until the last, `link`, or `link-VERSION`, how it is linked. It is run by the launcher of a test's home.
 */
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { endSupervisorOf } from '../../../agent/install/supervisor-record.ts';
import { serveControl } from '../../../protocol/control.ts';
import { listenUnix } from '../../../protocol/transports/unix.ts';

const home = process.env.ODALLY_HOME ?? '';
const read = (name: string) => {
  const file = join(home, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
};
const link = join(home, 'current');
const build = existsSync(link) ? basename(readlinkSync(link)) : undefined;
const status = read('status') ?? read(`status-${build}`);
if (status !== undefined) {
  process.stderr.write('odally: the key is gone [KEY_MISSING]\n');
  process.exit(Number(status));
}
const attempts = JSON.parse(read('attempts') ?? '[]') as unknown;
const owed = JSON.parse(read('owed') ?? '[[]]') as unknown[];
const env = { PATH: process.env.PATH, SHELL: process.env.SHELL };
const listener = await listenUnix(join(home, 'odally.sock'), (link) =>
  serveControl(link, async (call) => {
    const { verb, args } = call;
    if (verb === 'stop') {
      writeFileSync(join(home, `stopped-${build}`), JSON.stringify(args));
      setTimeout(end, 20);
    }
    if (verb === 'owed') return { owed: owed.length > 1 ? owed.shift() : owed[0] };
    if (verb === 'bye') return { isTold: true };
    if (verb === 'hand-over') {
      void call.item({ why: 'upgrade', running: 0, terminals: 0, waiting: 0 });
      return new Promise(() => undefined);
    }
    return {
      pid: process.pid,
      version: '0.0.1',
      attempts,
      env,
      build,
      link: read(`link-${build}`) ?? read('link') ?? 'linked',
    };
  }),
);

/** Who is connected is not waited for: an agent that ends closes them itself. */
function end(): void {
  void listener.close();
  const signal = (pid: number, name: string) => void process.kill(pid, name);
  endSupervisorOf(home, { pid: process.pid, signal });
  process.exit(0);
}

process.once('SIGTERM', end);
