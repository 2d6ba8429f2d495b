/*
 * The checks of a box and of a home's files, each broken for real.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../../protocol/ports.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import {
  archiveBytesMax,
  logKeptBytes,
  programLogBytesMax,
  syncMsMax,
} from '../../../store/doctor/limits.ts';
import { type Trial, tryChecks } from '../../kit/doctor-trial.ts';
import { whyNoSmallDisk } from '../../kit/small-disk.ts';
import { type BoxPatient, openBoxPatient } from './box-patient.ts';

const isRoot = process.geteuid?.() === 0;
const needsRoot = isRoot ? undefined : 'only root may give files away';
const needsProc = process.platform === 'linux' ? undefined : 'only Linux has /proc';

const noMount = await whyNoSmallDisk();
const run = promisify(execFile);

let child: ChildProcess | undefined;
let mounted: string | undefined;

async function unmount(): Promise<void> {
  if (mounted !== undefined) await run('umount', [mounted]);
  mounted = undefined;
}

afterEach(async () => {
  await unmount();
  child?.kill();
  child = undefined;
});

/** A process that may open few files, whose limits are looked at. */
async function startBound(patient: BoxPatient): Promise<void> {
  child = spawn('/bin/sh', ['-c', 'ulimit -Sn 32; echo up; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (child.stdout !== null) await once(child.stdout, 'data');
  patient.change({ pid: child.pid ?? 0 });
}

async function writeProc(patient: BoxPatient, name: string, text: string): Promise<void> {
  const proc = join(patient.home, 'proc');
  await mkdir(dirname(join(proc, name)), { recursive: true });
  await writeFile(join(proc, name), text);
  patient.change({ proc });
}

/** A clock on which everything takes long. */
function slowPorts(stepMs: number) {
  const ports = openSystemPorts();
  let now = 0;
  const clock: Clock = {
    ...ports.clock,
    monotonicMs: () => {
      now += stepMs;
      return now;
    },
  };
  return { ...ports, clock };
}

const timedatectl = (state: string) => `
state=$(dirname "$0")/../ntp
[ -e "$state" ] || echo ${state} > "$state"
if [ "$1" = set-ntp ]; then echo yes > "$state"; exit; fi
printf 'CanNTP=yes\\nNTP=%s\\nNTPSynchronized=no\\n' "$(cat "$state")"`;

const trials: Record<string, Trial<BoxPatient>> = {
  'open-files-low': {
    skipped: needsProc,
    breaks: startBound,
    seen: /may open 32 files at once/,
    fix: 'anywhere',
    after: async () =>
      expect(await readFile(`/proc/${child?.pid}/limits`, 'latin1')).not.toMatch(
        /^Max open files\s+32 /m,
      ),
  },
  'umask-open': {
    skipped: needsProc,
    breaks: () => process.umask(0),
    seen: /The umask is 0000/,
    fix: 'anywhere',
  },
  'memory-low': {
    breaks: (patient) => writeProc(patient, 'meminfo', 'MemAvailable:    1024 kB\n'),
    seen: /1 MiB of memory are left/,
    mend: (patient) => writeProc(patient, 'meminfo', 'MemAvailable:    1048576 kB\n'),
  },
  'temp-missing': {
    breaks: ({ home }) => rm(join(home, 'tmp'), { recursive: true }),
    seen: /tmp is not there/,
    fix: 'anywhere',
    after: async ({ home }) => expect((await lstat(join(home, 'tmp'))).mode & 0o777).toBe(0o700),
  },
  'temp-unusable': {
    breaks: async ({ home }) => {
      await rm(join(home, 'tmp'), { recursive: true });
      await writeFile(join(home, 'tmp'), '');
    },
    seen: /tmp cannot be written/,
    mend: async ({ home }) => {
      await rm(join(home, 'tmp'));
      await mkdir(join(home, 'tmp'));
    },
  },
  'mount-noexec': {
    breaks: (patient) =>
      writeProc(
        patient,
        `${process.pid}/mounts`,
        `/dev/a / ext4 rw 0 0\ntmpfs ${patient.home}/tmp tmpfs rw,nosuid,noexec 0 0\n`,
      ),
    seen: /tmp is on a file system that is mounted noexec/,
    mend: (patient) => writeProc(patient, `${process.pid}/mounts`, '/dev/a / ext4 rw 0 0\n'),
  },
  'locale-not-utf8': {
    breaks: ({ home, change }) =>
      change({ env: { LANG: 'de_DE.ISO-8859-1', TMPDIR: join(home, 'tmp') } }),
    seen: /The locale is de_DE.ISO-8859-1/,
    mend: ({ home, change }) => change({ env: { LANG: 'de_DE.utf8', TMPDIR: join(home, 'tmp') } }),
  },
  'timezone-unknown': {
    breaks: ({ home, change }) =>
      change({ env: { TZ: 'Europe/Atlantis', TMPDIR: join(home, 'tmp') } }),
    seen: /TZ is Europe\/Atlantis/,
    mend: ({ home, change }) => change({ env: { TZ: 'Europe/Berlin', TMPDIR: join(home, 'tmp') } }),
  },
  'clock-unsynchronised': {
    breaks: ({ addProgram }) => addProgram('timedatectl', timedatectl('no')),
    seen: /Nobody sets the clock/,
    fix: 'here',
  },
  'home-owner': {
    skipped: needsRoot,
    breaks: ({ files }) => chown(files.key, 12_345, 12_345),
    seen: /key belongs to user 12345; the home is user 0’s/,
    fix: 'here',
    after: async ({ files }) => {
      const { uid, gid } = await lstat(files.key);
      expect({ uid, gid }).toEqual({ uid: 0, gid: 12_345 });
    },
  },
  'config-writable': {
    breaks: async ({ files: { settings } }) => {
      await writeFile(settings[0] ?? '', 'slots = 2\n');
      await chmod(settings[0] ?? '', 0o666);
    },
    seen: /Every user of the box may write .*config.toml/,
    fix: 'anywhere',
    after: async ({ files: { settings } }) => {
      expect((await lstat(settings[0] ?? '')).mode & 0o777).toBe(0o644);
      expect(await readFile(settings[0] ?? '', 'utf8')).toBe('slots = 2\n');
    },
  },
  'folder-foreign': {
    breaks: ({ files: { folders } }) => writeFile(folders[0] ?? '', 'mine'),
    seen: /logs is not a folder/,
    fix: 'here',
    after: async ({ home }) => {
      const aside = (await readdir(home)).find((name) => name.startsWith('logs.aside-'));
      expect(await readFile(join(home, aside ?? ''), 'utf8')).toBe('mine');
    },
  },
  'key-damaged': {
    breaks: ({ files }) => truncate(files.key, 7),
    seen: /does not hold a key/,
    mend: ({ files }) => writeFile(files.key, 'cd'.repeat(32)),
  },
  'socket-long': {
    breaks: ({ files, give }) => give({ files: { ...files, socket: `/${'long/'.repeat(30)}s` } }),
    seen: /has 152 bytes/,
    mend: ({ files, give }) => give({ files }),
  },
  'program-log-large': {
    breaks: async ({ files }) => {
      await writeFile(files.log, 'first\n');
      await truncate(files.log, programLogBytesMax);
      await writeFile(files.log, 'last\n', { flag: 'a' });
    },
    seen: /program.log has 64 MiB/,
    fix: 'anywhere',
    after: async ({ files }) => {
      const kept = await readFile(`${files.log}.old`, 'latin1');
      expect([kept.length, kept.endsWith('last\n')]).toEqual([logKeptBytes, true]);
      expect((await lstat(files.log)).size).toBe(0);
    },
  },
  'archive-large': {
    breaks: async ({ files }) => {
      await mkdir(files.archive);
      await writeFile(join(files.archive, '2026-01.jsonl.gz'), '');
      await truncate(join(files.archive, '2026-01.jsonl.gz'), archiveBytesMax + 1);
    },
    seen: /archive holds 4096 MiB/,
    mend: ({ files }) => rm(join(files.archive, '2026-01.jsonl.gz')),
  },
  'home-unwritable': {
    breaks: ({ home }) => mkdir(join(home, `.probe-${process.pid}`)),
    seen: /could not be written .*EISDIR/,
    mend: ({ home }) => rm(join(home, `.probe-${process.pid}`), { recursive: true }),
  },
  'inodes-low': {
    skipped: noMount,
    breaks: async ({ home, files, give }) => {
      const directory = join(home, 'small');
      await mkdir(directory);
      await run('mount', ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=100', 'tmpfs', directory]);
      mounted = directory;
      give({ files: { ...files, directory } });
    },
    seen: /\d\d more files can be made/,
    mend: async ({ files, give }) => {
      await unmount();
      give({ files });
    },
  },
  'disk-slow': {
    breaks: ({ give }) => give({ ports: slowPorts(syncMsMax + 1) }),
    seen: /the fastest took 501 ms/,
    mend: ({ give }) => give({ ports: openSystemPorts() }),
  },
};

describe('doctor of a box', () => {
  tryChecks(openBoxPatient, trials);

  test('box: a sound one has no finding', async () => {
    const patient = await openBoxPatient();
    expect(await patient.diagnose({ mode: 'look' })).toEqual({ findings: [], fixed: [] });
    await patient.close();
  });

  test('box: what only a running program feels is not said of one that is down', async () => {
    const patient = await openBoxPatient();
    patient.give({ isLive: false, openFilesWanted: 2 ** 40 });
    const { findings } = await patient.diagnose({ mode: 'look' });
    expect(findings).toEqual([]);
    await patient.close();
  });

  test.skipIf(!isRoot)(
    'home-owner: root that looks after the home of another takes nothing away from him',
    async () => {
      const patient = await openBoxPatient();
      const { home, files } = patient;
      for (const path of [home, files.key]) await chown(path, 12_345, 12_345);
      expect(await patient.diagnose({ mode: 'fix' })).toEqual({ findings: [], fixed: [] });
      await chown(files.key, 0, 0);
      const { fixed } = await patient.diagnose({ mode: 'fix' });
      expect(fixed.map(({ id, seen }) => [id, seen])).toEqual([
        ['home-owner', `${files.key} belongs to user 0; the home is user 12345’s.`],
      ]);
      expect((await lstat(files.key)).uid).toBe(12_345);
      await patient.close();
    },
  );

  test('clock-unsynchronised: a fix that the system refuses says why', async () => {
    const patient = await openBoxPatient();
    const script = '[ "$1" = set-ntp ] && { echo "Access denied" >&2; exit 1; }';
    const says = 'printf "CanNTP=yes\\nNTP=no\\nNTPSynchronized=no\\n"';
    await patient.addProgram('timedatectl', `${script}\n${says}`);
    const { findings } = await patient.diagnose({ mode: 'fix' });
    expect(findings.map(({ id, failure }) => [id, failure])).toEqual([
      ['clock-unsynchronised', 'Its fix failed: Access denied'],
    ]);
    await patient.close();
  });

  test('clock-unsynchronised: a clock that is being set, or can’t be, is no finding', async () => {
    const patient = await openBoxPatient();
    for (const says of [
      'CanNTP=yes\\nNTP=yes\\nNTPSynchronized=no',
      'CanNTP=no\\nNTPSynchronized=no',
    ]) {
      await patient.addProgram('timedatectl', `printf '${says}\\n'`);
      expect((await patient.diagnose({ mode: 'look' })).findings).toEqual([]);
    }
    await patient.close();
  });
});
