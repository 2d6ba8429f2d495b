/*
 * Hubs on other machines that this cockpit was paired with: their codes made into keys, kept and dialled.
 *
 * Each has a directory `hubs/NAME` in the cockpit's home with a key of its own (0600), so that two hubs
 * can't tell that they are looked into by the same M2, and the hub's key and addresses. Only that key is
 * accepted at the other end. The same code again is the same pairing.
 * Errors: INVITE_*, PAIR_EXISTS, USAGE_ARGUMENT, HUB_UNREACHABLE, CONFIG_INVALID, KEY_INVALID.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ControlClient } from '../../protocol/control-client.ts';
import { AppError, hasSystemCode } from '../../protocol/errors.ts';
import { formatKey, loadOrCreateIdentity } from '../../protocol/identity.ts';
import { type Invite, isExpired, parseInvite } from '../../protocol/invite.ts';
import { dialAttemptMsMax } from '../../protocol/limits.ts';
import { askToPair } from '../../protocol/pairing.ts';
import { pickReach, reachSchema } from '../../protocol/reach.ts';
import { type AgentSwarm, openAgentSwarm } from '../../protocol/transports/swarm.ts';
import { saveWhole } from '../../protocol/whole-file.ts';
import { openHome } from '../../store/home.ts';
import type { HubHome } from '../home.ts';
import type { HubWay } from '../hub/hub-way.ts';
import { isWorkerName } from '../manager/worker.ts';
import type { Program } from '../ports.ts';

/** A code that is expired by our clock is tried so long: the hub's clock may say otherwise. */
const expiredDialMs = 2000;

/** Names that are tried for a hub that was given none. */
const namesMax = 1000;

const pairedSchema = z.object({
  hub: z.string().regex(/^[0-9a-f]{64}$/),
  /** What the hub calls this cockpit. */
  cockpit: z.string(),
  /** One-time key of the code that made it. */
  invite: z.string(),
  ...reachSchema.shape,
});

type PairedHub = z.infer<typeof pairedSchema>;

/** Where the pairing of this name lies. */
function findFolder(home: HubHome, name: string): string {
  return join(home.hubs, name);
}

/** Is a hub paired under this name? */
export async function isPaired(home: HubHome, name: string): Promise<boolean> {
  return isWorkerName(name) && (await readPaired(home, name)) !== undefined;
}

/** Uses a code, as `NAME=CODE` or alone; resolves with the name under which the hub is paired then. */
export async function pairHub(program: Program, home: HubHome, word: string): Promise<string> {
  const at = word.indexOf('=');
  // A code alone may end in nothing that looks like a name: base64url has no `=`.
  const [named, code] = at < 0 ? [undefined, word] : [word.slice(0, at), word.slice(at + 1)];
  if (named !== undefined && !isWorkerName(named)) {
    throw new AppError('USAGE_ARGUMENT', `"${named}" cannot be the name of a hub.`);
  }
  const invite = parseInvite(code);
  if (invite.kind !== 'cockpit') {
    throw new AppError(
      'INVITE_MALFORMED',
      'This code is for a box that works: run `odally join CODE` there.',
    );
  }
  await openHome(home.directory);
  const known = await listPaired(home);
  const used = known.find(({ paired }) => paired.invite === invite.oneTimeKey);
  if (used !== undefined) return used.name;
  const name = chooseName(known, invite, named);
  const cockpit = await askHub(program, findFolder(home, name), invite);
  const { hubKey: hub, oneTimeKey } = invite;
  const where = pickReach(invite);
  await savePaired(program, findFolder(home, name), { hub, cockpit, invite: oneTimeKey, ...where });
  program.say(`Paired as ${cockpit}. From now on: wally --hub ${name}`);
  return name;
}

