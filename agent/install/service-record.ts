/*
 * `service.json` of a home: which kind of service was installed here, and what it starts.
 *
 * Written whole, by rename, before the service itself is touched, so that whatever happens there is a
 * note of what may be left. It holds no secret. Errors: CONFIG_INVALID, HOME_UNWRITABLE.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError, hasSystemCode } from '../../protocol/errors.ts';
import { saveWhole } from '../../protocol/whole-file.ts';

/** The kinds there are, best first. */
export const serviceKinds = ['systemd', 'launchd', 'background'] as const;

const recordSchema = z.object({
  kind: z.enum(serviceKinds),
  /** The unit of systemd, the label of launchd, the mark of the crontab's line. */
  name: z.string(),
  /** What is started: a program and its words. */
  command: z.array(z.string()).min(1),
  /** What of the environment it is started with. */
  env: z.record(z.string(), z.string()),
  /** Files outside the home that are ours. */
  files: z.array(z.string()),
  /** Does it start with the box? Where not: why. */
  boot: z.object({ starts: z.boolean(), why: z.string() }),
  /** Unix milliseconds. */
  at: z.number(),
});

/** What is installed. */
export type ServiceRecord = z.infer<typeof recordSchema>;

/** How a service can be kept. */
export type ServiceKind = ServiceRecord['kind'];

/** Where the record lies. */
export function locateServiceRecord(home: string): string {
  return join(home, 'service.json');
}

/** What is installed, if anything is. Errors: CONFIG_INVALID for a record that can't be read. */
export async function findServiceRecord(home: string): Promise<ServiceRecord | undefined> {
  const file = locateServiceRecord(home);
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    if (hasSystemCode(cause, 'ENOENT')) return undefined;
    throw new AppError('CONFIG_INVALID', `${file} cannot be read.`, { cause });
  }
}

/** Writes it, whole or not at all. */
export async function saveServiceRecord(home: string, record: ServiceRecord): Promise<void> {
  const file = locateServiceRecord(home);
  const text = `${JSON.stringify(record, null, 2)}\n`;
  await saveWhole({ file, aside: `${file}.new`, text });
}

/** Removes it; nothing happens where there is none. */
export async function dropServiceRecord(home: string): Promise<void> {
  await rm(locateServiceRecord(home), { force: true });
}
