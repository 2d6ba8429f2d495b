/*
 * What this box has: its size, which known tools are on PATH, and how busy it is.
 *
 * Tools are looked up, never run: a probe must not start a compiler, a daemon or a version
 * manager's shim. Words of the config come on top and are taken as they are.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { arch, availableParallelism, loadavg, platform, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import type { BoxLoad, Capabilities } from '../../protocol/model.ts';

/** Tools that `--need` can ask for without a word in the box's config. */
export const toolsKnown: readonly string[] = [
  'bazel',
  'cargo',
  'docker',
  'git',
  'go',
  'make',
  'node',
  'python3',
];

interface ProbeOptions {
  /** The PATH that commands will have. */
  readonly path: string;
  /** Words from the config. */
  readonly has: readonly string[];
  /** Harnesses whose program is there. */
  readonly harnesses?: readonly string[];
}

/** Probes the box. `has` is sorted and holds each word once. */
export async function probeCapabilities(options: ProbeOptions): Promise<Capabilities> {
  const { path, has, harnesses = [] } = options;
  const found = await Promise.all(
    toolsKnown.map(async (tool) => ((await isOnPath(path, tool)) ? [tool] : [])),
  );
  return {
    os: platform(),
    arch: arch(),
    cpus: availableParallelism(),
    memoryBytes: memoryBytes(),
    has: [...new Set([...found.flat(), ...has, ...harnesses])].sort(),
    ...(harnesses.length === 0 ? {} : { harnesses }),
    node: process.versions.node,
  };
}

/** How busy the box is. Rounded, so that what hardly changed reads the same. */
export function measureLoad(): Omit<BoxLoad, 'diskFreeBytes'> {
  const [cpuLoad = 0] = loadavg();
  const step = memoryBytes() / 100;
  const freeBytes = Math.min(process.availableMemory(), memoryBytes());
  return {
    cpuLoad: Math.round(cpuLoad * 10) / 10,
    memoryFreeBytes: Math.round(Math.round(freeBytes / step) * step),
  };
}

/** Is there a program of this name in one of the folders? */
export async function isOnPath(path: string, tool: string): Promise<boolean> {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const found = await Promise.all(folders.map((folder) => isExecutable(join(folder, tool))));
  return found.includes(true);
}

/** Is it a file that can be started? */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK)
    .then(() => stat(path))
    .then(
      (entry) => entry.isFile(),
      () => false,
    );
}

/** A container's limit where there is one; zero or more than the machine has means no limit. */
function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
