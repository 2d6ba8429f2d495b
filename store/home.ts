/*
 * A home: the one directory that holds everything of one hub or one agent.
 *
 * It makes the directory with mode 0700, says plainly when it cannot be written, and reads the
 * config file. It never changes a config. Errors: HOME_UNWRITABLE, HOME_FOREIGN, CONFIG_INVALID.
 * Source: TOML 1.0 by smol-toml.
 */
import { access, constants, mkdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { AppError, hasSystemCode } from '../protocol/errors.ts';
import type { AuditPolicy } from './audit-keep.ts';
import {
  auditBytesMaxDefault,
  auditDaysDefault,
  auditFileBytesMax,
  ballastBytesDefault,
  watermarkBytesDefault,
} from './limits.ts';

/** The `[disk]` table of both config files; each size is at most an eighth of the file system. */
export const diskConfigSchema = z
  .strictObject({
    /** New work is refused while less than this is free; 0 never refuses. */
    watermark_bytes: z.number().int().min(0).default(watermarkBytesDefault),
    /** Kept in a file that is given up when the disk is full; 0 keeps none. */
    ballast_bytes: z.number().int().min(0).default(ballastBytesDefault),
  })
  .prefault({});

/** What both config files say of the audit trail, in `[keep]`. */
export const auditConfigFields = {
  /** Days that the audit trail is kept. */
  audit_days: z.number().min(1).max(36_500).default(auditDaysDefault),
  /** Bytes of it that are kept in files, however young. */
  audit_bytes_max: z.number().int().min(auditFileBytesMax).default(auditBytesMaxDefault),
};

/** The same as it is applied. */
export function planAuditPolicy(keep: {
  readonly audit_days: number;
  readonly audit_bytes_max: number;
}): AuditPolicy {
  return { keepMs: keep.audit_days * 24 * 60 * 60 * 1000, bytesMax: keep.audit_bytes_max };
}

/** The home that an environment variable names, else the one of this name in the user's own. */
export function findHomeDirectory(named: string | undefined, name: string): string {
  return resolve(named === undefined || named === '' ? join(homedir(), name) : named);
}

/** Makes the home where it is missing, and makes sure that it can be written. */
export async function openHome(directory: string): Promise<void> {
  try {
    await makeFolders(directory);
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('HOME_UNWRITABLE', `The home ${directory} cannot be used (${why}).`, {
      cause,
    });
  }
}

/**
 * Refuses root in the home of another user: files that root makes there cannot be used by their own program, and to
 * give them away afterwards is not safe where that user can move folders meanwhile. Errors: HOME_FOREIGN.
 */
export async function expectOwnHome(directory: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const found = await stat(directory).catch(() => undefined);
  if (found === undefined || found.uid === 0) return;
  throw new AppError('HOME_FOREIGN', `The home ${directory} belongs to user ${found.uid}.`);
}

/**
 * One folder after the other: node's own recursion never ends where a folder that is there answers a new one
 * with ENOENT, as /proc and an automounter's do.
 */
async function makeFolders(directory: string): Promise<void> {
  if (await isFolder(directory)) return;
  if (dirname(directory) !== directory) await makeFolders(dirname(directory));
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (thrown) {
    // Another process may have been quicker.
    if (!(hasSystemCode(thrown, 'EEXIST') && (await isFolder(directory)))) throw thrown;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Reads a config file; a missing one is an empty one. */
export async function readConfig<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(file);
  const parsed = schema.safeParse(parseToml(file, text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  const what = where === '' ? issue?.message : `${where}: ${issue?.message}`;
  throw new AppError('CONFIG_INVALID', `${file} is not valid: ${what}.`);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (hasSystemCode(cause, 'ENOENT')) return '';
    throw new AppError('CONFIG_INVALID', `${file} cannot be read.`, { cause });
  }
}

function parseToml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const place = `line ${cause.line}, column ${cause.column}`;
    throw new AppError('CONFIG_INVALID', `${file} is not valid TOML at ${place}.`, { cause });
  }
}
