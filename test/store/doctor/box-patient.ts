/*
 * A home and its box for the checks that hub and agent share: real files, programs and processes.
 *
 * Programs that the system may lack are scripts on a PATH of the patient's own; what only a kernel says
 * can be written into a /proc of its own.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DoctorReport, DoctorWish } from '../../../protocol/doctor.ts';
import { runDoctor } from '../../../protocol/doctor-run.ts';
import type { Section } from '../../../protocol/doctor-sections.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { type Box, openBox } from '../../../store/doctor/box.ts';
import { boxSection } from '../../../store/doctor/box-checks.ts';
import type { BoxContext, HomeFiles } from '../../../store/doctor/box-context.ts';
import { clockSection } from '../../../store/doctor/clock-checks.ts';
import { diskSection } from '../../../store/doctor/disk-checks.ts';
import { fileSection } from '../../../store/doctor/file-checks.ts';
import type { Patient } from '../../kit/doctor-trial.ts';
import { createDirectory } from '../place.ts';

/** What a test may break. */
export interface BoxPatient extends Patient {
  readonly home: string;
  readonly files: HomeFiles;
  /** Changes what the doctor knows of the box. */
  change(fields: Partial<Box>): void;
  /** Changes what the sections are given. */
  give(fields: Partial<BoxContext>): void;
  /** Puts a program on its PATH: the lines of a shell script. */
  addProgram(name: string, script: string): Promise<void>;
}

const sections: readonly Section<BoxContext>[] = [
  fileSection,
  boxSection,
  diskSection,
  clockSection,
];

/** A sound one. */
export async function openBoxPatient(): Promise<BoxPatient> {
  const { path: home, remove } = await createDirectory();
  await chmod(home, 0o700);
  const bin = join(home, 'bin');
  await mkdir(bin);
  const named = (name: string) => join(home, name);
  const files: HomeFiles = {
    directory: home,
    socket: named('s'),
    key: named('key'),
    log: named('program.log'),
    settings: [named('config.toml')],
    folders: [named('logs')],
    archive: named('archive'),
  };
  await writeFile(files.key, `${'ab'.repeat(32)}\n`, { mode: 0o600 });
  const ports = openSystemPorts();
  let box: Box = openBox({ PATH: `${bin}:/usr/bin:/bin`, TMPDIR: named('tmp') });
  await mkdir(named('tmp'));
  let given: Partial<BoxContext> = {};
  return {
    home,
    files,
    change: (fields) => {
      // What runs programs must see the new environment too.
      box = { ...(fields.env === undefined ? box : openBox(fields.env)), ...fields };
    },
    give: (fields) => {
      given = { ...given, ...fields };
    },
    addProgram: async (name, script) =>
      writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 }),
    diagnose: (wish: DoctorWish): Promise<DoctorReport> => {
      const context: BoxContext = {
        ...{ box, ports, files, nowMs: Date.now(), isLive: true, openFilesWanted: 64 },
        ...given,
        isAnswered: async () => false,
      };
      const open = async () => ({ context, close: async () => undefined });
      return runDoctor({ sections, open, ports, noticed: () => undefined }, wish);
    },
    close: remove,
  };
}
