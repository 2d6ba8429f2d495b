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

/** Copies dist into `folder`, under the name by which the programs find it, and changes the text of its odally.js; resolves with its `wally.js`. */
export function copyDist(folder: string, change: (odally: string) => string): string {
  const directory = join(folder, 'dist');
  cpSync(dirname(locateProgram('wally')), directory, { recursive: true });
  const file = join(directory, 'odally.js');
  const text = change(readFileSync(file, 'utf8'));
  writeFileSync(file, text);
  const listFile = join(directory, 'agent.json');
  const list = JSON.parse(readFileSync(listFile, 'utf8')) as AgentList;
  list.files['odally.js'] = createHash('sha256').update(text).digest('hex');
  writeFileSync(listFile, JSON.stringify(list));
  return join(directory, 'wally.js');
}
