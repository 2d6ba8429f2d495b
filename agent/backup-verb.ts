/*
 * `odally backup` and `odally restore`: one file with all that this box must not lose, and the way back.
 *
 * The agent that runs makes it itself, for its store has one owner; where none runs it is made from the home. Nothing is
 * restored under an agent that runs. Errors: USAGE_*, AGENT_RUNNING, SAVE_FILE, BACKUP_*, RESTORE_FAILED, STORE_*.
 */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { describeFlagFault } from '../protocol/argument-faults.ts';
import { AppError } from '../protocol/errors.ts';
import { type BackupFolder, backupFolders } from '../store/backup-head.ts';
import { type BackupAnswer, makeBackup } from '../store/backup-make.ts';
import { nameBackupFile, showBackup, showRestore } from '../store/backup-text.ts';
import { openHome } from '../store/home.ts';
import type { Kv } from '../store/kv.ts';
import { restoreHome } from '../store/restore-home.ts';
import { openRestingKv } from '../store/witness.ts';
import { askPatiently, dialAgent } from './agent-client.ts';
import { type AgentHome, findAgentHome } from './home.ts';
import type { Program } from './ports.ts';

const askSchema = z.object({
  out: z.exactOptional(z.string()),
  logs: z.boolean(),
  artifacts: z.boolean(),
  archive: z.boolean(),
});

type BackupAsk = z.infer<typeof askSchema>;

/** Who makes it. */
export interface BackupScene {
  readonly home: AgentHome;
  readonly kv: Kv;
  readonly version: string;
  readonly pid: number;
  readonly now: number;
  readonly isWanted: () => boolean;
  readonly whileAuditRests: <T>(read: () => Promise<T>) => Promise<T>;
}

/** Answers on the agent's socket, or for a home in which nobody runs. */
export function answerBackup(
  { home, ...scene }: BackupScene,
  args: unknown,
): Promise<BackupAnswer> {
  const parsed = askSchema.safeParse(args);
  if (!parsed.success) throw new AppError('USAGE_ARGUMENT');
  const ask = parsed.data;
  const folders: readonly BackupFolder[] = backupFolders.filter((folder) => ask[folder]);
  const out = ask.out ?? join(home.backups, nameBackupFile('odally', scene.now));
  const { directory } = home;
  return makeBackup({ ...scene, program: 'odally', directory, folders, out, peers: [] });
}

/** Makes one; resolves with the exit status. */
export async function runBackup(
  { program, version }: { readonly program: Program; readonly version: string },
  words: readonly string[],
): Promise<number> {
  const home = findAgentHome(program.env.ODALLY_HOME);
  const ask = parseBackupWords(words);
  const client = await dialAgent(home).catch(() => undefined);
  const answer =
    client === undefined
      ? await backAtRest({ program, version, home }, ask)
      : ((await askPatiently(client, program, () => client.call('backup', ask)).finally(() =>
          client.close(),
        )) as BackupAnswer);
  program.print(words.includes('--json') ? JSON.stringify(answer) : showBackup(answer));
  return 0;
}

/** Puts one back; resolves with the exit status. */
export async function runRestore(program: Program, words: readonly string[]): Promise<number> {
  const home = findAgentHome(program.env.ODALLY_HOME);
  const { values, positionals } = readWords('restore', words, {
    'dry-run': { type: 'boolean' },
    json: { type: 'boolean' },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new AppError('USAGE_ARGUMENT', 'restore: name one FILE.');
  }
  const isDryRun = values['dry-run'] === true;
  if (!isDryRun) await openHome(home.directory);
  const client = await dialAgent(home).catch(() => undefined);
  client?.close();
  const answer = await restoreHome({
    ...{ file: resolve(file), isDryRun, store: home.store, directory: home.directory },
    program: 'odally',
    amend: async () => [],
    now: program.ports.clock.wallMs(),
    isAnswered: client !== undefined,
    busy: 'AGENT_RUNNING',
  });
  const text = showRestore(answer, isDryRun ? 'planned' : 'done');
  program.print(values.json === true ? JSON.stringify({ ...answer, isDryRun }) : text);
  return 0;
}

async function backAtRest(
  {
    program,
    version,
    home,
  }: { readonly program: Program; readonly version: string; readonly home: AgentHome },
  ask: BackupAsk,
): Promise<BackupAnswer> {
  const kv = await openRestingKv(home.store);
  try {
    const now = program.ports.clock.wallMs();
    const scene = { home, kv, version, pid: program.pid, now };
    return await answerBackup(
      { ...scene, isWanted: () => true, whileAuditRests: (read) => read() },
      ask,
    );
  } finally {
    await kv.close();
  }
}

function parseBackupWords(words: readonly string[]): BackupAsk {
  const flag = { type: 'boolean' } as const;
  const options = {
    logs: flag,
    artifacts: flag,
    archive: flag,
    json: flag,
    out: { type: 'string' },
  } as const;
  const { values, positionals } = readWords('backup', words, options);
  if (positionals.length > 0) {
    throw new AppError('USAGE_ARGUMENT', `backup: "${positionals[0]}" is one argument too many.`);
  }
  const { out, logs, artifacts, archive } = values;
  return {
    ...(typeof out === 'string' ? { out: resolve(out) } : {}),
    ...{ logs: logs === true, artifacts: artifacts === true, archive: archive === true },
  };
}

type Options = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>;

function readWords(verb: string, words: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (cause) {
    throw new AppError('USAGE_FLAG', `${verb}: ${describeFlagFault(cause)}.`, { cause });
  }
}
