/*
 * One log in files of its own, opened again as often as a test likes.
 */
import { join } from 'node:path';
import type { Log, LogStore } from '../../store/log.ts';
import { openLogFiles } from '../../store/log-files.ts';
import { createDirectory } from './place.ts';

/** The log of J1.1, and the store that it lies in. */
export interface OpenedLog {
  readonly logs: LogStore;
  readonly log: Log;
}

/** Where it lies: `home` is the store's folder, `path` its own. */
export interface LogHome {
  readonly home: string;
  readonly path: string;
  open(): Promise<OpenedLog>;
  remove(): Promise<void>;
}

/** Makes the folder. `bytesMax`: the cap of the log. */
export async function makeLogHome(bytesMax: number): Promise<LogHome> {
  const { path: home, remove } = await createDirectory();
  const open = async () => {
    const logs = await openLogFiles(home, { bytesMax });
    return { logs, log: await logs.open('J1.1') };
  };
  return { home, path: join(home, 'J1.1'), open, remove };
}
