/*
 * The programs and clients that the rivals need: where they are, and how they come here.
 *
 * Servers are Debian's packages, clients are npm packages of pinned versions in a cache below the
 * system's temporary directory; neither is a dependency of this repository. Nothing is installed
 * unless `--install` was given, and only root can install Debian's. Every step is bounded in time.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { ClientName, ProgramName, Rival } from './rival.ts';

/** The version of each client that was measured. */
const clientVersions: Readonly<Record<ClientName, string>> = {
  bullmq: '6.7.0',
  ioredis: '5.9.2',
  nats: '2.29.3',
  mqtt: '5.16.0',
};

/** Which package of Debian has a program, and what makes it print its version. */
const programs: Readonly<
  Record<ProgramName, { readonly debian: string; readonly version: readonly string[] }>
> = {
  'redis-server': { debian: 'redis-server', version: ['--version'] },
  'nats-server': { debian: 'nats-server', version: ['--version'] },
  mosquitto: { debian: 'mosquitto', version: ['-h'] },
  sshd: { debian: 'openssh-server', version: ['-V'] },
  ssh: { debian: 'openssh-client', version: ['-V'] },
};

/** Refreshing the lists, and all packages together, may take so long. */
const installMsMax = 240_000;

const directories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

const clientsDirectory = join(tmpdir(), 'wally-bench-clients');

/** What is here. */
export interface Tools {
  /** The path of a program. Errors: throws when it is not here. */
  program(name: ProgramName): string;
  /** A client package, loaded. Errors: throws when it is not here. */
  load(name: ClientName): unknown;
  /** The directory that clients are loaded from; workers are told it. */
  readonly clients: string;
  /** Which of its tools a rival lacks, and how to get them; undefined when it has all. */
  findLack(rival: Rival): string | undefined;
  /** Name and version of a program or a client. */
  describe(name: ProgramName | ClientName): string;
}

/** Looks what is here, after installing what is not if that was asked for. */
export function findTools(rivals: readonly Rival[], mayInstall: boolean): Tools {
  if (mayInstall) {
    installPrograms(rivals.flatMap((rival) => rival.programs));
    installClients(rivals.flatMap((rival) => rival.clients));
  }
  return {
    program: getProgram,
    load: (name) => createRequire(join(clientsDirectory, 'package.json'))(name) as unknown,
    clients: clientsDirectory,
    findLack,
    describe: (name) => (isProgram(name) ? describeProgram(name) : `${name} ${readVersion(name)}`),
  };
}

function findLack(rival: Rival): string | undefined {
  const debian = rival.programs
    .filter((name) => findProgram(name) === undefined)
    .map((name) => programs[name].debian);
  const npm = rival.clients.filter((name) => readVersion(name) !== clientVersions[name]);
  const lacks = [
    ...(debian.length > 0 ? [`apt-get install ${debian.join(' ')}`] : []),
    ...(npm.length > 0 ? [planClients(npm).join(' ')] : []),
  ];
  return lacks.length > 0 ? `\`--install\` as root, or: ${lacks.join('; ')}` : undefined;
}

function installPrograms(names: readonly ProgramName[]): void {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) return say(`only root can install ${missing.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (args: readonly string[]) =>
    spawnSync('apt-get', args, { env, timeout: installMsMax, stdio: ['ignore', 'ignore', 'pipe'] });
  run(['update']);
  // One by one, so that one that is not to be had costs only itself.
  for (const { debian } of new Set(missing.map((name) => programs[name]))) {
    const ended = run(['install', '--yes', '--no-install-recommends', debian]);
    if (ended.status !== 0) say(`${debian} could not be installed: ${lastLine(ended.stderr)}`);
  }
}

function installClients(names: readonly ClientName[]): void {
  const missing = [...new Set(names)].filter((name) => readVersion(name) !== clientVersions[name]);
  if (missing.length === 0) return;
  const [command = '', ...args] = planClients(missing);
  const ended = spawnSync(command, args, { timeout: installMsMax, stdio: 'pipe' });
  if (ended.status !== 0) say(`${missing.join(', ')} could not be installed`);
}

function planClients(names: readonly ClientName[]): readonly string[] {
  const wanted = names.map((name) => `${name}@${clientVersions[name]}`);
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts'];
  return ['npm', 'install', '--prefix', clientsDirectory, ...quiet, ...wanted];
}

function findProgram(name: ProgramName): string | undefined {
  // Servers are outside the path of a person who is not root.
  const path = [...(process.env.PATH ?? '').split(delimiter), ...directories];
  return path.map((directory) => join(directory, name)).find((file) => existsSync(file));
}

function getProgram(name: ProgramName): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not here`);
  return path;
}

function isProgram(name: ProgramName | ClientName): name is ProgramName {
  return Object.hasOwn(programs, name);
}

function describeProgram(name: ProgramName): string {
  // A program asked for its version may print it anywhere and end as it likes.
  const ended = spawnSync(getProgram(name), programs[name].version, { encoding: 'utf8' });
  const said = `${ended.stdout}\n${ended.stderr}`;
  return `${name} ${/\d+\.\d+[.\w]*/.exec(said)?.[0] ?? 'of unknown version'}`;
}

function readVersion(name: ClientName): string | undefined {
  const file = join(clientsDirectory, 'node_modules', name, 'package.json');
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function lastLine(stderr: Buffer): string {
  return stderr.toString().trim().split('\n').at(-1) ?? '';
}

function say(line: string): void {
  console.error(`rivals: ${line}`);
}
