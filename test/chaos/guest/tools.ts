/*
 * What the guest is made of: where it is, and how it comes here.
 *
 * Nothing is fetched unless `--install` was given. Programs are Debian's packages, which only root can
 * install. A kernel is never installed: it and what only the guest needs are unpacked into a cache
 * below the system's temporary directory, which needs no rights. Every step is bounded in time.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';

/** Paths of all that is needed. */
export interface GuestTools {
  readonly qemu: string;
  readonly mkfs: string;
  readonly kernel: string;
  /** The folder of that kernel's modules. */
  readonly modules: string;
  readonly busybox: string;
  /** A library by which every sync succeeds and does nothing. */
  readonly lyingSyncs: string;
}

/** Which package of Debian has a program. The guest runs dmsetup, from the machine outside. */
const programs: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'mkfs.ext4': 'e2fsprogs',
  dmsetup: 'dmsetup',
};

/** Depends on the kernel of the release. */
const kernelPackage = 'linux-image-amd64';

/** What is unpacked besides the kernel, and where it is then. */
const files = {
  busybox: { debian: 'busybox-static', pattern: 'bin/busybox' },
  lyingSyncs: { debian: 'libeatmydata1', pattern: 'usr/lib/*/libeatmydata.so' },
  kernel: { debian: kernelPackage, pattern: 'boot/vmlinuz-*' },
} as const;

/** Refreshing the lists, and each package, may take so long. */
const installMsMax = 240_000;

const directories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

const cache = join(tmpdir(), 'wally-chaos-guest');

/** Finds all of it; else says what is missing, and what brings it. */
export function findGuestTools(mayInstall: boolean): GuestTools | string {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the guest needs Linux on x64';
  if (mayInstall) install();
  const missing = Object.keys(programs).filter((name) => findProgram(name) === undefined);
  const absent = Object.values(files).filter(({ pattern }) => findFile(pattern) === undefined);
  if (missing.length + absent.length > 0) {
    const packages = missing.map((name) => programs[name]);
    const lacks = [...missing, ...absent.map(({ debian }) => `${debian} in ${cache}`)].join(', ');
    const byHand = packages.length > 0 ? ` (or: apt-get install ${packages.join(' ')})` : '';
    return `missing: ${lacks}; \`--install\` brings it, programs as root${byHand}`;
  }
  const kernel = getFile(files.kernel.pattern);
  const release = basename(kernel).replace('vmlinuz-', '');
  return {
    qemu: findProgram('qemu-system-x86_64') ?? '',
    mkfs: findProgram('mkfs.ext4') ?? '',
    kernel,
    modules: join(cache, 'lib/modules', release, 'kernel'),
    busybox: getFile(files.busybox.pattern),
    lyingSyncs: getFile(files.lyingSyncs.pattern),
  };
}

function install(): void {
  const missing = Object.keys(programs).filter((name) => findProgram(name) === undefined);
  const absent = Object.values(files).filter(({ pattern }) => findFile(pattern) === undefined);
  const isRoot = process.getuid?.() === 0;
  if (isRoot && missing.length + absent.length > 0) run('apt-get', ['update']);
  if (missing.length > 0 && !isRoot) say(`only root can install ${missing.join(', ')}`);
  for (const name of isRoot ? missing : []) {
    run('apt-get', ['install', '--yes', '--no-install-recommends', programs[name] ?? name]);
  }
  for (const { debian } of absent) unpack(debian === kernelPackage ? findKernel() : debian);
}

/** The name of the release's kernel has its version in it. */
function findKernel(): string {
  const said = run('apt-cache', ['depends', '--important', kernelPackage]);
  return /Depends: (linux-image-\S+)/.exec(said)?.[1] ?? kernelPackage;
}

function unpack(debian: string): void {
  mkdirSync(cache, { recursive: true });
  run('apt-get', ['download', debian]);
  for (const file of globSync(`${debian}_*.deb`, { cwd: cache })) run('dpkg', ['-x', file, cache]);
}

function run(command: string, args: readonly string[]): string {
  const ended = spawnSync(command, args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    cwd: existsSync(cache) ? cache : tmpdir(),
    timeout: installMsMax,
    encoding: 'utf8',
  });
  if (ended.status !== 0) {
    const why = ended.error?.message ?? ended.stderr.trim().split('\n').at(-1);
    say(`${command} ${args.join(' ')}: ${why}`);
  }
  return ended.stdout ?? '';
}

function findProgram(name: string): string | undefined {
  // Much of it is outside the path of a person who is not root.
  const path = [...(process.env.PATH ?? '').split(delimiter), ...directories];
  return path.map((directory) => join(directory, name)).find((file) => existsSync(file));
}

function findFile(pattern: string): string | undefined {
  return globSync(join(cache, pattern)).toSorted().at(-1);
}

function getFile(pattern: string): string {
  const file = findFile(pattern);
  if (file === undefined) throw new Error(`${pattern} is not in ${cache}`);
  return file;
}

function say(line: string): void {
  console.error(`guest: ${line}`);
}
