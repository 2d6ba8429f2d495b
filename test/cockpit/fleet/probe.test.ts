/*
 * What a box says of itself, and the boxes on which no agent can run: each has its code and its reason.
 *
 * The script itself runs here too, by this machine's own sh, in a home that is not there yet.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { planProbe, readProbe } from '../../../cockpit/fleet/probe.ts';
import { quoteLine, spellHome } from '../../../cockpit/fleet/shell.ts';
import { createDirectory } from '../../store/place.ts';

/** The words of a plain box, some of them otherwise. */
function answer(lines: Readonly<Record<string, string>> = {}, more = '') {
  const plain = {
    begin: '1',
    os: 'Linux',
    arch: 'x86_64',
    hostname: 'build7',
    user: 'me',
    home: '/srv/me/.odally',
    libc: 'glibc 2.36',
    musl: '',
    macos: '',
    node: '',
    writable: '/srv/me',
    free: '2000000',
    current: '',
    pairing: '',
    ...lines,
  };
  const stdout = Object.entries(plain).map(([name, value]) => `${name}=${value}\n`);
  return { code: 0, stderr: '', stdout: `${stdout.join('')}${more}end=1\n` };
}

const codeOf = (run: () => unknown) => {
  try {
    return run();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code} ${message}`;
  }
};

describe('probe: what is read', () => {
  test('probe: a plain box has its platform, home and room', () => {
    expect(readProbe(answer())).toEqual({
      platform: 'linux-x64',
      hostname: 'build7',
      user: 'me',
      home: '/srv/me/.odally',
      libc: 'glibc 2.36',
      node: undefined,
      nodeVersion: '',
      keeps: 'nothing',
      current: undefined,
      there: [],
      pairing: '',
      freeBytes: 2_048_000_000,
    });
  });

  test.each([
    ['v22.0.0', '/usr/bin/node', '/usr/bin/node'],
    ['v24.1.0', '/opt/node/bin/node', '/opt/node/bin/node'],
    ['v20.19.0', '/usr/bin/node', undefined],
    ['', '/usr/bin/node', undefined],
    ['v24.1.0', 'node', undefined],
  ])('probe: a Node of version “%s” at %s is taken as %s', (version, node, taken) => {
    expect(readProbe(answer({ node, version })).node).toBe(taken);
  });

  test('probe: what a login shell prints around it is no fact', () => {
    const { stdout, ...rest } = answer();
    const noisy = { ...rest, stdout: `Welcome!\n=\n${stdout}logout\n` };
    expect(readProbe(noisy).platform).toBe('linux-x64');
  });

  test('probe: what is there is listed, and the current version is a name of one', () => {
    const there = 'there=versions/0.1.0-aaaaaaaaaaaa\nthere=runtime/node-24.1.0-linux-x64\n';
    const facts = readProbe(answer({ current: 'versions/0.1.0-aaaaaaaaaaaa' }, there));
    expect(facts.current).toBe('0.1.0-aaaaaaaaaaaa');
    expect(facts.there).toEqual(['versions/0.1.0-aaaaaaaaaaaa', 'runtime/node-24.1.0-linux-x64']);
    expect(readProbe(answer({ current: '../../etc' })).current).toBeUndefined();
  });

  test.each([
    ['systemd', { systemd: '1', cron: '1' }],
    ['launchd', { launchd: '1', cron: '1' }],
    ['cron', { cron: '1' }],
    ['nothing', {}],
  ])('probe: %s keeps it up', (keeps, lines) => {
    expect(readProbe(answer(lines)).keeps).toBe(keeps);
  });
});

describe('probe: what is refused', () => {
  test.each([
    ['musl', { libc: '', musl: '/lib/ld-musl-x86_64.so.1' }, /INSTALL_LIBC .*musl.*glibc 2\.28/],
    ['an unknown libc', { libc: '' }, /INSTALL_LIBC .*another libc/],
    ['glibc 2.27', { libc: 'glibc 2.27' }, /INSTALL_LIBC .*glibc 2\.27.*2\.28/],
    ['glibc 2.31 on arm64', { arch: 'aarch64', libc: 'glibc 2.31' }, /INSTALL_LIBC .*2\.33/],
    ['macOS 13.4', { os: 'Darwin', arch: 'arm64', macos: '13.4' }, /INSTALL_LIBC .*13\.5/],
    ['FreeBSD', { os: 'FreeBSD' }, /INSTALL_PLATFORM .*FreeBSD on x86_64/],
    ['a shell on Windows', { os: 'MINGW64_NT-10.0' }, /INSTALL_PLATFORM/],
    ['32 bits', { arch: 'armv7l' }, /INSTALL_PLATFORM/],
    ['a home of strange signs', { home: "/srv/it's/.odally" }, /INSTALL_HOME .*signs/],
    ['a home that cannot be written', { unwritable: '/srv/me' }, /INSTALL_HOME .*\/srv\/me/],
  ])('probe: %s is refused with its reason', (_what, lines, reason) => {
    expect(codeOf(() => readProbe(answer(lines)))).toMatch(reason);
  });

  test.each([
    [{ libc: 'glibc 2.28' }, 'linux-x64'],
    [{ libc: 'glibc 3.0' }, 'linux-x64'],
    [{ arch: 'aarch64', libc: 'glibc 2.33' }, 'linux-arm64'],
    [{ os: 'Darwin', arch: 'arm64', libc: '', macos: '13.5' }, 'darwin-arm64'],
    [{ os: 'Darwin', arch: 'x86_64', libc: '', macos: '15.0.1' }, 'darwin-x64'],
  ])('probe: %j is enough', (lines, platform) => {
    expect(readProbe(answer(lines)).platform).toBe(platform);
  });

  test('probe: tools that are missing are all named', () => {
    const more = 'lacks=gzip\nlacks=sha256sum\n';
    expect(codeOf(() => readProbe(answer({}, more)))).toMatch(/INSTALL_TOOLS .*gzip, sha256sum/);
  });

  test('probe: a box that runs no sh, or broke off, is told with what it said', () => {
    const windows = 'The system cannot find the path specified.';
    const none = () => readProbe({ code: 1, stdout: '', stderr: windows });
    expect(codeOf(none)).toMatch(/INSTALL_SHELL .*cannot find the path/);
    const { stdout } = answer();
    const cut = { code: 0, stderr: '', stdout: stdout.replace('end=1\n', '') };
    expect(codeOf(() => readProbe(cut))).toMatch(/INSTALL_SHELL/);
  });
});

describe('probe: the script', () => {
  let place: Awaited<ReturnType<typeof createDirectory>>;

  beforeEach(async () => {
    place = await createDirectory();
  });

  afterEach(() => place.remove());

  const runHere = (env: Record<string, string>, home?: string) => {
    const stdout = execFileSync('/bin/sh', ['-s'], { input: planProbe(home), env }).toString();
    return readProbe({ code: 0, stdout, stderr: '' });
  };

  test('probe: this machine is read, and nothing is changed on it', () => {
    const facts = runHere({ HOME: place.path, PATH: '/usr/bin:/bin' });
    expect(facts.platform).toBe(`${process.platform}-${process.arch}`);
    expect(facts.home).toBe(join(place.path, '.odally'));
    expect(facts.freeBytes).toBeGreaterThan(0);
    expect(facts.user).not.toBe('');
    expect(readdirSync(place.path)).toEqual([]);
  });

  test('probe: what an earlier install left is seen', () => {
    const home = join(place.path, 'elsewhere');
    mkdirSync(join(home, 'versions', '0.1.0-aa'), { recursive: true });
    writeFileSync(join(home, 'versions', '0.1.0-aa.runtime'), '/node\n');
    symlinkSync('versions/0.1.0-aa', join(home, 'current'));
    writeFileSync(join(home, 'pairing.json'), '{\n  "hub": "x=1"\n}\n');
    const facts = runHere({ HOME: place.path, PATH: '/usr/bin:/bin' }, home);
    expect(facts).toMatchObject({ home, current: '0.1.0-aa', there: ['versions/0.1.0-aa'] });
    expect(JSON.parse(facts.pairing)).toEqual({ hub: 'x=1' });
  });

  test('probe: a box with almost nothing on its path says what it lacks', () => {
    const bin = join(place.path, 'bin');
    mkdirSync(bin);
    for (const name of [
      'uname',
      'id',
      'dirname',
      'df',
      'tail',
      'awk',
      'tar',
      'tr',
      'cat',
      'head',
    ]) {
      symlinkSync(`/usr/bin/${name}`, join(bin, name));
    }
    const run = () => runHere({ HOME: place.path, PATH: bin });
    expect(codeOf(run)).toMatch(/INSTALL_TOOLS .*gzip, xargs, find, sort, cut, sha256sum/);
  });

  test('probe: a file where the home is to be cannot be written', () => {
    writeFileSync(join(place.path, '.odally'), '');
    const run = () => runHere({ HOME: place.path, PATH: '/usr/bin:/bin' });
    expect(codeOf(run)).toMatch(/INSTALL_HOME/);
  });
});

describe('shell: words for other shells', () => {
  test('shell: a line is one word in single quotes, and what could end it is a broken invariant', () => {
    expect(quoteLine('a "b" $c')).toBe(`/bin/sh -c 'a "b" $c'`);
    for (const bad of ["a'b", 'a\\b', 'a!b', 'a\nb', '']) {
      expect(() => quoteLine(bad)).toThrow('invariant');
    }
  });

  test('shell: a home is an absolute path of plain letters, or the usual one', () => {
    expect(spellHome(undefined)).toBe('$HOME/.odally');
    expect(spellHome('/srv/me/.odally-2')).toBe('/srv/me/.odally-2');
    for (const bad of ['', 'x', '~/x', '/a"b', '/a$b', '/a;b', '/a/../b', '/a`b']) {
      expect(() => spellHome(bad)).toThrow('--home');
    }
  });
});
