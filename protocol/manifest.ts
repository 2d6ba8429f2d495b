/*
 * The manifest of an agent as it is installed on a box: which files it is, each with its hash.
 *
 * It lies beside them as `manifest.json`, and the directory is called after it, so a version that is there is
 * known by its name and proved by its bytes. The hash of the whole is over the list that `sha256sum`
 * prints, so that a box without Node can make it. Source: sha256sum(1), FIPS 180-4.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The shape of `manifest.json`. */
export const manifestSchema = z.object({
  version: z.string(),
  /** PLATFORM-ARCH as Node names them. */
  platform: z.string(),
  /** Path relative to the directory → SHA-256 of its bytes, in hex; all but the manifest itself. */
  files: z.record(z.string(), sha256),
  /** `hashFiles` of `files`. */
  hash: sha256,
});

/** What one version of the agent is. */
export type Manifest = z.infer<typeof manifestSchema>;

/** The name of the manifest among the files. */
export const manifestFile = 'manifest.json';

/** SHA-256 in hex. */
export function hashBytes(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The hash of a whole: of what `find . ! -type d | LC_ALL=C sort | xargs sha256sum` prints in it. */
export function hashFiles(files: Readonly<Record<string, string>>): string {
  const lines = Object.entries(files).map(([path, hash]) => `${hash}  ./${path}\n`);
  // By their bytes; the paths are plain ASCII.
  const byPath = lines.toSorted((a, b) => (a.slice(64) < b.slice(64) ? -1 : 1));
  return hashBytes(byPath.join(''));
}

/** The name of the directory that holds this version. */
export function nameVersion({ version, hash }: Pick<Manifest, 'version' | 'hash'>): string {
  return `${version}-${hash.slice(0, 12)}`;
}
