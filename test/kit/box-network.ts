/*
 * A box of the ssh kit on a network of its own, where UDP can be dropped on the way and that
 * can get another address. Needs root, `ip` and `nft`; nothing is changed outside of the namespaces.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { NetworkBox } from './network-namespaces.ts';
import type { SshBox } from './ssh-box.ts';

const run = promisify(execFile);

/** Why UDP can't be dropped here; undefined where it can. */
export function findNoFilter(): string | undefined {
  try {
    execFileSync('nft', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'nft is not installed (Debian: nftables)';
  }
  return undefined;
}

/** The box's sshd there, and the options by which an ssh on the other network reaches it. */
export interface NetworkSshd {
  readonly options: readonly string[];
  /** Ends all that runs there by ssh now, as when somebody pulls a cable. */
  endSessions(): void;
  /** Ends it, and with it whoever is logged in. */
  close(): Promise<void>;
}

/** Lets a box be reached by ssh on a network; the one that the kit opened goes on beside it. */
export async function serveSsh(box: SshBox, network: NetworkBox): Promise<NetworkSshd> {
  const place = dirname(box.home);
  const rules = readFileSync(join(place, 'sshd_config'), 'utf8');
  const config = join(place, `sshd_config.${network.address}`);
  const address = `ListenAddress ${network.address}:${box.port}`;
  writeFileSync(config, rules.replace(/ListenAddress .*/, address));
  const [file, ...args] = network.enter(['/usr/sbin/sshd', '-D', '-e', '-f', config]);
  const server = spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/bin', BOX: place },
  });
  await untilListening(server);
  const alias = `HostKeyAlias=[127.0.0.1]:${box.port}`;
  return {
    options: ['-o', `HostName=${network.address}`, '-o', alias],
    close: async () => {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      const sessions = listDescendants(server.pid ?? 0);
      server.kill('SIGTERM');
      await ended;
      endAll(sessions);
    },
    endSessions: () => endAll(listDescendants(server.pid ?? 0)),
  };
}

/** Processes below one, the deepest last. */
function listDescendants(pid: number): readonly number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => findParent(child) === pid);
  return children.flatMap((child) => [child, ...listDescendants(child)]);
}

function findParent(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    // It ended while we looked.
    return undefined;
  }
}

function endAll(pids: readonly number[]): void {
  for (const pid of pids) if (findParent(pid) !== undefined) process.kill(pid, 'SIGKILL');
}

/** Drops all UDP that comes to a network or leaves it; nobody is told. */
export async function blockUdp(network: NetworkBox): Promise<void> {
  const chain = (hook: string) =>
    `chain ${hook} { type filter hook ${hook} priority 0; meta l4proto udp drop; };`;
  await inBox(network, ['nft', `table inet blocked { ${chain('input')} ${chain('output')} }`]);
}

/** Lets it pass again. */
export async function unblockUdp(network: NetworkBox): Promise<void> {
  await inBox(network, ['nft', 'delete table inet blocked']);
}

/** Gives a network another address, as a new place gives a laptop one. */
export async function moveTo(network: NetworkBox, address: string): Promise<NetworkBox> {
  await inBox(network, ['ip', 'addr', 'flush', 'dev', 'cable', 'scope', 'global']);
  await inBox(network, ['ip', 'addr', 'add', `${address}/24`, 'dev', 'cable']);
  return { ...network, address };
}

async function inBox(network: NetworkBox, command: readonly string[]): Promise<void> {
  const [file, ...args] = network.enter(command);
  await run(file, args);
}

function untilListening(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.stderr?.on('data', (piece) => {
      said += String(piece);
      if (/Server listening/.test(said)) resolve();
    });
    server.once('exit', (code) => reject(new Error(`sshd ended with ${code}: ${said}`)));
    server.once('error', reject);
  });
}
