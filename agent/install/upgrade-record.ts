/*
 * `upgrade.json` of a home: the change of version that is under way, or what became of the last one.
 *
 * It is what a process that died left for the next to see, and what the agent tells its hub with its next
 * hello. Written whole, by rename. Errors: HOME_UNWRITABLE.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { UpgradeTold } from '../../protocol/box-frames.ts';
import { saveWhole } from '../../protocol/whole-file.ts';

const recordSchema = z.object({
  from: z.string(),
  to: z.string(),
  /**
   * `draining`: what runs goes on to its end; `switched`: the new one is to come up; then what came of it. `failed`:
   * nothing was changed.
   */
  phase: z.enum(['draining', 'switched', 'done', 'rolled-back', 'failed', 'left']),
  /** Of one that was taken back: the old version is yet to be started. */
  isDown: z.literal(true).optional(),
  /** What is still waited for while it drains. */
  running: z.number().optional(),
  terminals: z.number().optional(),
  /** What the agent was before it was stopped; absent where none ran, so that none is to be started. */
  was: z.enum(['linked', 'alone']).optional(),
  code: z.string().optional(),
  message: z.string().optional(),
  /** Who sees to it. */
  watcher: z.object({ pid: z.number(), start: z.string() }),
  /** Unix milliseconds at which it began. */
  at: z.number(),
});

/** A change of version. */
export type UpgradeRecord = z.infer<typeof recordSchema>;

/** Is nobody to do anything more about it? */
export function isSettled({ phase, isDown }: UpgradeRecord): boolean {
  return phase !== 'draining' && phase !== 'switched' && isDown === undefined;
}

/** The last one; undefined where there was none, or its record can't be read. */
export async function findUpgrade(home: string): Promise<UpgradeRecord | undefined> {
  const text = await readFile(locate(home), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** Writes it, whole or not at all. */
export async function saveUpgrade(home: string, record: UpgradeRecord): Promise<void> {
  const file = locate(home);
  // Two may write at once, where a change is taken up; each by a file of its own.
  const aside = `${file}.${record.watcher.pid}.new`;
  await saveWhole({ file, aside, text: `${JSON.stringify(record, null, 2)}\n` });
}

/** What the version `build` tells the hub of it with a hello: nothing while it is under way, for that shows by itself. */
export async function findUpgradeTold(
  home: string,
  build: string | undefined,
): Promise<UpgradeTold | undefined> {
  const record = await findUpgrade(home);
  // The new version says that it runs by running; whether it may stay is decided a moment later.
  if (record === undefined || record.phase === 'draining' || record.phase === 'left')
    return undefined;
  const { from, to, code, message, at } = record;
  // The old one may be started once more before the new one is, where the change was cut off.
  if (record.phase === 'switched' && build !== to) return undefined;
  return {
    ...{ from, to, at, as: record.phase === 'switched' ? 'done' : record.phase },
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message: message.slice(0, 1000) }),
  };
}

function locate(home: string): string {
  return join(home, 'upgrade.json');
}
