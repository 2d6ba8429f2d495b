/*
 * What a box is, asked by one script of plain sh that changes nothing.
 *
 * It says one fact a line, `NAME=VALUE`; what it could not find out stays empty. Boxes on which an agent cannot
 * run are told apart here, each with its reason, before anything is sent. Parsing is pure.
 * Errors: INSTALL_SHELL, INSTALL_PLATFORM, INSTALL_LIBC, INSTALL_TOOLS, INSTALL_HOME, INSTALL_DISK.
 * Source: facts on transport, section A: the floors of the addons and of Node.
 */
import { AppError } from '../../protocol/errors.ts';
import { nodeMajorMin } from '../../protocol/node-version.ts';
import { spellHome } from './shell.ts';

/** The facts of a box. Paths are absolute. */
export interface BoxFacts {
  /** As Node names them: `linux-x64`. */
  readonly platform: string;
  readonly hostname: string;
  readonly user: string;
  /** `$ODALLY_HOME` there. */
  readonly home: string;
  /** `glibc 2.36`; empty where it is not Linux, or could not be told. */
  readonly libc: string;
  /** A Node on the path of a plain login, new enough; undefined where there is none. */
  readonly node: string | undefined;
  /** The version of the Node that was found, new enough or not; empty where none was. */
  readonly nodeVersion: string;
  /** What may keep the agent up. */
  readonly keeps: 'systemd' | 'launchd' | 'cron' | 'nothing';
  /** The version that is installed: the name of its directory. */
  readonly current: string | undefined;
  /** Versions and runtimes that are there, as far as their names say: `versions/NAME`. */
  readonly there: readonly string[];
  /** `pairing.json` as it stands there; empty where there is none. */
  readonly pairing: string;
  readonly freeBytes: number;
}

/** The script. */
export function planProbe(home: string | undefined): string {
  return probeScript.replace('@HOME@', spellHome(home));
}

const probeScript = `
LC_ALL=C; export LC_ALL
h="@HOME@"
say() { printf '%s=%s\\n' "$1" "$2"; }
have() { command -v "$1" 2>/dev/null; }
say begin 1
say os "$(uname -s)"
say arch "$(uname -m)"
say hostname "$(hostname 2>/dev/null || uname -n)"
say user "$(id -un)"
say home "$h"
say libc "$(getconf GNU_LIBC_VERSION 2>/dev/null)"
say musl "$(ls /lib/ld-musl-* 2>/dev/null | head -n 1)"
say macos "$(sw_vers -productVersion 2>/dev/null)"
n=$(have node)
say node "$n"
if [ -n "$n" ]; then say version "$("$n" --version 2>/dev/null)"; fi
for t in tar gzip xargs find sort cut; do [ -n "$(have $t)" ] || say lacks $t; done
[ -n "$(have sha256sum)$(have shasum)" ] || say lacks sha256sum
if systemctl --user show-environment >/dev/null 2>&1; then say systemd 1; fi
if [ -n "$(have launchctl)" ]; then say launchd 1; fi
if [ -n "$(have crontab)" ]; then say cron 1; fi
d=$h
while [ ! -e "$d" ] && [ "$d" != / ]; do d=$(dirname "$d"); done
if [ -d "$d" ] && [ -w "$d" ]; then say writable "$d"; else say unwritable "$d"; fi
say free "$(df -Pk "$d" 2>/dev/null | tail -n 1 | awk '{print $4}')"
for x in "$h"/versions/* "$h"/runtime/*; do [ -d "$x" ] && say there "\${x#$h/}"; done
say current "$(readlink "$h/current" 2>/dev/null)"
say pairing "$(cat "$h/pairing.json" 2>/dev/null | tr -d '\\n')"
say end 1
`;

