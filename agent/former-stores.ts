/*
 * The stores that this home had before the one it has, and what their agents left running.
 *
 * Work is found again by the rows of the store that gave its mark. Where that store was lost (removed, torn, begun
 * anew) no row tells of what still runs, and the hub takes it for lost. So the ids of stores stand in a file beside
 * the temporary directories too, and what carries the mark of another one is ended at the next start.
 * The file names its home: in a copy of a home the marks are those of another agent, which may live.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { wrapError } from '../protocol/errors.ts';
import type { Timers } from '../protocol/ports.ts';
import { saveWhole } from '../protocol/whole-file.ts';
import type { AgentHome } from './home.ts';
import { formerStoresMax } from './limits.ts';
import { reapMarked } from './work/reaper.ts';

const fileSchema = z.object({ home: z.string(), stores: z.array(z.string().regex(/^[0-9a-f]+$/)) });

/** What it needs. `storeId`: of the store that the agent has now. */
export interface FormerStores {
  readonly home: Pick<AgentHome, 'directory' | 'work'>;
  readonly storeId: string;
  readonly pid: number;
  readonly timers: Timers;
  readonly noticed: (line: string) => void;
}

/** Ends what they left, and notes the one of now. What cannot be noted costs nothing but this. Never rejects. */
export async function reapFormerStores(parts: FormerStores): Promise<void> {
  const { storeId, timers, noticed } = parts;
  const known = await readStores(parts);
  const former = known.filter((id) => id !== storeId);
  if (former.length === 0 && known.length > 0) return;
  // First, so that this one is known whatever happens from here on.
  await writeStores(parts, [storeId, ...former].slice(0, formerStoresMax));
  for (const id of former) {
    const count = await reapMarked(`${id}/`, timers);
    if (count > 0) noticed(`${count} processes of a store that this home lost were ended`);
  }
  if (former.length > 0) await writeStores(parts, [storeId]);
}

/** Nothing that can be read is nothing that is known. */
async function readStores({ home }: FormerStores): Promise<readonly string[]> {
  try {
    const file = fileSchema.parse(JSON.parse(await readFile(nameFile(home), 'utf8')));
    return file.home === home.directory ? file.stores : [];
  } catch {
    return [];
  }
}

async function writeStores(
  { home, pid, noticed }: FormerStores,
  stores: readonly string[],
): Promise<void> {
  const file = nameFile(home);
  const text = `${JSON.stringify({ home: home.directory, stores })}\n`;
  try {
    await mkdir(home.work, { recursive: true, mode: 0o700 });
    await saveWhole({ file, aside: `${file}.${pid}.new`, text });
  } catch (thrown) {
    noticed(`${file} cannot be written: ${wrapError(thrown, 'HOME_UNWRITABLE').message}`);
  }
}

function nameFile({ work }: FormerStores['home']): string {
  return join(work, '.stores.json');
}
