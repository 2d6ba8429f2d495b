/*
 * The versions of the agent that lie in a home, and which of them is the current one.
 *
 * `versions/NAME` is one whole version, called after the hash of its files; `current` and `previous` are links
 * that only ever change by a rename, so each names a version at every instant. A version is proved by its
 * manifest before it is made current. Invariant: what is current, what was before it, and what runs is never removed.
 * Errors: VERSION_UNKNOWN, VERSION_TAMPERED, HOME_UNWRITABLE.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { AppError, hasSystemCode } from '../../protocol/errors.ts';
import {
  hashBytes,
  hashFiles,
  type Manifest,
  manifestFile,
  manifestSchema,
  nameVersion,
} from '../../protocol/manifest.ts';
import { syncDirectory } from '../../protocol/sync-directory.ts';
import { saveWhole } from '../../protocol/whole-file.ts';

/** The two links of a home. */
export type VersionLink = 'current' | 'previous';

/** One version that lies there. */
export interface InstalledVersion {
  readonly name: string;
  /** Wall milliseconds at which it was put there. */
  readonly at: number;
}

/** The directory of a version. */
export function locateVersion(home: string, name: string): string {
  return join(home, 'versions', name);
}

/** The name of the version whose program this is; undefined where it was not installed as one. */
export function findBuild(script: string): string | undefined {
  const directory = dirname(script);
  const isVersion =
    basename(dirname(directory)) === 'versions' && isVersionName(basename(directory));
  return isVersion ? basename(directory) : undefined;
}

/** All that lie there, the newest first. */
export async function listVersions(home: string): Promise<readonly InstalledVersion[]> {
  const names = await readdir(join(home, 'versions')).catch((error: unknown) => {
    if (hasSystemCode(error, 'ENOENT')) return [];
    throw error;
  });
  const found = await Promise.all(names.filter(isVersionName).map((name) => look(home, name)));
  return found.flatMap((one) => one ?? []).sort((a, b) => b.at - a.at);
}

async function look(home: string, name: string): Promise<InstalledVersion | undefined> {
  const { mtimeMs } = await stat(locateVersion(home, name));
  const isVersion = existsSync(join(locateVersion(home, name), manifestFile));
  return isVersion ? { name, at: mtimeMs } : undefined;
}

/** Where a link of the home leads; undefined where there is none. */
export async function findLinked(home: string, link: VersionLink): Promise<string | undefined> {
  const target = await readlink(join(home, link)).catch((error: unknown) => {
    if (hasSystemCode(error, 'ENOENT') || hasSystemCode(error, 'EINVAL')) return undefined;
    throw error;
  });
  return target === undefined ? undefined : basename(target);
}

/** The version's manifest, once every one of its files is what that says. */
export async function proveVersion(home: string, name: string): Promise<Manifest> {
  const directory = locateVersion(home, name);
  if (!isVersionName(name) || !existsSync(directory)) {
    throw new AppError('VERSION_UNKNOWN', `There is no version ${name} in ${home}.`);
  }
  const manifest = await readManifest(directory);
  const wrong = await findWrong(directory, manifest);
  if (wrong !== undefined) throw new AppError('VERSION_TAMPERED', `${join(directory, wrong)}`);
  if (nameVersion(manifest) !== name) {
    throw new AppError('VERSION_TAMPERED', `${directory} is not what its name says.`);
  }
  return manifest;
}

async function readManifest(directory: string): Promise<Manifest> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(join(directory, manifestFile), 'utf8')));
  } catch (cause) {
    throw new AppError('VERSION_TAMPERED', `${directory} has no manifest that can be read.`, {
      cause,
    });
  }
}

/** The first file that is missing or other than the manifest says, or that it does not name. */
async function findWrong(directory: string, manifest: Manifest): Promise<string | undefined> {
  if (hashFiles(manifest.files) !== manifest.hash) return manifestFile;
  for (const [path, hash] of Object.entries(manifest.files)) {
    const bytes = await readFile(join(directory, path)).catch(() => undefined);
    if (bytes === undefined || hashBytes(bytes) !== hash) return path;
  }
  const there = await readdir(directory, { recursive: true, withFileTypes: true });
  return there
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .find((path) => path !== manifestFile && manifest.files[path] === undefined);
}

/** Makes this the current version, and what was current the previous one. */
export async function switchVersion(home: string, name: string): Promise<void> {
  const before = await findLinked(home, 'current');
  if (before === name) return;
  // In this order: what is current is known at every instant, and what was before it soon after.
  await pointTo(home, 'current', name);
  if (before !== undefined) await pointTo(home, 'previous', before);
  await syncDirectory(home);
}

/** Makes this current again after another was tried; that is not to be gone back to. */
export async function switchBack(home: string, name: string): Promise<void> {
  await pointTo(home, 'current', name);
  await rm(join(home, 'previous'), { force: true });
  await syncDirectory(home);
}

async function pointTo(home: string, link: VersionLink, name: string): Promise<void> {
  const aside = join(home, `${link}.new`);
  await rm(aside, { force: true });
  await symlink(join('versions', name), aside);
  await rename(aside, join(home, link));
}

/** The Node that a version is run with, which lies beside it as `NAME.runtime`. */
export async function findRuntime(home: string, name: string): Promise<string | undefined> {
  const text = await readFile(`${locateVersion(home, name)}.runtime`, 'utf8').catch(() => '');
  const [line = ''] = text.split('\n');
  return line === '' ? undefined : line;
}

/** Notes the Node that a version is to be run with. */
export async function saveRuntime(home: string, name: string, node: string): Promise<void> {
  const file = `${locateVersion(home, name)}.runtime`;
  await saveWhole({ file, aside: `${file}.new`, text: `${node}\n` });
}

/** What may go: all but these and the newest so many. Pure. */
export function planRemoval(
  versions: readonly InstalledVersion[],
  kept: { readonly names: ReadonlySet<string>; readonly newestCount: number },
): readonly string[] {
  return versions.slice(kept.newestCount).flatMap(({ name }) => (kept.names.has(name) ? [] : name));
}

/** Removes a version, and each runtime of ours that none of the others needs. */
export async function removeVersion(home: string, name: string): Promise<void> {
  if (!isVersionName(name)) throw new AppError('VERSION_UNKNOWN', `"${name}" is no version.`);
  const node = await findRuntime(home, name);
  await rm(locateVersion(home, name), { recursive: true, force: true });
  await rm(`${locateVersion(home, name)}.runtime`, { force: true });
  const runtimes = join(home, 'runtime');
  if (node === undefined || !node.startsWith(`${runtimes}${sep}`)) return;
  const left = await Promise.all(
    (await listVersions(home)).map((other) => findRuntime(home, other.name)),
  );
  const [runtime = ''] = relative(runtimes, node).split(sep);
  if (left.includes(node) || runtime === '' || runtime === '..') return;
  await rm(join(runtimes, runtime), { recursive: true, force: true });
}

/** A name that is one path segment and no hidden file. */
function isVersionName(name: string): boolean {
  return /^[\w][\w.+-]*-[0-9a-f]{12}$/.test(name);
}
