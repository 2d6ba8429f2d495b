/*
 * A mounted disk whose power can be cut, by the FUSE program `lossy.c` beside this.
 *
 * It is compiled where it is needed. What is missing (a compiler, FUSE, the right to mount) is given
 * as a reason. Life cycle: `openLossyDisk`, then `close`, which unmounts and is safe to repeat.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What a cut leaves of bytes that were written and not synced. */
export type CutKind = 'drop' | 'prefix' | 'torn';

/**
 * When a file's name is durable: with any later sync, or only with its directory's. `network`: as `ext4`, and the kernel
 * remembers for a minute what was looked at, so that this is no disk for cuts.
 */
export type NameRule = 'ext4' | 'strict' | 'network';

/** The disk. */
export interface LossyDisk extends AsyncDisposable {
  readonly path: string;
  /** Cuts the power; whoever used it must be dead already. */
  cut(kind: CutKind): Promise<void>;
  /** From now on it answers nobody, as one whose server is gone; until `thaw`, or its closing. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

const run = promisify(execFile);
const signals = { drop: 'SIGUSR1', prefix: 'SIGUSR2', torn: 'SIGHUP' } as const;
const source = fileURLToPath(new URL('./lossy.c', import.meta.url));

/** Mounts one at `path`, or in a place of its own; a sentence where that cannot be. */
export async function openLossyDisk(
  rule: NameRule,
  seed: number,
  path?: string,
): Promise<LossyDisk | string> {
  const place = await mkdtemp(join(tmpdir(), 'wally-lossy-'));
  const reason = await compile(join(place, 'lossy'));
  if (reason !== undefined) {
    await rm(place, { recursive: true });
    return reason;
  }
  const mount = path ?? join(place, 'disk');
  await mkdir(mount, { recursive: true });
  const ready = join(place, 'ready');
  await writeFile(ready, '');
  const words = [rule, String(seed), ready, mount, '-f'];
  const child = spawn(join(place, 'lossy'), words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  if (!(await hearLine(child, ready, 1))) {
    await rm(place, { recursive: true });
    return `FUSE cannot be mounted: ${said.trim()}`;
  }
  return describe({ child, mount, place, ready });
}

/** Is there such a disk to be had here? Undefined when there is, else why not. */
export async function whyNoLossyDisk(): Promise<string | undefined> {
  const disk = await openLossyDisk('ext4', 1);
  if (typeof disk === 'string') return disk;
  await disk.close();
  return undefined;
}

interface Mounted {
  readonly child: ChildProcess;
  readonly mount: string;
  readonly place: string;
  readonly ready: string;
}

function describe({ child, mount, place, ready }: Mounted): LossyDisk {
  let lines = 1;
  let isOpen = true;
  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    await run('umount', ['-l', mount]).catch(() => undefined);
    child.kill('SIGTERM');
    await ended;
    await rm(place, { recursive: true, force: true });
  };
  return {
    path: mount,
    async cut(kind) {
      child.kill(signals[kind]);
      lines += 1;
      if (!(await hearLine(child, ready, lines))) throw new Error('the lossy disk has ended');
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function compile(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await run('pkg-config', ['fuse3', '--cflags', '--libs']);
    await run('cc', ['-O2', source, ...stdout.trim().split(/\s+/), '-o', program]);
    return undefined;
  } catch (thrown) {
    const words = thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown);
    return `a lossy file system cannot be built (needs cc, pkg-config and libfuse3-dev): ${words}`;
  }
}

/** The program says in a file when it is mounted, and after each cut. */
async function hearLine(child: ChildProcess, file: string, count: number): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    const text = await readFile(file, 'utf8');
    if (text.split('\n').length > count) return true;
    await sleep(5);
  }
  return false;
}
