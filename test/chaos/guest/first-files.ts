/*
 * The guest's first file system, which the kernel unpacks into memory: busybox, `init`, modules.
 *
 * Modules are numbered in the order of their loading, each after those that it names as its own needs.
 * One that the kernel has built in has no file, which is as good.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, globSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GuestTools } from './tools.ts';

/** Disk, the files of the machine outside and a layer over them, ext4, the disk that drops writes. */
const wanted = [
  'virtio_pci',
  'virtio_blk',
  '9pnet_virtio',
  '9p',
  'overlay',
  'crc32c_generic',
  'ext4',
  'dm_flakey',
];

/** Packs it, in a folder that the caller removes; gives the file's path. Errors: throws with cpio's words. */
export function packFirstFiles({ busybox, modules }: GuestTools, place: string): string {
  const root = join(place, 'first-files');
  for (const name of ['bin', 'modules', 'machine', 'proc', 'sys', 'dev']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  copyFileSync(busybox, join(root, 'bin/busybox'));
  copyFileSync(fileURLToPath(new URL('./init', import.meta.url)), join(root, 'init'));
  for (const [at, file] of orderModules(modules).entries()) {
    copyFileSync(file, join(root, 'modules', `${String(at).padStart(2, '0')}-${basename(file)}`));
  }
  const packed = `${root}.cpio`;
  const out = openSync(packed, 'w');
  const names = globSync('**', { cwd: root });
  const { status, stderr } = spawnSync(busybox, ['cpio', '-o', '-H', 'newc'], {
    cwd: root,
    input: names.map((name) => `${name}\n`).join(''),
    stdio: ['pipe', out, 'pipe'],
  });
  closeSync(out);
  if (status !== 0) throw new Error(`cpio: ${stderr}`);
  return packed;
}

/** Files of what is wanted, needs first. */
function orderModules(folder: string): readonly string[] {
  const files = new Map(globSync(`${folder}/**/*.ko`).map((file) => [nameModule(file), file]));
  if (files.size === 0) throw new Error(`no module in ${folder} is a plain .ko file`);
  const ordered: string[] = [];
  const add = (name: string) => {
    const file = files.get(name);
    if (file === undefined || ordered.includes(file)) return;
    const needs = /\0depends=([^\0]*)\0/.exec(readFileSync(file, 'latin1'))?.[1] ?? '';
    for (const need of needs.split(',')) add(nameModule(need));
    ordered.push(file);
  };
  for (const name of wanted) add(name);
  return ordered;
}

/** The kernel takes both marks for one. */
function nameModule(file: string): string {
  return basename(file, '.ko').replaceAll('-', '_');
}
