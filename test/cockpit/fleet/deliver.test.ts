/*
 * Putting a tree onto a box: by this machine's own sh, tar and sha256sum behind a program that stands in for
 * ssh, so that what goes over can be changed and cut on its way.
 */
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { arrange } from '../../../cockpit/fleet/arrange.ts';
import { type BoxWay, deliver, isDelivered } from '../../../cockpit/fleet/deliver.ts';
import { openSsh } from '../../../cockpit/fleet/ports.ts';
import { countTreeBytes, makeTreeFile, sealTree, type Tree } from '../../../cockpit/fleet/tree.ts';
import { createDirectory } from '../../store/place.ts';

let place: Awaited<ReturnType<typeof createDirectory>>;
let home: string;

beforeEach(async () => {
  place = await createDirectory();
  home = join(place.path, 'box', '.odally');
});

afterEach(() => place.remove());

/** A way onto “the box”: its home here, the bytes of stdin through `filter` on their way. */
async function openWay(filter = 'cat', path = '/usr/bin:/bin'): Promise<BoxWay> {
  const program = join(place.path, `ssh-${filter.replaceAll(/\W+/g, '-').slice(0, 40)}`);
  await mkdir(join(place.path, 'box'), { recursive: true });
  await writeFile(
    program,
    `#!/bin/sh
for word; do :; done
${filter} | env -i HOME='${join(place.path, 'box')}' PATH='${path}' /bin/sh -c "$word"
`,
  );
  await chmod(program, 0o755);
  return { ssh: openSsh([program]), place: { target: 'box' } };
}

const bytes = (text: string) => new TextEncoder().encode(text);

const tree: Tree = {
  name: '1.0.0-abc',
  files: [
    makeTreeFile('odally.js', bytes('#!/usr/bin/env node\nconsole.log("1.0.0");\n'), 'program'),
    makeTreeFile('package.json', bytes('{"type":"module"}'), 'data'),
    makeTreeFile('chunks/a-1.js', bytes('x'.repeat(100_000)), 'data'),
    makeTreeFile('native/linux-x64/empty.node', bytes(''), 'data'),
    makeTreeFile('native/linux-x64/block.node', new Uint8Array(1024).fill(7), 'data'),
  ],
};
const delivery = { tree, parent: 'versions' } as const;

const list = () => readdir(join(home, 'versions')).catch(() => []);

describe('deliver', () => {
  test('deliver: a tree arrives whole, is proved, and is known the next time', async () => {
    const way = await openWay();
    expect(await isDelivered(way, delivery)).toBe(false);
    const shares: number[] = [];
    await deliver(way, { ...delivery, sent: (share) => shares.push(share) });
    expect(await list()).toEqual(['1.0.0-abc']);
    for (const file of tree.files) {
      const path = join(home, 'versions', '1.0.0-abc', file.path);
      expect((await readFile(path)).length).toBe(file.sizeBytes);
      expect((await stat(path)).mode & 0o777).toBe(file.isProgram ? 0o700 : 0o600);
    }
    expect(shares.at(-1)).toBe(1);
    expect(await isDelivered(way, delivery)).toBe(true);
  });

  test('deliver: other bytes on the way are refused, and nothing of them stays', async () => {
    // One letter of a file becomes another, inside the compressed stream.
    const way = await openWay(`gzip -dc | sed 's/xxxxx/xxYxx/' | gzip -c`);
    await expect(deliver(way, delivery)).rejects.toMatchObject({ code: 'INSTALL_TAMPERED' });
    expect(await list()).toEqual([]);
  });

  test('deliver: a file more than was sent is refused too', async () => {
    await writeFile(join(place.path, 'more.js'), 'evil');
    const more = `( gzip -dc > ${place.path}/t; tar -rf ${place.path}/t -C ${place.path} more.js; gzip -c < ${place.path}/t )`;
    const way = await openWay(more);
    await expect(deliver(way, delivery)).rejects.toMatchObject({ code: 'INSTALL_TAMPERED' });
    expect(await list()).toEqual([]);
  });

  test('deliver: a stream that is cut leaves nothing', async () => {
    const way = await openWay('head -c 300');
    await expect(deliver(way, delivery)).rejects.toMatchObject({ code: 'INSTALL_FAILED' });
    expect(await list()).toEqual([]);
  });

  test('deliver: what is there and was changed is found, and replaced', async () => {
    const way = await openWay();
    await deliver(way, delivery);
    const path = join(home, 'versions', '1.0.0-abc', 'package.json');
    await writeFile(path, '{"type":"evil"}');
    expect(await isDelivered(way, delivery)).toBe(false);
    await deliver(way, delivery);
    expect(await readFile(path, 'utf8')).toBe('{"type":"module"}');
    expect(await list()).toEqual(['1.0.0-abc']);
    await writeFile(join(home, 'versions', '1.0.0-abc', 'more.js'), '');
    expect(await isDelivered(way, delivery)).toBe(false);
  });

  test('deliver: what a killed run left is swept by the next', async () => {
    const stale = join(home, 'versions', '.incoming-1.0.0-abc');
    await mkdir(join(stale, 'chunks'), { recursive: true });
    await writeFile(join(stale, 'chunks', 'old.js'), 'half');
    await deliver(await openWay(), delivery);
    expect(await list()).toEqual(['1.0.0-abc']);
    expect(await isDelivered(await openWay(), delivery)).toBe(true);
  });

  test('deliver: a home that cannot be made is said', async () => {
    await mkdir(join(place.path, 'box'), { recursive: true });
    await writeFile(home, 'a file');
    const sent = deliver(await openWay(), delivery);
    await expect(sent).rejects.toMatchObject({ code: 'INSTALL_HOME' });
  });

  test('deliver: a full disk is said by its name', async () => {
    const bin = join(place.path, 'bin');
    await mkdir(bin);
    await writeFile(
      join(bin, 'tar'),
      '#!/bin/sh\necho "tar: x: No space left on device" >&2\necho "tar: Exiting now" >&2\nexit 2\n',
    );
    await chmod(join(bin, 'tar'), 0o755);
    const sent = deliver(await openWay('cat', `${bin}:/usr/bin:/bin`), delivery);
    await expect(sent).rejects.toMatchObject({
      code: 'INSTALL_DISK',
      message: expect.stringContaining('(tar: x: No space left on device)'),
    });
    expect(await list()).toEqual([]);
  });

  test('tree: the seal is what sha256sum says of the list, and changes with any byte', () => {
    const [first, ...rest] = tree.files;
    const other = { ...tree, files: [makeTreeFile('odally.js', bytes('x'), 'program'), ...rest] };
    expect(first).toBeDefined();
    expect(sealTree(tree)).toMatch(/^[0-9a-f]{64}$/);
    expect(sealTree(other)).not.toBe(sealTree(tree));
    expect(sealTree({ ...tree, files: tree.files.toReversed() })).toBe(sealTree(tree));
    expect(countTreeBytes(tree)).toBe(100_000 + 1024 + 17 + 42);
  });
});

