/*
 * The checks of `keys.toml`: can it be read, and does each of its rows say something that holds?
 *
 * The screen opens whatever the file says, with the keys it had for what it could not take; so these are
 * warnings. A fix keeps what was written aside, and every row that holds in its place.
 */
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { stringify } from 'smol-toml';
import { z } from 'zod';
import { type Check, listOne } from '../../../protocol/doctor.ts';
import { defineSection, type Section, wordsOf } from '../../../protocol/doctor-sections.ts';
import { moveAside } from '../../../store/doctor/move-aside.ts';
import { readConfig } from '../../../store/home.ts';
import { rebindKeys } from '../../tui/keys/rebind.ts';
import type { CockpitRound } from './cockpit-round.ts';

interface KeysFacts {
  readonly path: string;
  /** Why it cannot be read; null where it can, or is not there. */
  readonly fault: string | null;
  /** What could not be taken, a sentence each. */
  readonly problems: readonly string[];
}

type KeysCheck = Check<KeysFacts, CockpitRound>;

const unreadable: KeysCheck = {
  id: 'keymap-unreadable',
  title: 'the keys that you chose can be read',
  why: 'None of them is in force; the screen has its own keys.',
  area: 'config',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ path, fault }) =>
    listOne(
      fault === null
        ? undefined
        : {
            subject: path,
            seen: fault,
            wanted: 'A keys.toml that can be read, or none.',
            advice: 'Correct the line that is named, or move the file away.',
          },
    ),
  fix: {
    reach: 'here',
    plan: ({ subject }) => `moves ${subject} aside`,
    apply: async ({ nowMs }, { subject }) => {
      await moveAside(subject, nowMs);
    },
  },
};

const conflicts: KeysCheck = {
  id: 'keymap-conflicts',
  title: 'every key that you chose is in force',
  why: 'What is not known, or would mean two things in one place, keeps the key it had.',
  area: 'config',
  severity: 'warning',
  cost: 'reads',
  diagnose: ({ path, problems }) =>
    problems.map((problem) => ({
      subject: problem,
      seen: `${path}: ${problem}.`,
      wanted: 'Commands and keys that there are, each key for one thing.',
      advice: 'Correct that row; `?` on the screen lists commands and keys.',
    })),
  fix: {
    reach: 'here',
    plan: () => 'copies keys.toml aside, and keeps the rows of it that hold',
    apply: keepGoodRows,
  },
};

/** Every row that can be added without a new problem stays, in the order of the file. */
async function keepGoodRows({ home, nowMs, box }: CockpitRound): Promise<void> {
  const file = await readConfig(home.keys, z.looseObject({ keys: z.unknown() }).partial());
  const rows = z.record(z.string(), z.unknown()).catch({}).parse(file.keys);
  let good: Readonly<Record<string, unknown>> = {};
  for (const [command, keys] of Object.entries(rows)) {
    const more = { ...good, [command]: keys };
    if (rebindKeys({ keys: more }).problems.length === 0) good = more;
  }
  const aside = `${home.keys}.${box.pid}.new`;
  await writeFile(aside, stringify({ keys: good }), { mode: 0o600 });
  // What several findings ask for is done by the first of them.
  if (rebindKeys(file).problems.length > 0) {
    const copy = `${home.keys}.${box.pid}.copy`;
    await copyFile(home.keys, copy);
    await moveAside(copy, nowMs, home.keys);
  }
  await rename(aside, home.keys);
}

/** The keymap of this home. */
export const keysSection: Section<CockpitRound> = defineSection({
  name: 'keys',
  pace: 'quick',
  gather: async ({ home }: CockpitRound): Promise<KeysFacts> => {
    const path = home.keys;
    return readConfig(path, z.unknown()).then(
      (file) => ({ path, fault: null, problems: rebindKeys(file).problems }),
      (thrown: unknown) => ({ path, fault: wordsOf(thrown), problems: [] }),
    );
  },
  checks: [unreadable, conflicts],
});
