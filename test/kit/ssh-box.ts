/*
 * Boxes behind a real OpenSSH server: each an sshd of its own on loopback, with throw-away keys, that lets
 * who comes into a home of its own, with no Node on its path.
 *
 * The person's side is one ssh config that knows the boxes' host keys, as if they had been accepted. Nothing
 * of the machine's own ssh is read or written. A box ends with the folder that it lies in: its processes
 * are known by their environment. `findNoSshd` says why a machine can't do it.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import {
  accessSync,
  appendFileSync,
  chmodSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** What a person's ssh is, and the boxes that it gets onto. */
export interface SshStage {
  /** For `[ssh] command` of a hub's config. */
  readonly command: readonly string[];
  /** The config of that ssh; more may be appended. */
  readonly config: string;
  /** Opens a box; its name is what ssh calls it. */
  openBox(name: string, plan?: BoxPlan): Promise<SshBox>;
}

/** How a box differs from a plain one. */
export interface BoxPlan {
  /** Programs on its path that are not the machine's own: name → text. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Programs of the machine that it does not have, besides Node. */
  readonly without?: readonly string[];
  /** Has the person never accepted its host key? */
  readonly isStranger?: boolean;
  /** Does it let nobody in? */
  readonly isShut?: boolean;
}

/** One box. */
export interface SshBox {
  /** What ssh calls it. */
  readonly target: string;
  readonly port: number;
  /** `$HOME` there. */
  readonly home: string;
  /** `$ODALLY_HOME` there, by default. */
  readonly odallyHome: string;
  /** Where its programs are. */
  readonly bin: string;
  /** Runs a command there, over ssh, as the hub does. */
  run(
    command: string,
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  /** Ends all that ssh runs there now, as a box does that loses its power. */
  endSessions(): void;
  /** Ends its sshd, and with it whoever is logged in. */
  close(): Promise<void>;
}

const programs = { sshd: '/usr/sbin/sshd', ssh: 'ssh', keygen: 'ssh-keygen' } as const;

/** Why there can be no boxes here; undefined where there can. */
export function findNoSshd(): string | undefined {
  try {
    accessSync(programs.sshd, constants.X_OK);
    execFileSync(programs.ssh, ['-V'], { stdio: 'ignore' });
    execFileSync('sh', ['-c', `command -v ${programs.keygen}`], { stdio: 'ignore' });
  } catch {
    return 'OpenSSH’s server and client are not installed (Debian: openssh-server, openssh-client)';
  }
  return undefined;
}

/** A person's ssh with keys of its own, in a folder that the caller removes. */
export function openSshStage(directory: string): SshStage {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const config = join(directory, 'ssh_config');
  const known = join(directory, 'known_hosts');
  makeKey(join(directory, 'id'));
  writeFileSync(known, '', { mode: 0o600 });
  const rules = {
    IdentityFile: join(directory, 'id'),
    IdentitiesOnly: 'yes',
    UserKnownHostsFile: known,
    GlobalKnownHostsFile: '/dev/null',
  };
  const lines = Object.entries(rules).map(([name, value]) => `  ${name} ${value}`);
  writeFileSync(config, `Host *\n${lines.join('\n')}\n`, { mode: 0o600 });
  return {
    config,
    command: [programs.ssh, '-F', config],
    openBox: (name, plan = {}) => openBox({ directory, config, known, name, plan }),
  };
}

interface BoxOrder {
  readonly directory: string;
  readonly config: string;
  readonly known: string;
  readonly name: string;
  readonly plan: BoxPlan;
}

async function openBox({ directory, config, known, name, plan }: BoxOrder): Promise<SshBox> {
  const place = join(directory, name);
  const home = join(place, 'home');
  const bin = join(place, 'bin');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  furnish(bin, plan);
  const hostKey = join(place, 'host_key');
  makeKey(hostKey);
  const port = await findFreePort();
  const authorized = plan.isShut === true ? '/dev/null' : join(directory, 'id.pub');
  const rules = planServer({ place, home, bin, hostKey, port, authorized });
  writeFileSync(join(place, 'sshd_config'), rules);
  // The directory that it gives up its rights in is made by its package's service, which does not run.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
  const server = spawn(programs.sshd, ['-D', '-e', '-f', join(place, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // By its environment it is known as the test's own, and ends with the test's homes.
    env: { PATH: '/usr/bin:/bin', BOX: place },
  });
  await untilListening(server);
  const [type, key] = readFileSync(`${hostKey}.pub`, 'utf8').split(' ');
  const isKnown = plan.isStranger !== true;
  if (isKnown) appendFileSync(known, `[127.0.0.1]:${port} ${type} ${key}\n`);
  const entry = { HostName: '127.0.0.1', Port: port, User: userInfo().username };
  const lines = Object.entries(entry).map(([word, value]) => `  ${word} ${value}`);
  // ssh takes the first value that it finds, so a box stands before what is for all.
  const before = readFileSync(config, 'utf8');
  writeFileSync(config, `Host ${name}\n${lines.join('\n')}\n${before}`, { mode: 0o600 });
  return {
    target: name,
    port,
    home,
    odallyHome: join(home, '.odally'),
    bin,
    run: (command) => runOver(config, name, command),
    endSessions: () => endAll(listChildren(server.pid ?? 0)),
    close: () => endServer(server),
  };
}

/** A path with what the machine has, but Node, what is left out, and with what is put in. */
function furnish(bin: string, { programs: own = {}, without = [] }: BoxPlan): void {
  mkdirSync(bin, { recursive: true, mode: 0o755 });
  // Nothing that keeps services: a box here must not get at the machine's own.
  const left = new Set(['node', 'nodejs', 'npm', 'npx', 'corepack', ...services, ...without]);
  for (const name of readdirSync('/usr/bin')) {
    if (!left.has(name) && own[name] === undefined)
      symlinkSync(`/usr/bin/${name}`, join(bin, name));
  }
  for (const [name, text] of Object.entries(own)) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
}

const services = ['systemctl', 'loginctl', 'crontab', 'launchctl'];

interface ServerPlan {
  readonly place: string;
  readonly home: string;
  readonly bin: string;
  readonly hostKey: string;
  readonly port: number;
  readonly authorized: string;
}

function planServer({ place, home, bin, hostKey, port, authorized }: ServerPlan): string {
  const enter = join(place, 'enter');
  const user = userInfo().username;
  // As a login shell of that home would: nothing of sshd's own environment, the command as it was sent.
  writeFileSync(
    enter,
    `#!/bin/sh
cd '${home}' || exit 1
exec env -i HOME='${home}' PATH='${bin}' USER='${user}' LOGNAME='${user}' SHELL=/bin/sh \\
  /bin/sh -c "\${SSH_ORIGINAL_COMMAND:-exec /bin/sh}"
`,
    { mode: 0o755 },
  );
  const rules = {
    ListenAddress: `127.0.0.1:${port}`,
    HostKey: hostKey,
    AuthorizedKeysFile: authorized,
    PidFile: 'none',
    StrictModes: 'no',
    UsePAM: 'no',
    PasswordAuthentication: 'no',
    KbdInteractiveAuthentication: 'no',
    PermitRootLogin: 'prohibit-password',
    ForceCommand: enter,
    LogLevel: 'INFO',
  };
  return Object.entries(rules)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

function makeKey(file: string): void {
  execFileSync(programs.keygen, ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file]);
}

/** A port that was free a moment ago: sshd takes none of its own choice. */
function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
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

function runOver(config: string, name: string, command: string) {
  const args = ['-F', config, '-o', 'BatchMode=yes', name, command];
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(programs.ssh, args, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
      resolve({ code, out, err });
    });
  });
}

/** Children of a process, and theirs. */
function listChildren(pid: number): readonly number[] {
  const own = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => findParent(child) === pid);
  return own.flatMap((child) => [child, ...listChildren(child)]);
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

async function endServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const sessions = listChildren(server.pid ?? 0);
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
  endAll(sessions);
}

function endAll(pids: readonly number[]): void {
  for (const pid of pids) if (findParent(pid) !== undefined) process.kill(pid, 'SIGKILL');
}
