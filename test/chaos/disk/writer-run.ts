/*
 * One life of the process that writes and says what was acknowledged, up to its SIGKILL.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openLevelKv } from '../../../store/open.ts';

/** How it writes. */
export interface WriterPlan {
  readonly store: string;
  readonly durability: 'synced' | 'buffered';
  readonly kind: 'mending' | 'plain';
  readonly firstKey: number;
  /** How long it may write, milliseconds. */
  readonly lifeMs: number;
  /** Makes the command that is run of the command that writes. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What it said. */
export interface WriterLife {
  readonly acked: readonly string[];
  readonly hasOpened: boolean;
  /** Failures that the store mended, as it told of them. */
  readonly failureCount: number;
  /** Did it end before it was killed? */
  readonly hasEnded: boolean;
}

const program = fileURLToPath(new URL('./ack-writer.ts', import.meta.url));

/** Runs one to its SIGKILL; resolves when it is dead and all that it said is here. */
export async function runWriter(plan: WriterPlan): Promise<WriterLife> {
  const { store, durability, kind, firstKey, lifeMs, wrap = (command) => command, env } = plan;
  const words = [process.execPath, program, store, durability, String(firstKey), kind];
  const [file = '', ...args] = wrap(words);
  const child = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const lines: string[] = [];
  const reader = createInterface(child.stdout);
  reader.on('line', (line) => lines.push(line));
  const closed = once(reader, 'close');
  let hasEnded = false;
  child.once('exit', () => {
    hasEnded = true;
  });
  while (!hasEnded && !lines.includes('open')) await sleep(5);
  await sleep(lifeMs);
  const endedItself = hasEnded;
  killGroup(child.pid);
  await closed;
  return {
    acked: lines.filter((line) => line.startsWith('k')),
    hasOpened: lines.includes('open'),
    failureCount: lines.filter((line) => line === 'reopening').length,
    hasEnded: endedItself,
  };
}

/** The writer may be the child of whoever traces it; both are in one group. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== 'ESRCH') throw thrown;
  }
}

/** Which of these keys the store does not have; a sentence where it does not open. */
export async function findMissingKeys(
  store: string,
  keys: readonly string[],
): Promise<readonly string[] | string> {
  try {
    const kv = await openLevelKv(store);
    const missing: string[] = [];
    for (const key of keys) if ((await kv.get(key)) === undefined) missing.push(key);
    await kv.close();
    return missing;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
