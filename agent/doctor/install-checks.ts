/*
 * The checks of an agent that was installed: is what lies there what was sent, and will it start again?
 *
 * An agent that runs has read its programs already, so what is wrong with them shows at its next start, when
 * nobody may be looking. A home without the link `current` was not installed, and has no findings.
 */
import { access, chmod, constants, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Check, listOne } from '../../protocol/doctor.ts';
import { defineSection, type Section, wordsOf } from '../../protocol/doctor-sections.ts';
import { planLauncher } from '../../protocol/launcher.ts';
import { findLinked, findRuntime, proveVersion, saveRuntime } from '../install/versions.ts';
import type { AgentRound } from './agent-round.ts';
import { incomingOldMs } from './limits.ts';

interface InstallFacts {
  readonly home: string;
  /** The name of the current version; null where the home was not installed. */
  readonly current: string | null;
  /** Why it is not what was sent; null where it is. */
  readonly damage: string | null;
  /** The Node that is noted for it, if any is, and whether that can be run. */
  readonly runtime: string | null;
  readonly canRun: boolean;
  readonly hasLauncher: boolean;
  /** What installs left half way. */
  readonly leftovers: readonly string[];
}

type InstallCheck = Check<InstallFacts, AgentRound>;

const damaged: InstallCheck = {
  id: 'install-damaged',
  title: 'the agent’s programs are those that were sent',
  why: 'At its next start it may not come up, or not be what you think it is.',
  area: 'service',
  severity: 'error',
  cost: 'walks',
  diagnose: ({ current, damage }) =>
    listOne(
      current === null || damage === null
        ? undefined
        : {
            subject: current,
            seen: `The version ${current} is not whole: ${damage}`,
            wanted: 'Every file with the hash in its manifest.',
            advice: 'Run `wally install` for this box again: it sends what differs.',
          },
    ),
};

const runtime: InstallCheck = {
  id: 'install-runtime',
  title: 'the Node that is to run the agent is there',
  why: 'Without it the agent does not come up at its next start.',
  area: 'service',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ current, runtime: node, canRun }) =>
    listOne(
      current === null || canRun
        ? undefined
        : {
            subject: current,
            seen: `${node ?? 'No Node'} is noted for ${current}, and cannot be run.`,
            wanted: 'A Node that can be run.',
            advice: 'Run `wally install` for this box again, or note the one that runs now.',
          },
    ),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `notes the Node that runs this doctor for ${subject}`,
    apply: ({ home }, { subject }) => saveRuntime(home.directory, subject, process.execPath),
  },
};

const launcher: InstallCheck = {
  id: 'install-launcher',
  title: 'the agent’s launcher is there',
  why: 'The service, and the hub that comes by ssh, start the agent through it.',
  area: 'service',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ home, current, hasLauncher }) =>
    listOne(
      current === null || hasLauncher
        ? undefined
        : {
            subject: join(home, 'bin', 'odally'),
            seen: `${join(home, 'bin', 'odally')} cannot be run.`,
            wanted: 'A script that runs the current version.',
            advice: 'It can be written again.',
          },
    ),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `writes ${subject}`,
    apply: async ({ home }, { subject }) => {
      const fresh = `${subject}.new`;
      await writeFile(fresh, planLauncher(home.directory), { mode: 0o700 });
      await chmod(fresh, 0o700);
      await rename(fresh, subject);
    },
  },
};

const leftovers: InstallCheck = {
  id: 'install-leftover',
  title: 'no install was left half way',
  why: 'It fills the disk, and nobody comes back for it.',
  area: 'service',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ leftovers: paths }) =>
    paths.map((path) => ({
      subject: path,
      seen: `${path} is the half of an install that was cut off.`,
      wanted: 'No such folder.',
      advice: 'It can be removed.',
    })),
  fix: {
    reach: 'anywhere',
    plan: ({ subject }) => `removes ${subject}`,
    apply: (round, { subject }) => round.removeFolder(subject),
  },
};

/** What was installed, and what will start it again. */
export const installSection: Section<AgentRound> = defineSection({
  name: 'install',
  pace: 'slow',
  gather: gatherInstall,
  checks: [damaged, runtime, launcher, leftovers],
});

async function gatherInstall({ home, nowMs }: AgentRound): Promise<InstallFacts> {
  const { directory } = home;
  const current = (await findLinked(directory, 'current')) ?? null;
  const node = current === null ? undefined : await findRuntime(directory, current);
  return {
    home: directory,
    current,
    damage: current === null ? null : await findDamage(directory, current),
    runtime: node ?? null,
    canRun: node !== undefined && (await isProgram(node)),
    hasLauncher: await isProgram(join(directory, 'bin', 'odally')),
    leftovers: await listLeftovers(directory, nowMs),
  };
}

async function findDamage(home: string, name: string): Promise<string | null> {
  return proveVersion(home, name).then(
    () => null,
    (thrown: unknown) => wordsOf(thrown),
  );
}

function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Something younger may be under way. */
async function listLeftovers(home: string, nowMs: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const parent of ['versions', 'runtime']) {
    const names = await readdir(join(home, parent)).catch((): string[] => []);
    for (const name of names.filter((one) => one.startsWith('.incoming-'))) {
      const path = join(home, parent, name);
      const info = await stat(path).catch(() => undefined);
      if (info !== undefined && nowMs - info.mtimeMs >= incomingOldMs) found.push(path);
    }
  }
  return found;
}
