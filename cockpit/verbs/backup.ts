/*
 * `wally backup`: one file that holds the hub's rows, keys, config and audit trail, made while the hub works.
 *
 * The hub writes it itself, because its key is in it: it never travels to a cockpit elsewhere. Without a hub it is made
 * here. Errors: SAVE_FILE, BACKUP_FAILED, STORE_*.
 */
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { type BackupFolder, backupFolders } from '../../store/backup-head.ts';
import { type BackupAnswer, makeBackup } from '../../store/backup-make.ts';
import { nameBackupFile, showBackup } from '../../store/backup-text.ts';
import type { Kv } from '../../store/kv.ts';
import { openRestingKv } from '../../store/witness.ts';
import { findHubHome, type HubHome } from '../home.ts';
import { listTrustedNames, readWorkers } from '../hub/read-workers.ts';
import { defineVerb } from './verb.ts';

const args = z.object({
  out: z.string().refine(isAbsolute, 'it is no absolute path').optional(),
  logs: z.boolean().default(false),
  artifacts: z.boolean().default(false),
  archive: z.boolean().default(false),
});

type BackupArgs = z.infer<typeof args>;

/** Makes a backup. */
export const backupVerb = defineVerb({
  name: 'backup',
  summary: 'one file with all that the hub must not lose, while it works',
  operands: [],
  flags: {
    out: { value: 'FILE', help: 'this file, which must not be there (HOME/backups/…)' },
    logs: { help: 'and the logs of jobs' },
    artifacts: { help: 'and the files that jobs brought' },
    archive: { help: 'and what was taken out of the store' },
  },
  paths: ['out'],
  danger: 'changes',
  args,
  run({ hub, home, pid, onDrop }, given): Promise<BackupAnswer> {
    let isWanted = true;
    onDrop(() => {
      isWanted = false;
    });
    return back(findHubHome({ WALLY_HOME: home }), given, {
      kv: hub.kv,
      peers: listTrustedNames(hub.workers.list()),
      version: hub.version,
      pid,
      now: hub.ports.clock.wallMs(),
      isWanted: () => isWanted,
      whileAuditRests: (read) => hub.audit.resting(read),
    });
  },
  async runWithoutHub({ home, ports }, given): Promise<BackupAnswer> {
    const kv = await openRestingKv(home.store);
    try {
      return await back(home, given, {
        kv,
        peers: await readWorkers(kv),
        version: 'without a hub',
        pid: 0,
        now: ports.clock.wallMs(),
        isWanted: () => true,
        whileAuditRests: (read) => read(),
      });
    } finally {
      await kv.close();
    }
  },
  show: (answer) => showBackup(answer),
});

type Scene = Pick<
  Parameters<typeof makeBackup>[0],
  'peers' | 'version' | 'pid' | 'now' | 'isWanted' | 'whileAuditRests'
> & { readonly kv: Kv };

function back(home: HubHome, given: BackupArgs, scene: Scene): Promise<BackupAnswer> {
  const out = given.out ?? join(home.backups, nameBackupFile('wally', scene.now));
  const folders: readonly BackupFolder[] = backupFolders.filter((folder) => given[folder]);
  return makeBackup({ program: 'wally', directory: home.directory, folders, out, ...scene });
}
