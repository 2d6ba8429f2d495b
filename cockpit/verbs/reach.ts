/*
 * `wally reach NAME`: by which ways a worker can be had, which of them links, and what became of the others.
 *
 * With a target it says how ssh gets onto the box of a worker that was not put there by `install`; from then on
 * the hub fetches it over ssh when it does not dial in. Errors: WORKER_UNKNOWN, WORKER_REVOKED, USAGE_ARGUMENT.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { spellHome } from '../fleet/shell.ts';
import { isSshTarget } from '../fleet/ssh.ts';
import type { Hub } from '../hub/hub.ts';
import type { SshPlace } from '../manager/box.ts';
import type { LinkWord } from '../manager/ladder.ts';
import { formatInstant } from './present.ts';
import { getWorker } from './team.ts';
import { showTable } from './text.ts';
import { defineVerb, type Style } from './verb.ts';

/** What `wally reach NAME --json` answers. */
export interface ReachAnswer {
  readonly name: string;
  readonly link: LinkWord;
  /** What became of its link, and of what was tried since; null while it is linked. */
  readonly reason: string | null;
  /** When its last links ended, the oldest first. */
  readonly ends: readonly string[];
  /** How ssh gets onto its box; null where that is not known. */
  readonly ssh: SshPlace | null;
}

/** Shows and sets the ways to a worker. */
export const reachVerb = defineVerb({
  name: 'reach',
  summary: 'show by which ways a worker is reached, or say how ssh gets there',
  operands: ['name', 'target?'],
  flags: {
    port: { value: 'N', help: 'the port of ssh there' },
    identity: { value: 'FILE', help: 'the key for ssh' },
    home: { value: 'PATH', help: 'the agent’s home there (~/.odally)' },
    'no-ssh': { help: 'forget how ssh gets there' },
  },
  danger: 'changes',
  args: z
    .object({
      name: z.string(),
      /** `USER@HOST`, or a name of the person's ssh config. */
      target: z.string().refine(isSshTarget, { message: 'this is no USER@HOST' }).optional(),
      port: z.coerce.number().int().min(1).max(65_535).optional(),
      identity: z.string().min(1).optional(),
      home: z.string().optional(),
      'no-ssh': z.boolean().default(false),
    })
    .refine(
      ({ target, port, identity, home }) => target !== undefined || !(port ?? identity ?? home),
      {
        message: '--port, --identity and --home are about a USER@HOST; name it',
      },
    )
    .refine(({ target, 'no-ssh': forgets }) => target === undefined || !forgets, {
      message: '--no-ssh forgets the way; name no USER@HOST with it',
    }),
  async run({ hub }, { name, 'no-ssh': forgets, ...wish }): Promise<ReachAnswer> {
    const { key, revokedAt } = getWorker(hub, name);
    if (wish.target !== undefined || forgets) {
      if (revokedAt !== null) throw new AppError('WORKER_REVOKED');
      await setPlace(hub, key, forgets ? undefined : planPlace(wish));
    }
    return presentReach(hub, name);
  },
  show: showReach,
});

type Wish = Partial<Record<keyof SshPlace, string | number | undefined>>;

function planPlace({ target, port, identity, home }: Wish): SshPlace {
  if (home !== undefined) spellHome(String(home));
  return {
    target: String(target),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(identity === undefined ? {} : { identity: String(identity) }),
    ...(home === undefined ? {} : { home: String(home) }),
  };
}

async function setPlace(hub: Hub, worker: string, ssh: SshPlace | undefined): Promise<void> {
  if (ssh !== undefined) {
    const note = { kind: 'box-placed', worker, note: ssh.target } as const;
    await hub.boxes.put(worker, { ssh }, note);
    return;
  }
  await hub.boxes.forgetSsh(worker);
}

function presentReach(hub: Hub, name: string): ReachAnswer {
  const { key } = getWorker(hub, name);
  const { word, reason, ends } = hub.ways.view(key);
  const ssh = hub.boxes.find(key)?.ssh ?? null;
  return { name, link: word, reason, ends: ends.map(formatInstant), ssh };
}

function showReach({ name, link, reason, ends, ssh }: ReachAnswer, style: Style): string {
  const place = ssh === null ? 'not known: `wally reach NAME USER@HOST`' : describePlace(ssh);
  const rows = [
    ['link', reason === null ? link : `${link}: ${reason}`],
    ['ssh', place],
    [
      'links that ended',
      ends.length === 0 ? 'none since the hub started' : ends.slice(-5).join(' '),
    ],
  ];
  return showTable([name, ''], rows, style);
}

function describePlace({ target, port, identity, home }: SshPlace): string {
  const words = [target];
  if (port !== undefined) words.push(`port ${port}`);
  if (identity !== undefined) words.push(`key ${identity}`);
  if (home !== undefined) words.push(`home ${home}`);
  return words.join(', ');
}
