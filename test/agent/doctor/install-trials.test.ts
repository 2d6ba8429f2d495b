/*
 * The checks of an agent that was installed, each broken for real on an install that lies there whole.
 */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { saveRuntime } from '../../../agent/install/versions.ts';
import { planLauncher } from '../../../protocol/launcher.ts';
import { hashBytes, hashFiles, manifestFile, nameVersion } from '../../../protocol/manifest.ts';
import { type Trial, tryChecks } from '../../kit/doctor-trial.ts';
import { type AgentPatient, openAgentPatient } from './agent-patient.ts';

const texts = { 'odally.js': 'process.stdout.write("it runs")\n', 'chunks/a.js': 'a\n' };
const files = Object.fromEntries(
  Object.entries(texts).map(([path, text]) => [path, hashBytes(text)]),
);
const manifest = { version: '1.0.0', platform: 'linux-x64', files, hash: hashFiles(files) };
const name = nameVersion(manifest);

/** Lays an install into the home, as `wally install` does. */
async function lay({ home }: AgentPatient): Promise<void> {
  const { directory } = home;
  const version = join(directory, 'versions', name);
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(version, path)), { recursive: true });
    await writeFile(join(version, path), text);
  }
  await writeFile(join(version, manifestFile), JSON.stringify(manifest));
  await saveRuntime(directory, name, process.execPath);
  await symlink(`versions/${name}`, join(directory, 'current'));
  await mkdir(join(directory, 'bin'), { recursive: true });
  await writeFile(launcherOf(directory), planLauncher(directory), { mode: 0o700 });
}

const launcherOf = (directory: string) => join(directory, 'bin', 'odally');
const runLauncher = ({ home }: AgentPatient) => execFileSync(launcherOf(home.directory)).toString();

const trials: Record<string, Trial<AgentPatient>> = {
  'install-damaged': {
    breaks: async (patient) => {
      await lay(patient);
      await writeFile(join(patient.home.directory, 'versions', name, 'chunks/a.js'), 'b\n');
    },
    seen: /1\.0\.0-\w{12} is not whole: .*chunks\/a\.js/,
    mend: ({ home }) => writeFile(join(home.directory, 'versions', name, 'chunks/a.js'), 'a\n'),
  },
  'install-runtime': {
    breaks: async (patient) => {
      await lay(patient);
      await saveRuntime(patient.home.directory, name, '/nowhere/node');
    },
    seen: /\/nowhere\/node is noted for 1\.0\.0-\w{12}, and cannot be run/,
    fix: 'anywhere',
    after: (patient) => expect(runLauncher(patient)).toBe('it runs'),
  },
  'install-launcher': {
    breaks: async (patient) => {
      await lay(patient);
      await rm(launcherOf(patient.home.directory));
    },
    seen: /bin\/odally cannot be run/,
    fix: 'anywhere',
    after: (patient) => expect(runLauncher(patient)).toBe('it runs'),
  },
  'install-leftover': {
    breaks: async (patient) => {
      await lay(patient);
      for (const parent of ['versions', 'runtime']) {
        const path = join(patient.home.directory, parent, '.incoming-x');
        await mkdir(join(path, 'chunks'), { recursive: true });
        await utimes(path, 1_700_000_000, 1_700_000_000);
      }
      await mkdir(join(patient.home.directory, 'versions', '.incoming-young'));
    },
    seen: /versions\/\.incoming-x is the half[\s\S]*runtime\/\.incoming-x is the half/,
    fix: 'anywhere',
    after: async (patient) => {
      expect(runLauncher(patient)).toBe('it runs');
      const young = join(patient.home.directory, 'versions', '.incoming-young');
      await chmod(young, 0o700);
    },
  },
};

describe('doctor of what was installed', () => {
  tryChecks(openAgentPatient, trials);

  test('install: one that lies there whole has no finding', async () => {
    const patient = await openAgentPatient();
    await lay(patient);
    expect(runLauncher(patient)).toBe('it runs');
    expect(await patient.diagnose({ mode: 'look' })).toEqual({ findings: [], fixed: [] });
    await patient.close();
  });

  test('launcher: a home with nothing in it says so, and a home of another name is used', async () => {
    const patient = await openAgentPatient();
    await lay(patient);
    const { directory } = patient.home;
    const show = 'process.stdout.write(process.env.ODALLY_HOME)\n';
    await writeFile(join(directory, 'versions', name, 'odally.js'), show);
    expect(runLauncher(patient)).toBe(directory);
    const env = { PATH: '/usr/bin:/bin', ODALLY_HOME: '/other' };
    expect(execFileSync(launcherOf(directory), { env }).toString()).toBe('/other');
    await rm(join(directory, 'current'));
    expect(() => execFileSync(launcherOf(directory), { stdio: 'pipe' })).toThrow(
      /nothing is installed/,
    );
    expect(await readFile(launcherOf(directory), 'utf8')).toBe(planLauncher(directory));
    await patient.close();
  });
});
