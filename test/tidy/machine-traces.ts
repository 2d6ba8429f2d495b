/*
 * Traces of one machine in files that everyone gets: absolute paths and package registries.
 *
 * Reads every text file of the repository, the lock file included. Where a lock file names hosts,
 * `npm ci` asks those hosts, which others may not reach; without them npm asks its own registry.
 */
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { countLine, type Finding } from './source.ts';

/** A file by name and text; any kind, not only TypeScript. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

const ignored = /^(\.git|node_modules|dist|dist\.tmp-.*|coverage)(\/|$)/;
const binary = /\.(png|ico|node|wasm|tgz|gz)$/;

const traces: readonly { readonly pattern: RegExp; readonly message: string }[] = [
  {
    pattern: /(?<![\w.~-])\/(work|root|Users|home\/[a-z][\w-]*)\/[\w.-]/g,
    message: 'an absolute path of one machine',
  },
  {
    pattern: /https?:\/\/[\w.-]*(registry|verdaccio|artifactory|nexus)[\w.-]*/g,
    message: 'the host of a package registry',
  },
  { pattern: /^\s*(@[\w-]+:)?registry\s*=/gm, message: 'a package registry' },
  { pattern: /"resolved": "https?:/g, message: 'a host in the lock file' },
];

/** Every text file of the repository, hidden ones included. */
export function readTextFiles(root: string): readonly TextFile[] {
  const names = globSync(
    ['*', '.*', '.{ci,config,github}/**', '{protocol,store,agent,cockpit,test,docs,.ci}/**'],
    {
      cwd: root,
      exclude: (name) => ignored.test(name),
    },
  );
  return [...new Set(names)]
    .filter((path) => !ignored.test(path) && !binary.test(path))
    .filter((path) => statSync(join(root, path)).isFile())
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Places that only mean something on the machine they were written on. */
export function findMachineTraces(files: readonly TextFile[]): readonly Finding[] {
  return files.flatMap(({ path, text }) =>
    traces.flatMap(({ pattern, message }) =>
      [...text.matchAll(pattern)].map((match) => ({
        path,
        line: countLine(text, match.index),
        message: `${message}: ${match[0].trim()}`,
      })),
    ),
  );
}
