/*
 * What an agent forgets: messages that could not be read, once they are over their age or count.
 *
 * Everything else that it holds goes when it is settled with its hub. They are exported into the home's
 * archive first, as the hub's are. Errors: STORE_*.
 */
import { wrapError } from '../protocol/errors.ts';
import { Archive } from '../store/archive.ts';
import { openArchiveFiles } from '../store/archive-files.ts';
import type { Kv } from '../store/kv.ts';
import { describeQuarantined, listAged, readQuarantine } from '../store/quarantine.ts';
import type { AgentHome } from './home.ts';
import { quarantineMax, quarantineMsMax } from './limits.ts';

/** Which messages go: the old ones, or all. */
export interface ForgetPlan {
  readonly home: AgentHome;
  readonly kv: Kv;
  /** Wall milliseconds. */
  readonly now: number;
  readonly which: 'aged' | 'all';
}

/** Moves them into the archive; resolves with how many there were. */
export async function forgetQuarantined({ home, kv, now, which }: ForgetPlan): Promise<number> {
  const rows = await readQuarantine(kv, 2 * quarantineMax);
  const bounds = { before: now - quarantineMsMax, countMax: quarantineMax };
  const going = which === 'all' ? rows : listAged(rows, bounds);
  if (going.length === 0) return 0;
  const archive = new Archive(kv, openArchiveFiles(home.archive));
  const exported = await archive.export(going.map(describeQuarantined), now);
  const deletes = going.map(({ key }) => ({ type: 'del', key }) as const);
  await kv.batch([...deletes, exported], 'buffered');
  return going.length;
}

/** The same of the old ones, at a start: an archive that takes nothing now keeps no agent from its work. Never rejects. */
export async function forgetAged(
  parts: Omit<ForgetPlan, 'which'>,
  noticed: (line: string) => void,
): Promise<void> {
  try {
    await forgetQuarantined({ ...parts, which: 'aged' });
  } catch (thrown) {
    const { message } = wrapError(thrown, 'STORE_IO');
    noticed(`old messages that could not be read stay for now: ${message}`);
  }
}
