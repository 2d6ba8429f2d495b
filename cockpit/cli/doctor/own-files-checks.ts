/*
 * The checks of what a cockpit keeps for itself: what was dispatched from it, and the hubs it was paired with.
 *
 * Fixes move aside what cannot be read; a key is never removed, and no pairing is undone.
 */
import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Check, listOne } from '../../../protocol/doctor.ts';
import { defineSection, type Section, wordsOf } from '../../../protocol/doctor-sections.ts';
import { hasSystemCode } from '../../../protocol/errors.ts';
import { moveAside } from '../../../store/doctor/move-aside.ts';
import { isWorkerName } from '../../manager/worker.ts';
import { readPaired } from '../paired-hub.ts';
import type { CockpitRound } from './cockpit-round.ts';

interface DamagedHub {
  readonly name: string;
  readonly folder: string;
  readonly why: string;
}

interface OwnFacts {
  readonly history: { readonly path: string; readonly badLineCount: number };
  readonly hubs: readonly DamagedHub[];
}

type OwnCheck = Check<OwnFacts, CockpitRound>;

const history: OwnCheck = {
  id: 'history-damaged',
  title: 'every line of what was dispatched from here can be read',
  why: 'Lines that cannot be read are left out of the form’s past, and nobody hears of it.',
  area: 'config',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ history: { path, badLineCount } }) =>
    listOne(
      badLineCount === 0
        ? undefined
        : {
            subject: path,
            seen: `${badLineCount} lines of ${path} cannot be read.`,
            wanted: 'A JSON value a line.',
            advice: 'They can be put aside; nothing else needs them.',
          },
    ),
  fix: {
    reach: 'here',
    plan: ({ subject }) => `moves ${subject} aside, and keeps the lines that can be read`,
    apply: async ({ nowMs }, { subject }) => {
      const lines = await readLines(subject);
      await moveAside(subject, nowMs);
      const good = lines.filter(isJson).map((line) => `${line}\n`);
      await writeFile(subject, good.join(''), { mode: 0o600, flag: 'wx' });
    },
  },
};

const hubs: OwnCheck = {
  id: 'hub-pairing-damaged',
  title: 'every hub that was paired can be looked into',
  why: 'A hub whose pairing cannot be read stands in the way of pairing any other.',
  area: 'trust',
  severity: 'error',
  cost: 'reads',
  diagnose: ({ hubs: damaged }) =>
    damaged.map(({ name, folder, why }) => ({
      subject: name,
      seen: `The pairing with "${name}" in ${folder} is damaged: ${why}`,
      wanted: 'A key and where the hub is, or nothing.',
      advice: 'Pair it again: `wally cockpits invite` on its box.',
    })),
  fix: {
    reach: 'here',
    plan: ({ subject }) => `moves the pairing with "${subject}" aside`,
    apply: async ({ home, nowMs }, { subject }) => {
      const as = join(home.directory, `hub-${subject}`);
      await moveAside(join(home.hubs, subject), nowMs, as);
    },
  },
};

/** What the cockpit keeps. */
export const ownFilesSection: Section<CockpitRound> = defineSection({
  name: 'cockpit',
  pace: 'quick',
  gather: async ({ home }: CockpitRound): Promise<OwnFacts> => {
    const lines = await readLines(home.history);
    const badLineCount = lines.filter((line) => !isJson(line)).length;
    const names = await readdir(home.hubs).catch((): string[] => []);
    const looked = await Promise.all(
      names.map(async (name) => {
        const folder = join(home.hubs, name);
        const why = await findDamage(folder, name, () => readPaired(home, name));
        return why === undefined ? [] : [{ name, folder, why }];
      }),
    );
    return { history: { path: home.history, badLineCount }, hubs: looked.flat() };
  },
  checks: [history, hubs],
});

async function readLines(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch((thrown: unknown) => {
    if (hasSystemCode(thrown, 'ENOENT')) return '';
    throw thrown;
  });
  return text.split('\n').filter((line) => line !== '');
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    // Torn, or of another program; that is what is asked.
    return false;
  }
}

/** A folder that has no pairing yet was begun, and its code can be used again. */
async function findDamage(
  folder: string,
  name: string,
  read: () => Promise<unknown>,
): Promise<string | undefined> {
  if (!(await lstat(folder)).isDirectory()) return 'it is no folder.';
  if (!isWorkerName(name)) return undefined;
  try {
    if ((await read()) === undefined) return undefined;
  } catch (thrown) {
    return wordsOf(thrown);
  }
  const key = await readFile(join(folder, 'cockpit.key'), 'latin1').catch(() => undefined);
  if (key === undefined) return 'its key is gone.';
  return /^[0-9a-f]{64}\s*$/i.test(key) ? undefined : 'its key is none.';
}
