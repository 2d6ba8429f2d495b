/*
 * Three boxes on one machine: two that can't reach each other, and one in the middle that both reach.
 *
 * As two homes behind their NATs and a server on the outer net. The middle forwards nothing, until its roads are
 * opened. Needs root and `ip`; the reason is given where that is missing. `close` removes all of it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { NetworkBox } from './network-namespaces.ts';

/** The three, and the roads between the outer two. */
export interface ThreeNetworks extends AsyncDisposable {
  readonly left: NetworkBox;
  readonly middle: NetworkBox;
  readonly right: NetworkBox;
  /** The middle passes packets on from now on. */
  openRoads(): Promise<void>;
}

const run = promisify(execFile);
let openedCount = 0;

/** Makes them, or says why not. */
export async function openThreeNetworks(): Promise<ThreeNetworks | string> {
  if (process.platform !== 'linux') return 'network namespaces are Linux only';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  openedCount += 1;
  const mark = `wally3-${process.pid}-${openedCount}`;
  const middle = describeBox(`${mark}-m`, '10.213.10.1');
  const left = describeBox(`${mark}-l`, '10.213.8.2');
  const right = describeBox(`${mark}-r`, '10.213.9.2');
  const close = () => removeAll([left, middle, right]);
  try {
    for (const { name } of [left, middle, right]) await run('ip', ['netns', 'add', name]);
    await inBox(middle, 'link', 'set', 'lo', 'up');
    await inBox(middle, 'addr', 'add', `${middle.address}/32`, 'dev', 'lo');
    await join(middle, left, 'to-left');
    await join(middle, right, 'to-right');
  } catch (thrown) {
    await close();
    return `\`ip\` failed: ${thrown instanceof Error ? thrown.message.trim() : thrown}`;
  }
  const openRoads = async () => {
    const [file, ...args] = middle.enter(['sysctl', '-q', '-w', 'net.ipv4.ip_forward=1']);
    await run(file, args);
  };
  return { left, middle, right, openRoads, [Symbol.asyncDispose]: close };
}

/** A cable to the middle, which answers from its one address over whichever cable it was asked. */
async function join(middle: NetworkBox, box: NetworkBox, port: string): Promise<void> {
  const net = box.address.replace(/\d+$/, '');
  const veth = ['type', 'veth', 'peer', 'name', 'cable', 'netns', box.name];
  await run('ip', ['link', 'add', port, 'netns', middle.name, ...veth]);
  await inBox(middle, 'addr', 'add', `${net}1/24`, 'dev', port);
  await inBox(middle, 'link', 'set', port, 'up');
  await inBox(middle, 'route', 'replace', `${net}0/24`, 'dev', port, 'src', middle.address);
  await inBox(box, 'link', 'set', 'lo', 'up');
  await inBox(box, 'addr', 'add', `${box.address}/24`, 'dev', 'cable');
  await inBox(box, 'link', 'set', 'cable', 'up');
  await inBox(box, 'route', 'add', 'default', 'via', `${net}1`);
}

async function removeAll(boxes: readonly NetworkBox[]): Promise<void> {
  const { stdout } = await run('ip', ['netns', 'list']).catch(() => ({ stdout: '' }));
  const present = new Set(stdout.split('\n').map((line) => line.split(' ')[0]));
  for (const { name } of boxes.filter((box) => present.has(box.name))) {
    const { stdout: pids } = await run('ip', ['netns', 'pids', name]);
    for (const pid of pids.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
    await run('ip', ['netns', 'del', name]);
  }
}

async function inBox(box: NetworkBox, ...command: readonly string[]): Promise<void> {
  await run('ip', ['-n', box.name, ...command]);
}

function describeBox(name: string, address: string): NetworkBox {
  return { name, address, enter: (command) => ['ip', 'netns', 'exec', name, ...command] };
}