/** What the script said, made into facts. Errors: as in the header. */
export function readProbe({ stdout, stderr, code }: ProbeAnswer): BoxFacts {
  const facts = readLines(stdout);
  if (facts.get('begin') === undefined || facts.get('end') === undefined) {
    const words = stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
    const detail = `The box runs no script of plain sh (status ${code}: ${words}).`;
    throw new AppError('INSTALL_SHELL', detail);
  }
  const get = (name: string) => facts.get(name) ?? '';
  const platform = readPlatform(get('os'), get('arch'));
  const lacks = stdout.match(/^lacks=.+$/gm) ?? [];
  if (lacks.length > 0) {
    const names = lacks.map((line) => line.slice('lacks='.length)).join(', ');
    throw new AppError('INSTALL_TOOLS', `The box lacks ${names}.`);
  }
  const nodeVersion = get('version').replace(/^v/, '');
  const isNew = Number.parseInt(nodeVersion, 10) >= nodeMajorMin;
  const box: BoxFacts = {
    platform,
    hostname: get('hostname'),
    user: get('user'),
    home: get('home'),
    libc: get('libc'),
    // One by a path with other signs is passed over: ours is brought.
    node: isNew && /^\/[\w ./@+-]+$/.test(get('node')) ? get('node') : undefined,
    nodeVersion,
    keeps: readKeeper(facts),
    current: /^versions\/([\w.+-]+)$/.exec(get('current'))?.[1],
    there: (stdout.match(/^there=.+$/gm) ?? []).map((line) => line.slice('there='.length)),
    pairing: get('pairing'),
    freeBytes: Number(get('free')) * 1024,
  };
  assertLibc(box, get('musl'));
  assertMacos(box, get('macos'));
  if (!/^\/[\w ./@+-]+$/.test(box.home)) {
    throw new AppError(
      'INSTALL_HOME',
      `The home "${box.home}" has signs that no shell is sure of.`,
    );
  }
  if (facts.has('unwritable')) {
    throw new AppError('INSTALL_HOME', `${get('unwritable')} cannot be written by ${box.user}.`);
  }
  return box;
}

/** How the script ended. */
export interface ProbeAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function readLines(stdout: string): ReadonlyMap<string, string> {
  const lines = stdout.split('\n').flatMap((line) => {
    const at = line.indexOf('=');
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
  return new Map(lines);
}

const systems: Readonly<Record<string, string>> = { Linux: 'linux', Darwin: 'darwin' };
const processors: Readonly<Record<string, string>> = {
  x86_64: 'x64',
  amd64: 'x64',
  aarch64: 'arm64',
  arm64: 'arm64',
};

function readPlatform(os: string, arch: string): string {
  const [system, processor] = [systems[os], processors[arch]];
  if (system !== undefined && processor !== undefined) return `${system}-${processor}`;
  throw new AppError('INSTALL_PLATFORM', `The box is ${os} on ${arch}.`);
}

function readKeeper(facts: ReadonlyMap<string, string>): BoxFacts['keeps'] {
  if (facts.has('systemd')) return 'systemd';
  if (facts.has('launchd')) return 'launchd';
  return facts.has('cron') ? 'cron' : 'nothing';
}

/** What Node and our addons need of glibc, by platform. Source: their symbols, by `readelf -V`. */
const glibcMin: Readonly<Record<string, readonly [number, number]>> = {
  'linux-x64': [2, 28],
  'linux-arm64': [2, 33],
};

function assertLibc({ platform, libc }: BoxFacts, musl: string): void {
  const floor = glibcMin[platform];
  if (floor === undefined) return;
  const wanted = `${platform} needs glibc ${floor.join('.')} or newer`;
  const found = /^glibc (\d+)\.(\d+)/.exec(libc);
  if (found === null) {
    const what = musl === '' ? 'another libc than glibc' : 'musl';
    throw new AppError('INSTALL_LIBC', `The box has ${what}; an agent for ${wanted}.`);
  }
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major > floor[0] || (major === floor[0] && minor >= floor[1])) return;
  throw new AppError('INSTALL_LIBC', `The box has ${libc}; an agent for ${wanted}.`);
}

/** Node 24 is built for macOS 13.5 and newer; a Node that is there runs there. */
function assertMacos({ platform, node }: BoxFacts, macos: string): void {
  if (!platform.startsWith('darwin-') || node !== undefined) return;
  const [major = 0, minor = 0] = macos.split('.').map(Number);
  if (major > 13 || (major === 13 && minor >= 5)) return;
  throw new AppError('INSTALL_LIBC', `The box has macOS ${macos}; Node needs 13.5 or newer.`);
}