describe('arrange', () => {
  const run = async (way: BoxWay, command: string) =>
    (await way.ssh.run(way.place, `/bin/sh -c '${command}'`)).stdout.trim();

  test('arrange: the launcher runs the current version with the Node that was noted', async () => {
    const way = await openWay();
    await deliver(way, delivery);
    await arrange(way, { home, version: tree.name, node: process.execPath });
    await arrange(way, { home, version: tree.name, node: process.execPath });
    expect(await run(way, `${home}/bin/odally`)).toBe('1.0.0');
    expect(await run(way, `readlink ${home}/current`)).toBe('versions/1.0.0-abc');
    expect((await readdir(home)).toSorted()).toEqual(['bin', 'current', 'versions']);
    expect(await readdir(join(home, 'bin'))).toEqual(['odally']);
  });

  test('arrange: another version takes its place at once, and the former one stays', async () => {
    const way = await openWay();
    const next = { ...tree, name: '2.0.0-def' };
    await deliver(way, delivery);
    await arrange(way, { home, version: tree.name, node: process.execPath });
    await deliver(way, { tree: next, parent: 'versions' });
    await arrange(way, { home, version: next.name, node: process.execPath });
    expect(await run(way, `readlink ${home}/current`)).toBe('versions/2.0.0-def');
    expect(await list()).toContain('1.0.0-abc');
  });

  test('arrange: a Node that does not run there is found before anything points to it', async () => {
    const way = await openWay();
    await deliver(way, delivery);
    const node = join(place.path, 'no-node');
    const arranged = arrange(way, { home, version: tree.name, node });
    await expect(arranged).rejects.toMatchObject({ code: 'INSTALL_RUNTIME' });
    expect(await readdir(home)).toEqual(['versions']);
  });

  test('arrange: an agent that does not start leaves the former one current', async () => {
    const way = await openWay();
    await deliver(way, delivery);
    await arrange(way, { home, version: tree.name, node: process.execPath });
    const broken = {
      name: '2.0.0-bad',
      files: [makeTreeFile('odally.js', bytes('throw 1'), 'program')],
    };
    await deliver(way, { tree: broken, parent: 'versions' });
    const arranged = arrange(way, { home, version: broken.name, node: process.execPath });
    await expect(arranged).rejects.toMatchObject({ code: 'INSTALL_FAILED' });
    expect(await run(way, `readlink ${home}/current`)).toBe('versions/1.0.0-abc');
    expect(await run(way, `${home}/bin/odally`)).toBe('1.0.0');
    await rm(home, { recursive: true });
    const emptied = await way.ssh.run(way.place, `${home}/bin/odally`);
    expect(emptied.code).not.toBe(0);
  });
});
