/*
 * Another build of the programs: a copy of dist whose agent differs, and is listed as what it is.
 *
 * A hub that runs from it has another version of the agent to give; that is how a test gets a new version
 * without building one.
 */
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { locateProgram } from './processes.ts';

interface AgentList {
  readonly files: Record<string, string>;
}

/** How a program's text is changed; `path` is relative to dist. */
export type ChangeText = (text: string, path: string) => string;

/** Copies dist into `folder`, under the name by which the programs find it, and changes its agent; gives its `wally.js`. */
export function copyDist(folder: string, change: ChangeText): string {
  const directory = join(folder, 'dist');
  cpSync(dirname(locateProgram('wally')), directory, { recursive: true });
  const listFile = join(directory, 'agent.json');
  const list = JSON.parse(readFileSync(listFile, 'utf8')) as AgentList;
  let isChanged = false;
  for (const path of Object.keys(list.files).filter((name) => name.endsWith('.js'))) {
    const before = readFileSync(join(directory, path), 'utf8');
    const text = change(before, path);
    isChanged ||= text !== before;
    writeFileSync(join(directory, path), text);
    list.files[path] = createHash('sha256').update(text).digest('hex');
  }
  if (!isChanged) throw new Error('nothing of the agent was changed');
  writeFileSync(listFile, JSON.stringify(list));
  return join(directory, 'wally.js');
}
