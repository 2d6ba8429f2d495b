/*
 * What of dist is the agent's: its programs, the chunks that they reach, its addons, with their hashes.
 *
 * A hub sends these files, and no others, to the boxes that it installs. It compares the hashes first, so
 * that a dist that was damaged or half replaced goes nowhere. Source: esbuild's metafile.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Path relative to dist → SHA-256, in hex. */
type Hashes = Readonly<Record<string, string>>;

/** The agent's part of a dist. */
export interface AgentList {
  readonly version: string;
  /** For every platform. */
  readonly files: Hashes;
  /** PLATFORM-ARCH → what is for it alone. */
  readonly platforms: Readonly<Record<string, Hashes>>;
}

/** What a list is made from; `outputs` is each bundled file → the files that it imports. */
export interface AgentListPlan {
  readonly out: string;
  readonly outputs: Readonly<Record<string, readonly string[]>>;
  readonly entries: readonly string[];
  readonly version: string;
}

/** Lists the agent's files of the dist at `out`, which must be as it will stay. */
export function listAgent({ out, outputs, entries, version }: AgentListPlan): AgentList {
  const reached = new Set<string>();
  const waiting = entries.map((name) => `${name}.js`);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    waiting.push(...(outputs[path] ?? []));
  }
  const platforms = readdirSync(join(out, 'native')).map((platform) => {
    const names = readdirSync(join(out, 'native', platform));
    return [
      platform,
      hashAll(
        out,
        names.map((name) => `native/${platform}/${name}`),
      ),
    ] as const;
  });
  return {
    version,
    files: hashAll(out, [...reached, 'package.json']),
    platforms: Object.fromEntries(platforms),
  };
}

function hashAll(out: string, paths: readonly string[]): Hashes {
  const hash = (path: string) =>
    createHash('sha256')
      .update(readFileSync(join(out, path)))
      .digest('hex');
  return Object.fromEntries(paths.toSorted().map((path) => [path, hash(path)]));
}
