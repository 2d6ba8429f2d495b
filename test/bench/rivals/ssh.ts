/*
 * `ssh host true`: how most people run something elsewhere. Nothing is kept of it anywhere.
 *
 * A server of our own on a loopback port, with keys and config of this run. Without a master every
 * job is a connection with a key exchange, Debian's default or the cheaper curve25519; with
 * ControlMaster it is a channel of one connection that is open already.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenRival, Rival } from './rival.ts';
import { endChild, findPort, makeDirectory, startServer } from './server.ts';
import type { Tools } from './tools.ts';

type Manner = 'default' | 'curve25519' | 'master';

const manners: readonly {
  readonly manner: Manner;
  readonly title: string;
  readonly inFlightMax: number;
}[] = [
  { manner: 'default', title: '`ssh host true`', inFlightMax: 16 },
  { manner: 'curve25519', title: '`ssh host true`, curve25519', inFlightMax: 16 },
  { manner: 'master', title: '`ssh host true`, ControlMaster', inFlightMax: 256 },
];

const masterTriesMax = 100;
const masterPauseMs = 50;

/** The three ways to call it. */
export const sshRivals: readonly Rival[] = manners.map(({ manner, title, inFlightMax }) => ({
  id: `ssh-${manner}`,
  title,
  promise: 'none',
  programs: ['sshd', 'ssh'],
  clients: [],
  inFlightMax,
  open: (tools) => openSsh(tools, manner),
}));

async function openSsh(tools: Tools, manner: Manner): Promise<OpenRival> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.adopt(makeDirectory(), (made) => made.remove()).path;
  const port = await findPort();
  for (const name of ['host', 'own']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, name)]);
  }
  writeFileSync(join(directory, 'authorized'), readFileSync(join(directory, 'own.pub')));
  writeFileSync(join(directory, 'sshd.conf'), describeServer(directory, port));
  writeFileSync(join(directory, 'ssh.conf'), describeClient(directory, { port, manner }));
  // Where a server run by root puts its unprivileged half; Debian's own service makes it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const serverArgs = ['-D', '-e', '-f', join(directory, 'sshd.conf')];
  stack.use(await startServer(tools.program('sshd'), serverArgs, port));
  const ssh = tools.program('ssh');
  const args = ['-F', join(directory, 'ssh.conf'), 'bench'];
  if (manner === 'master') stack.use(await openMaster(ssh, args));
  const end = stack.move();
  return {
    perform: () => runOnce(ssh, [...args, 'true']),
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}

async function runOnce(ssh: string, args: readonly string[]): Promise<void> {
  const child = spawn(ssh, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0) throw new Error(`ssh ended with ${status}: ${said}`);
}

async function openMaster(ssh: string, args: readonly string[]): Promise<AsyncDisposable> {
  const child = spawn(ssh, ['-M', '-N', ...args], { stdio: 'ignore' });
  for (let tries = 0; tries < masterTriesMax; tries += 1) {
    await sleep(masterPauseMs);
    const [status] = (await once(
      spawn(ssh, ['-O', 'check', ...args], { stdio: 'ignore' }),
      'close',
    )) as [number];
    if (status === 0) return { [Symbol.asyncDispose]: () => endChild(child) };
  }
  await endChild(child);
  throw new Error('the ControlMaster does not answer');
}

function describeServer(directory: string, port: number): string {
  return [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(directory, 'host')}`,
    `AuthorizedKeysFile ${join(directory, 'authorized')}`,
    `PidFile ${join(directory, 'sshd.pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin yes',
    // The shell would read the dot files of whoever runs this, which can cost more than all else.
    `SetEnv HOME=${directory}`,
    // All at once are wanted here; by default the eleventh connection may be refused.
    'MaxStartups 1000',
    'MaxSessions 1000',
    '',
  ].join('\n');
}

function describeClient(
  directory: string,
  { port, manner }: { readonly port: number; readonly manner: Manner },
): string {
  return [
    'Host bench',
    '  HostName 127.0.0.1',
    `  Port ${port}`,
    `  User ${userInfo().username}`,
    `  IdentityFile ${join(directory, 'own')}`,
    '  IdentitiesOnly yes',
    '  BatchMode yes',
    '  StrictHostKeyChecking no',
    `  UserKnownHostsFile ${join(directory, 'known')}`,
    '  LogLevel ERROR',
    ...(manner === 'curve25519' ? ['  KexAlgorithms curve25519-sha256'] : []),
    ...(manner === 'master' ? [`  ControlPath ${join(directory, 'm')}`] : []),
    '',
  ].join('\n');
}
