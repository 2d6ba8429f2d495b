/*
 * Homes for hubs and agents that belong to one test, and the end of everything that runs in them.
 *
 * A hub started by a verb is nobody's child, so pids alone don't find it. What a test started is
 * known by its environment or its working directory, both of which name the test's own folder;
 * nothing else is ever ended. The folder is short, because a unix socket's path may be 107 bytes.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The folder of one test. */
export interface Homes extends AsyncDisposable {
  /** Everything below is inside it; for scratch files too. */
  readonly root: string;
  /** The environment of one hub; each name is a home of its own. */
  hub(name?: string): Readonly<Record<string, string>>;
  /** The environment of one agent; each name is a home of its own. */
  agent(name: string): Readonly<Record<string, string>>;
  /** A fresh folder for work. */
  folder(name: string): string;
  /** Counts a process as the test's own where the system can't tell us its environment. */
  own(pid: number): void;
  /** Pids of what runs in these homes. */
  listProcesses(): readonly number[];
  /** Ends all of them and removes the folder. Safe to repeat. */
  close(): Promise<void>;
}

const endTriesMax = 100;
const endPauseMs = 50;

/** A process that ends before it has closed its homes leaves nobody running in them either. */
const openRoots = new Set<string>();
process.once('exit', () => {
  for (const root of openRoots) {
    for (const pid of listProcesses(root)) sendKill(pid);
    rmSync(root, { recursive: true, force: true });
  }
});

/** Makes the folder, or takes that one. The caller closes it, also when its test fails. */
export function openHomes(root = mkdtempSync(join(tmpdir(), 'wy-'))): Homes {
  const owned = new Set<number>();
  const folder = (name: string) => {
    const path = join(root, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  openRoots.add(root);
  const close = async () => {
    await endProcesses(() => [...listProcesses(root), ...[...owned].filter(isAlive)]);
    rmSync(root, { recursive: true, force: true });
    openRoots.delete(root);
  };
  // HOME too: what looks for dot files must find none of the person's who runs the tests.
  return {
    root,
    hub: (name = 'hub') => ({ HOME: folder('home'), WALLY_HOME: folder(name) }),
    agent: (name) => ({ HOME: folder('home'), ODALLY_HOME: folder(name) }),
    folder,
    own: (pid) => owned.add(pid),
    listProcesses: () => listProcesses(root),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function endProcesses(list: () => readonly number[]): Promise<void> {
  for (let tries = 0; tries < endTriesMax; tries += 1) {
    const pids = list();
    if (pids.length === 0) return;
    for (const pid of pids) sendKill(pid);
    await sleep(endPauseMs);
  }
  throw new Error(`processes outlive SIGKILL: ${list().join(', ')}`);
}

function listProcesses(root: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isInside(pid, root));
}

function isInside(pid: number, root: string): boolean {
  try {
    const cwd = readlinkSync(`/proc/${pid}/cwd`);
    if (cwd === root || cwd.startsWith(root + sep)) return true;
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return environment.some(
      (entry) => /^(WALLY|ODALLY)_HOME=/.test(entry) && entry.includes(root + sep),
    );
  } catch {
    // Gone meanwhile, a zombie, or another person's: not ours to end.
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    return false;
  }
}

/** A dead process stays listed until its parent asks for it; in a container nobody may. */
function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

function sendKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH')) throw thrown;
  }
}
