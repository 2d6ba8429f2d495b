/*
 * The provider `ssh` at work: a list of hosts as a pool, one box a host.
 *
 * Who has a host is written on the host itself, in one file that is made whole or not at all, so two hubs may
 * share a pool and a hub that was killed finds what it took. A host that does not answer keeps what is known of
 * it: silence is never an end. Errors: SPAWN_FULL, SPAWN_COMMAND, SSH_*, INSTALL_*.
 */
import { AppError, wrapError } from '../../../protocol/errors.ts';
import { type FoundBox, formatTagPrefix } from '../../manager/spawn-box.ts';
import { readScript } from '../shell.ts';
import type { Ssh } from '../ssh.ts';
import type { Entrance } from './entrance.ts';
import { hostMsMax, hostsAtOnceMax } from './limits.ts';
import type { BoxOrder, KnownBoxes, Maker } from './maker.ts';

/** What it is made from. */
export interface SshMakerParts {
  readonly hosts: readonly string[];
  readonly hubKey: string;
  readonly ssh: Ssh;
  readonly entrance: Entrance;
}

/** Makes it. */
export function openSshMaker(parts: SshMakerParts): Maker {
  const { hosts, hubKey, entrance } = parts;
  const prefix = formatTagPrefix(hubKey);
  return {
    up: (order) => takeFree(parts, order, prefix),
    async list(known) {
      // One that has gone from the config while a box is on it has its box yet.
      const held = known.boxes.map(({ id }) => id).filter((id) => !hosts.includes(id));
      const answers = await askAll({ ...parts, hosts: [...hosts, ...held] }, planRead);
      return judgeAll(answers, { known, prefix });
    },
    async down({ id, tag }) {
      await ask(parts, id, planGiveBack(tag));
    },
    enter: (order) => entrance.install({ target: order.box.id }, order),
    leave: ({ id }, names) => entrance.uninstall({ target: id }, names),
    describe: ({ tag }) => {
      if (hosts.length === 0) {
        throw new AppError('SPAWN_CONFIG', 'The pool has no hosts: say hosts = ["user@host"].');
      }
      return [
        `take the first free host of ${hosts.join(', ')}, by a note (${tag}) in its ~/.wally-box`,
        'install an agent there, as `wally install` does',
        'in the end: take the agent off, and give the host back',
      ];
    },
  };
}

/** What one host says, or why it does not. */
interface Answer {
  readonly host: string;
  /** The tag in its note; empty where it is free. */
  readonly tag: string | AppError;
}

const note = '"$HOME/.wally-box"';

/** Prints the tag of who has the host. */
const planRead = `cat ${note} 2>/dev/null; exit 0\n`;

/** Takes the host where it is free, or where what had it is known to be over; prints who has it then. */
function planTake(tag: string, stale: string): string {
  return `
umask 077
n=${note}; t="$n.${tag}.$$"
printf '%s\\n' '${tag}' > "$t" || exit 1
[ -z '${stale}' ] || [ "$(cat "$n" 2>/dev/null)" != '${stale}' ] || rm -f "$n"
ln "$t" "$n" 2>/dev/null
rm -f "$t"
cat "$n"
`;
}

/** Only who has it gives it back. */
function planGiveBack(tag: string): string {
  return `n=${note}\n[ "$(cat "$n" 2>/dev/null)" != '${tag}' ] || rm -f "$n"\n`;
}

/** Errors: SPAWN_FULL. */
async function takeFree(
  parts: SshMakerParts,
  { tag, others }: BoxOrder,
  prefix: string,
): Promise<void> {
  const answers = await askAll(parts, planRead);
  if (answers.some((answer) => answer.tag === tag)) return;
  // A note of ours that belongs to no box of ours was left by one that was forgotten.
  const isFree = ({ tag: has }: Answer) =>
    has === '' || (typeof has === 'string' && has.startsWith(prefix) && !others.includes(has));
  for (const { host, tag: has } of answers.filter(isFree)) {
    const said = await ask(parts, host, planTake(tag, String(has)));
    if (said === tag) return;
  }
  const silent = answers.flatMap(({ host, tag: has }) => (has instanceof AppError ? [host] : []));
  const note = silent.length === 0 ? '' : `; these do not answer: ${silent.join(', ')}`;
  throw new AppError('SPAWN_FULL', `No host of the pool is free${note}.`);
}

/** Errors: SPAWN_COMMAND where a box that is sought may be on a host that does not answer. */
function judgeAll(
  answers: readonly Answer[],
  { known, prefix }: { readonly known: KnownBoxes; readonly prefix: string },
): readonly FoundBox[] {
  const found = answers.flatMap(({ host, tag }): readonly FoundBox[] => {
    if (typeof tag === 'string') {
      return tag.startsWith(prefix) ? [{ id: host, tag, state: 'ready' }] : [];
    }
    const held = known.boxes.find(({ id }) => id === host);
    return held === undefined ? [] : [{ id: host, tag: held.tag, state: 'coming' }];
  });
  const silent = answers.filter(({ tag }) => typeof tag !== 'string');
  const missing = known.sought.filter((tag) => !found.some((box) => box.tag === tag));
  const [first] = silent;
  if (missing.length === 0 || first === undefined) return found;
  const hosts = silent.map(({ host }) => host).join(', ');
  throw new AppError('SPAWN_COMMAND', `These hosts do not answer: ${hosts}.`);
}

/** All hosts, a few at a time, in their order. */
async function askAll(parts: SshMakerParts, script: string): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let from = 0; from < parts.hosts.length; from += hostsAtOnceMax) {
    const some = parts.hosts.slice(from, from + hostsAtOnceMax);
    const asked = some.map(async (host): Promise<Answer> => {
      const tag = await ask(parts, host, script).catch((error: unknown) =>
        wrapError(error, 'SSH_FAILED'),
      );
      return { host, tag };
    });
    answers.push(...(await Promise.all(asked)));
  }
  return answers;
}

/** The last line that it says: what a login shell says by itself comes before. */
async function ask({ ssh }: SshMakerParts, host: string, script: string): Promise<string> {
  const options = { stdin: script, timeoutMs: hostMsMax };
  const { code, stdout, stderr } = await ssh.run({ target: host }, readScript, options);
  if (code === 0) return stdout.trim().split('\n').at(-1) ?? '';
  throw new AppError('SPAWN_COMMAND', `${host}: ${stderr.trim().slice(0, 300)}`);
}