/** The way to a hub that is paired under this name. */
export function openPairedWay(program: Program, home: HubHome, name: string): HubWay {
  let swarm: Promise<AgentSwarm> | undefined;
  /** One that could not be opened is not kept: what was in its way may be gone by the next try. */
  const getSwarm = () => {
    swarm ??= openAgentSwarm({ ports: program.ports }).catch((thrown: unknown) => {
      swarm = undefined;
      throw thrown;
    });
    return swarm;
  };
  return {
    name,
    isOwn: false,
    home: undefined,
    async connect() {
      const paired = await readPaired(home, name);
      if (paired === undefined)
        throw new AppError('HUB_UNREACHABLE', `No hub is called "${name}".`);
      const keyPair = await loadOrCreateIdentity(
        keyFile(findFolder(home, name)),
        program.ports.random,
      );
      const opened = await getSwarm();
      const { hub: hubKey } = paired;
      const where = { hubKey, ...pickReach(paired), keyPair, timeoutMs: dialAttemptMsMax };
      const link = await opened.dial(where).catch((cause: unknown) => {
        throw new AppError('HUB_UNREACHABLE', unreachedWords(name), { cause });
      });
      return new ControlClient(link, 'HUB_UNREACHABLE', program.surface);
    },
    async release() {
      await (await swarm)?.close();
    },
  };
}

function unreachedWords(name: string): string {
  return `The hub "${name}" does not answer: it is down, out of reach, or trusts this cockpit no longer.`;
}

function chooseName(
  known: readonly { readonly name: string; readonly paired: PairedHub }[],
  { hubKey }: Invite,
  named: string | undefined,
): string {
  const same = known.find(({ paired }) => paired.hub === hubKey);
  if (same !== undefined && (named === undefined || named === same.name)) return same.name;
  const taken = new Set(known.map(({ name }) => name));
  if (named !== undefined && taken.has(named)) {
    throw new AppError('PAIR_EXISTS', `Another hub is called "${named}" here; give another name.`);
  }
  if (named !== undefined) return named;
  for (let number = 1; number <= namesMax; number += 1) {
    const name = number === 1 ? 'hub' : `hub-${number}`;
    if (!taken.has(name)) return name;
  }
  throw new AppError('PAIR_EXISTS', 'Give the hub a name: wally --hub NAME=CODE.');
}

/** Resolves with the name that the hub gives this cockpit. */
async function askHub(program: Program, folder: string, invite: Invite): Promise<string> {
  const { ports, hostname } = program;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const own = await loadOrCreateIdentity(keyFile(folder), ports.random);
  const swarm = await openAgentSwarm({ ports });
  // Only the hub's clock decides; by ours we know how long to try, and what to say if it is deaf.
  const seemsExpired = isExpired(invite, ports.clock.wallMs());
  const timeoutMs = seemsExpired ? expiredDialMs : dialAttemptMsMax * 2;
  try {
    const { oneTimeKeyPair: keyPair, hubKey } = invite;
    const where = { hubKey, keyPair, ...pickReach(invite), timeoutMs };
    const link = await swarm.dial(where).catch((cause: unknown) => {
      throw seemsExpired ? new AppError('INVITE_EXPIRED', undefined, { cause }) : cause;
    });
    const request = { key: formatKey(own.publicKey), host: hostname };
    return await askToPair(link, request, ports.timers);
  } finally {
    await swarm.close();
  }
}

async function listPaired(home: HubHome) {
  const names = await readdir(home.hubs).catch((error: unknown) => {
    if (hasSystemCode(error, 'ENOENT')) return [];
    throw error;
  });
  const all = await Promise.all(
    names.map(async (name) => ({ name, paired: await readPaired(home, name) })),
  );
  return all.flatMap(({ name, paired }) => (paired === undefined ? [] : [{ name, paired }]));
}

/** The pairing of this name; undefined where there is none. Errors: CONFIG_INVALID. */
export async function readPaired(home: HubHome, name: string): Promise<PairedHub | undefined> {
  const file = pairingFile(findFolder(home, name));
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasSystemCode(error, 'ENOENT') || hasSystemCode(error, 'ENOTDIR')) return undefined;
    throw new AppError('CONFIG_INVALID', `${file} cannot be read.`, { cause: error });
  });
  if (text === undefined) return undefined;
  try {
    return pairedSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', `${file} is damaged.`, { cause });
  }
}

/** Whole or not at all; the pid keeps two who pair at once out of each other's way. */
async function savePaired({ pid }: Program, folder: string, paired: PairedHub): Promise<void> {
  const file = pairingFile(folder);
  const text = `${JSON.stringify(paired, null, 2)}\n`;
  await saveWhole({ file, aside: `${file}.${pid}.new`, text });
}

function pairingFile(folder: string): string {
  return join(folder, 'hub.json');
}

function keyFile(folder: string): string {
  return join(folder, 'cockpit.key');
}
