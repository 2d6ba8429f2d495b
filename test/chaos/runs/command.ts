/*
 * A command of this repository as a check runs it: its lines are passed on, the last one is kept.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How it ended. */
export interface CommandEnd {
  readonly status: number | null;
  readonly lastLine: string;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Runs it to its end, from the root, with the tools of node_modules. */
export async function runCommand(
  [program, ...args]: readonly [string, ...string[]],
  report: (line: string) => void,
): Promise<CommandEnd> {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter);
  const env = { ...process.env, PATH: path };
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let lastLine = '';
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      if (line.trim() !== '') lastLine = line.trim();
      report(line);
    });
  }
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, lastLine };
}
