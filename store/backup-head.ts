/*
 * What a backup says of itself, in its first entry, and how its entries are called.
 *
 * `HEAD.json`, then `rows/N` in the order of their keys, then `home/PATH` for each file; the last one names them all.
 * Fields are added, never renamed. Errors: BACKUP_DAMAGED, BACKUP_FOREIGN.
 */
import { z } from 'zod';
import { AppError } from '../protocol/errors.ts';
import { storeMigrations } from './format.ts';

/** Name of the first entry. */
export const headName = 'HEAD.json';

/** How the entries of rows and of files begin. */
export const rowsPrefix = 'rows/';
/** See `rowsPrefix`. */
export const filesPrefix = 'home/';

/** The version of all this. */
export const backupFormat = 1;

/** Whose home it is. */
export type BackupProgram = 'wally' | 'odally';

/** What can be left out of a backup, being large: folders of a home. */
export const backupFolders = ['logs', 'artifacts', 'archive'] as const;

/** One of them. */
export type BackupFolder = (typeof backupFolders)[number];

const headSchema = z.object({
  format: z.number().int().positive(),
  program: z.enum(['wally', 'odally']),
  version: z.string(),
  /** Wall milliseconds. */
  at: z.number().nonnegative(),
  store: z.object({ id: z.string(), format: z.number().int().positive() }).nullable(),
  folders: z.array(z.string()),
  /** Those who may have to pair again: names of workers, or the hub's. */
  peers: z.array(z.string()),
});

/** What a backup says of itself. */
export type BackupHead = z.infer<typeof headSchema>;

/** Reads it, and refuses what this program and version cannot put back. */
export function readHead(bytes: Uint8Array, program: BackupProgram): BackupHead {
  let parsed: ReturnType<typeof headSchema.safeParse>;
  try {
    parsed = headSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new AppError('BACKUP_DAMAGED', 'The head of the backup cannot be read.', { cause });
  }
  if (!parsed.success) throw new AppError('BACKUP_DAMAGED', 'The head of the backup is no head.');
  const head = parsed.data;
  const newest = storeMigrations.length + 1;
  if (head.program !== program) {
    throw new AppError('BACKUP_FOREIGN', `It is a backup of ${head.program}, not of ${program}.`);
  }
  if (head.format > backupFormat || (head.store?.format ?? 0) > newest) {
    throw new AppError('BACKUP_FOREIGN', `It was made by version ${head.version}, which is newer.`);
  }
  return head;
}
