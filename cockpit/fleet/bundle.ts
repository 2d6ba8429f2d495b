/*
 * The agent as it is sent to a box: the part of our own dist that is its, for one platform.
 *
 * What is read is held against the hashes that the build wrote down, so a dist that was damaged, or half
 * replaced by an upgrade, goes nowhere. Errors: INSTALL_BUNDLE.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError, hasSystemCode } from '../../protocol/errors.ts';
import { hashFiles, type Manifest, manifestFile, nameVersion } from '../../protocol/manifest.ts';
import { makeTreeFile, type Tree, type TreeFile } from './tree.ts';

const hashes = z.record(z.string(), z.string());

/** The shape of dist/agent.json, which the build writes. */
const agentListSchema = z.object({
  version: z.string(),
  files: hashes,
  platforms: z.record(z.string(), hashes),
});

/** An agent to send. */
export interface Bundle {
  readonly manifest: Manifest;
  /** All its files, with the manifest, under the version's name. */
  readonly tree: Tree;
}

/** Reads the agent for a platform out of `dist`. */
export async function readBundle(dist: string, platform: string): Promise<Bundle> {
  const list = await readList(dist);
  const own = list.platforms[platform];
  if (own === undefined) {
    const known = Object.keys(list.platforms).join(', ');
    throw new AppError('INSTALL_BUNDLE', `This build has no agent for ${platform}, only ${known}.`);
  }
  const files = { ...list.files, ...own };
  const read = await Promise.all(
    Object.entries(files).map(([path, hash]) => readListed(dist, path, hash)),
  );
  const manifest = { version: list.version, platform, files, hash: hashFiles(files) };
  const text = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  const all = [...read, makeTreeFile(manifestFile, text, 'data')];
  return { manifest, tree: { name: nameVersion(manifest), files: all } };
}

async function readList(dist: string): Promise<z.infer<typeof agentListSchema>> {
  const file = join(dist, 'agent.json');
  try {
    return agentListSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const why = hasSystemCode(cause, 'ENOENT') ? 'is not there' : 'cannot be read';
    throw new AppError('INSTALL_BUNDLE', `${file} ${why}.`, { cause });
  }
}

async function readListed(dist: string, path: string, hash: string): Promise<TreeFile> {
  const bytes = await readFile(join(dist, path)).catch((cause: unknown) => {
    throw new AppError('INSTALL_BUNDLE', `${join(dist, path)} cannot be read.`, { cause });
  });
  const isProgram = /^odally[\w-]*\.js$|\/spawn-helper$/.test(path);
  const file = makeTreeFile(path, bytes, isProgram ? 'program' : 'data');
  if (file.sha256 === hash) return file;
  throw new AppError('INSTALL_BUNDLE', `${join(dist, path)} is not what was built.`);
}
