/*
 * Putting a tree onto a box: sent once, proved there by its bytes, and moved into its place whole.
 *
 * The box unpacks into a directory aside, hashes every file with its own tools, and compares before it
 * moves; whatever ends that early (a cut connection, a full disk, other bytes) leaves nothing. What is there
 * already and proves to be the same is not sent again; what is there and is not, is replaced.
 * Errors: INSTALL_TAMPERED, INSTALL_DISK, INSTALL_HOME, INSTALL_TOOLS, INSTALL_FAILED, SSH_*.
 */
import { AppError } from '../../protocol/errors.ts';
import type { SshPlace } from '../manager/box.ts';
import { deliverMsMax, proveMsMax } from './limits.ts';
import { quoteLine, readScript, spellHome } from './shell.ts';
import type { Ssh } from './ssh.ts';
import { packGzip } from './tar.ts';
import { countTreeBytes, sealTree, type Tree } from './tree.ts';

/** Which box, and how it is reached. */
export interface BoxWay {
  readonly ssh: Ssh;
  readonly place: SshPlace;
  /** Ends what is under way. */
  readonly signal?: AbortSignal;
}

/** What is to be put where. */
export interface Delivery {
  readonly tree: Tree;
  /** The directory in the home that holds trees of its kind. */
  readonly parent: 'versions' | 'runtime';
  /** Called now and then with the share that was sent, 0 to 1. */
  readonly sent?: (share: number) => void;
}

/** The hash of all files in the present directory; a box without such a tool is told apart by its status. */
const hashHere =
  'if command -v sha256sum >/dev/null 2>&1; then s=sha256sum; else s="shasum -a 256"; fi; ' +
  'find . -type d -o -print | LC_ALL=C sort | xargs $s | $s | cut -c 1-64';

/** Statuses by which our scripts say what went wrong; others come from elsewhere. */
const said = { home: 73, unpack: 74, other: 65, place: 75 } as const;

/** Is the tree there, with these very bytes? */
export async function isDelivered(
  { ssh, place, signal }: BoxWay,
  { tree, parent }: Pick<Delivery, 'tree' | 'parent'>,
): Promise<boolean> {
  const script = `cd "${spellHome(place.home)}/${parent}/${tree.name}" 2>/dev/null && ${hashHere}\n`;
  const options = { stdin: script, timeoutMs: proveMsMax, ...pickSignal(signal) };
  const { stdout } = await ssh.run(place, readScript, options);
  return stdout.trim() === sealTree(tree);
}

/** Sends the tree; resolves when it is in its place. */
export async function deliver(way: BoxWay, delivery: Delivery): Promise<void> {
  const { ssh, place, signal } = way;
  const stdin = packGzip(delivery.tree.files, countShares(delivery));
  const options = { stdin, timeoutMs: deliverMsMax, ...pickSignal(signal) };
  const { code, stderr } = await ssh.run(place, quoteLine(planReceive(place, delivery)), options);
  if (code !== 0) throw readRefusal(code, { stderr, name: delivery.tree.name });
}

/** The line that the box runs, with the archive on its stdin. */
function planReceive(place: SshPlace, { tree, parent }: Delivery): string {
  const home = spellHome(place.home);
  return [
    'export LC_ALL=C; umask 077',
    `p="${home}/${parent}"; d="$p/.incoming-${tree.name}"; t="$p/${tree.name}"`,
    `rm -rf "$d" && mkdir -p "$d" || exit ${said.home}`,
    'c() { rm -rf "$d"; }; trap c EXIT; trap "exit 1" HUP INT TERM PIPE',
    `gzip -dc | tar -xf - -C "$d" || exit ${said.unpack}`,
    `cd "$d" && h=$(${hashHere}) && cd "$p" || exit ${said.unpack}`,
    `[ "$h" = ${sealTree(tree)} ] || exit ${said.other}`,
    // One that is there is damaged, or it would not be sent; what runs from it keeps its open files.
    'rm -rf "$d.old" && if [ -e "$t" ]; then mv "$t" "$d.old"; fi',
    `mv "$d" "$t" && rm -rf "$d.old" || exit ${said.place}`,
  ].join('; ');
}

function readRefusal(
  code: number,
  { stderr, name }: { readonly stderr: string; readonly name: string },
): AppError {
  const lines = stderr.trim().split('\n');
  // tar ends with a line of its own that says only that it failed.
  const told = lines.find((line) => /no space|quota|read-only|denied|not found/i.test(line));
  const words = (told ?? lines.at(-1) ?? '').slice(0, 300);
  if (/not found/i.test(stderr)) {
    return new AppError('INSTALL_TOOLS', `The box lacks a tool (${words}).`);
  }
  if (code === said.other) {
    const detail = `What arrived as ${name} is not what was sent; nothing of it was kept.`;
    return new AppError('INSTALL_TAMPERED', detail);
  }
  if (/No space left|Disk quota exceeded/i.test(stderr)) {
    return new AppError('INSTALL_DISK', `There is no room for ${name} on the box (${words}).`);
  }
  if (code === said.home || /Read-only file system|Permission denied/i.test(stderr)) {
    return new AppError('INSTALL_HOME', `The home cannot be written there (${words}).`);
  }
  const detail = `The box could not take ${name} (status ${code}): ${words}`;
  return new AppError('INSTALL_FAILED', detail);
}

/** Tells the share that went out, ten times at most. */
function countShares({ tree, sent }: Delivery): (bytes: number) => void {
  const wholeBytes = Math.max(1, countTreeBytes(tree));
  let toldTenths = 0;
  return (bytes) => {
    const tenths = Math.min(10, Math.floor((10 * bytes) / wholeBytes));
    if (tenths === toldTenths) return;
    toldTenths = tenths;
    sent?.(tenths / 10);
  };
}

function pickSignal(signal: AbortSignal | undefined) {
  return signal === undefined ? {} : { signal };
}
