/*
 * Two boxes on one machine: two network namespaces joined by one cable that a test can pull.
 *
 * Needs root and `ip`; where that is missing the reason is given, so that a test can say why it
 * was left out and nobody takes it for passed. Nothing is changed in the machine's own network.
 * `close` ends what runs in the namespaces and removes them; it is safe to repeat.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** One of the two boxes. */
export interface NetworkBox {
  readonly name: string;
  readonly address: string;
  /** A command as it must be run to be on this box. */
  enter(command: readonly string[]): readonly [string, ...string[]];
}

/** Both, and the cable. */
export interface NetworkPair extends AsyncDisposable {
  readonly left: NetworkBox;
  readonly right: NetworkBox;
  /** Pulls the cable: no packet passes, and neither side is told. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  close(): Promise<void>;
}

/** What was opened, or why it could not be. */
export type NetworkOpening =
  | { readonly kind: 'open'; readonly pair: NetworkPair }
  | { readonly kind: 'left-out'; readonly reason: string };

const run = promisify(execFile);

let openedCount = 0;

/** Makes the two boxes. The caller closes the pair, also when its test fails. */
export async function openNetworkPair(): Promise<NetworkOpening> {
  if (process.platform !== 'linux') return leaveOut('network namespaces are Linux only');
  if (process.getuid?.() !== 0) return leaveOut('network namespaces need root');
  openedCount += 1;
  const mark = `wally-${process.pid}-${openedCount}`;
  const left = describeBox(`${mark}-l`, '10.213.7.1');
  const right = describeBox(`${mark}-r`, '10.213.7.2');
  try {
    await connect(left, right);
  } catch (thrown) {
    await removeAll([left, right]);
    return leaveOut(`\`ip\` failed: ${thrown instanceof Error ? thrown.message.trim() : thrown}`);
  }
  return { kind: 'open', pair: describePair(left, right) };
}

function describePair(left: NetworkBox, right: NetworkBox): NetworkPair {
  // Each side is told a hardware address that nobody has: packets leave and nothing complains,
  // while the link stays up, as when a router in between has died.
  const turn = async (verb: 'replace' | 'del') => {
    for (const [here, there] of [[left, right] as const, [right, left] as const]) {
      const wrong = verb === 'replace' ? ['lladdr', '02:00:00:00:00:01', 'nud', 'permanent'] : [];
      await inBox(here, ['neigh', verb, there.address, ...wrong, 'dev', 'cable']);
    }
  };
  const close = () => removeAll([left, right]);
  return {
    left,
    right,
    cut: () => turn('replace'),
    mend: () => turn('del'),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function connect(left: NetworkBox, right: NetworkBox): Promise<void> {
  for (const { name } of [left, right]) await run('ip', ['netns', 'add', name]);
  const cable = ['type', 'veth', 'peer', 'name', 'cable', 'netns', right.name];
  await run('ip', ['link', 'add', 'cable', 'netns', left.name, ...cable]);
  for (const box of [left, right]) {
    await inBox(box, ['addr', 'add', `${box.address}/24`, 'dev', 'cable']);
    await inBox(box, ['link', 'set', 'lo', 'up']);
    await inBox(box, ['link', 'set', 'cable', 'up']);
  }
}

async function removeAll(boxes: readonly NetworkBox[]): Promise<void> {
  const { stdout } = await run('ip', ['netns', 'list']).catch(() => ({ stdout: '' }));
  const present = stdout.split('\n').map((line) => line.split(' ')[0]);
  for (const { name } of boxes.filter((box) => present.includes(box.name))) {
    const { stdout: pids } = await run('ip', ['netns', 'pids', name]);
    for (const pid of pids.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
    await run('ip', ['netns', 'del', name]);
  }
}

async function inBox(box: NetworkBox, command: readonly string[]): Promise<void> {
  await run('ip', ['-n', box.name, ...command]);
}

function describeBox(name: string, address: string): NetworkBox {
  return { name, address, enter: (command) => ['ip', 'netns', 'exec', name, ...command] };
}

function leaveOut(reason: string): NetworkOpening {
  return { kind: 'left-out', reason };
}
