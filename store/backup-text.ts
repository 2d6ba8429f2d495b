/*
 * Backups in words, for hub and agent alike. Pure.
 *
 * It says what must be done after a restore, because nothing else can: who acknowledged more than the restored store
 * remembers is not served until it is paired again.
 */
import type { BackupProgram } from './backup-head.ts';
import type { BackupAnswer } from './backup-make.ts';
import type { RestoreAnswer } from './backup-restore.ts';

/** The name of a backup that was given none. */
export function nameBackupFile(program: BackupProgram, now: number): string {
  const at = new Date(now).toISOString().replaceAll(/[-:]/g, '');
  return `${program}-${at}.tar.gz`;
}

/** What was made. */
export function showBackup({ file, bytes, rows, files, folders }: BackupAnswer): string {
  const left = ['logs', 'artifacts', 'archive'].filter((folder) => !folders.includes(folder));
  const without = left.length === 0 ? '' : ` Not in it: ${left.join(', ')}.`;
  return [
    `${file} (${formatSize(bytes)}): ${rows} rows, ${files} files.${without}`,
    'It holds the private key; keep it where only you can read it.',
  ].join('\n');
}

/** What was restored, or would be, and what is to be done now. */
export function showRestore(answer: RestoreAnswer, how: 'done' | 'planned'): string {
  const { head, rows, files, aside, asideIn } = answer;
  const made = new Date(head.at).toISOString();
  const does = how === 'done' ? 'Restored' : 'Would restore';
  const moved = how === 'done' ? 'Put aside' : 'Would put aside';
  const lines = [`${does} ${rows} rows and ${files} files as of ${made}.`];
  if (asideIn !== null) lines.push(`${moved} in ${asideIn}: ${aside.join(', ')}.`);
  return [...lines, ...adviseAfter(answer)].join('\n');
}

/** Who has to be paired again, and how. */
export function adviseAfter({ head }: Pick<RestoreAnswer, 'head'>): readonly string[] {
  if (head.program === 'odally') {
    return [
      'If the hub heard of this agent since then, it does not serve it (PEER_REGRESSED): run `wally invite` there,',
      'then `odally join CODE` here. What was held is put aside then.',
    ];
  }
  if (head.peers.length === 0) return ['No worker was paired then.'];
  return [
    'Workers that have worked for this hub since then do not serve it (PEER_REGRESSED) until they are paired again.',
    `Paired then: ${head.peers.join(', ')}. For each one that \`wally team\` shows as gone: \`wally invite\` here,`,
    '`odally join CODE` on its box. Jobs that were given since then are not known here.',
  ];
}

function formatSize(bytes: number): string {
  return bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
