/*
 * Pairing: a code made into the trust of one hub, kept in the home.
 *
 * A fresh code begins anew: what the home held for its hub before is put aside, because whoever pairs
 * again does so after one of the two lost or forgot something. The same code again is the same pairing, so
 * a join that was cut off can be repeated, and a code that is over changes nothing. A hub that comes by ssh is
 * asked over the bytes of that.
 * Errors: PAIR_EXISTS, INVITE_*, AGENT_RUNNING, HOME_UNWRITABLE, KEY_INVALID, STORE_*, LINK_*, RESTORE_FAILED.
 */
import { AppError } from '../protocol/errors.ts';
import { formatFingerprint } from '../protocol/fingerprint.ts';
import { formatKey, loadOrCreateIdentity } from '../protocol/identity.ts';
import { type Invite, isExpired, parseInvite } from '../protocol/invite.ts';
import { isThere } from '../protocol/is-there.ts';
import { dialAttemptMsMax, dialMsEager } from '../protocol/limits.ts';
import { askToPair } from '../protocol/pairing.ts';
import { sleep } from '../protocol/ports.ts';
import { pickReach } from '../protocol/reach.ts';
import type { Link } from '../protocol/transports/link.ts';
import { callOverStdio, type StdioBytes } from '../protocol/transports/stdio.ts';
import { openAgentSwarm } from '../protocol/transports/swarm.ts';
import { openHome } from '../store/home.ts';
import type { Kv } from '../store/kv.ts';
import { finishRestoreHeld } from '../store/restore-home.ts';
import { openCheckedKv } from '../store/witness.ts';
import { type AgentHome, findPairing, type Pairing, savePairing } from './home.ts';
import { expiredDialMs, pairAgainMs, pairLinksMax } from './limits.ts';
import type { Program } from './ports.ts';
import { finishSetAside, setAside } from './set-aside.ts';

/** What pairing needs of the program. */
export interface PairParts {
  readonly program: Program;
  readonly home: AgentHome;
  readonly noticed: (line: string) => void;
  /** Bytes that lead to the hub, where it came here itself; where absent it is dialled. */
  readonly bytes?: StdioBytes;
}

/** Uses a code: after this the home is paired. */
export async function pair(parts: PairParts, code: string): Promise<Pairing> {
  const { program, home, noticed } = parts;
  const { ports } = program;
  const invite = parseInvite(code);
  if (invite.kind !== 'worker') {
    const detail = 'This code lets a cockpit look in: run `wally --hub CODE` there.';
    throw new AppError('INVITE_MALFORMED', detail);
  }
  await openHome(home.directory);
  // Or its moves would take what is paired here away again.
  await finishRestoreHeld({ ...home, busy: 'AGENT_RUNNING' });
  await finishSetAside(home);
  const known = await findPairing(home);
  if (known !== undefined && known.hub !== invite.hubKey) {
    throw new AppError('PAIR_EXISTS', `${home.directory} is paired with another hub already.`);
  }
  // Only the hub's clock decides; by ours we know how long to try, and what to say if it is deaf.
  const seemsExpired = isExpired(invite, ports.clock.wallMs());
  if (seemsExpired && known !== undefined) return known;
  const isFresh = known?.invite !== invite.oneTimeKey;
  // Owned from before the hub is asked: an agent that runs would go on with what is being put aside.
  const kv = isFresh && (await isThere(home.store)) ? await openStoreOrSay(home) : undefined;
  try {
    const name = await askHub(parts, invite, seemsExpired ? expiredDialMs : dialAttemptMsMax * 2);
    if (kv !== undefined) await setAside({ home, kv, ports, noticed });
    const { hubKey: hub, oneTimeKey } = invite;
    const pairing = { hub, name, invite: oneTimeKey, ...pickReach(invite) };
    await savePairing(home, pairing, program.pid);
    return pairing;
  } finally {
    await kv?.close();
  }
}

/**
 * The agent's store, looked at before it is opened, as the agent itself does: opening a damaged one would throw away what
 * `odally repair` can read. A locked one means that another agent has this home. Errors: AGENT_RUNNING, STORE_*.
 */
export async function openStoreOrSay(home: AgentHome): Promise<Kv> {
  try {
    return await openCheckedKv(home.store);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'STORE_LOCKED') throw error;
    const detail = `An agent already runs on ${home.directory}.`;
    throw new AppError('AGENT_RUNNING', detail, { cause: error });
  }
}

/** Resolves with the name that the hub gives. */
async function askHub(parts: PairParts, invite: Invite, timeoutMs: number): Promise<string> {
  const { program, home, bytes } = parts;
  const { ports } = program;
  const own = await loadOrCreateIdentity(home.key, ports.random);
  const request = { key: formatKey(own.publicKey), host: program.hostname };
  const { oneTimeKeyPair: keyPair, hubKey } = invite;
  program.say(`The hub:  ${formatFingerprint(hubKey)}`);
  program.say(`This box: ${formatFingerprint(request.key)}`);
  if (bytes !== undefined) {
    const link = await callOverStdio({ bytes, keyPair, hubKey, timers: ports.timers });
    return askToPair(link, request, ports.timers);
  }
  const swarm = await openAgentSwarm({ ports });
  const where = { hubKey, keyPair, ...pickReach(invite) };
  const knock: Knock = {
    dial: (timeoutMs) =>
      swarm.dial({ ...where, timeoutMs }).catch((error: unknown) => {
        const seemsExpired = isExpired(invite, ports.clock.wallMs());
        throw seemsExpired ? new AppError('INVITE_EXPIRED', undefined, { cause: error }) : error;
      }),
    ask: (link) => askToPair(link, request, ports.timers),
  };
  try {
    return await knockUntilDecided(() => knockAgain(knock, timeoutMs, ports), program);
  } finally {
    await swarm.close();
  }
}

/** One knock: a link, and the question over it. */
interface Knock {
  dial(timeoutMs: number): Promise<Link>;
  ask(link: Link): Promise<string>;
}

/**
 * Knocks until somebody answers or the time is over: a hub that is met over a rendezvous may not be known there yet. A way
 * through a relay may open and break before the answer; then somebody is there, and the time begins anew. The
 * same code again is the same pairing.
 */
async function knockAgain(
  { dial, ask }: Knock,
  timeoutMs: number,
  { clock, timers }: Program['ports'],
): Promise<string> {
  let untilMs = clock.monotonicMs() + timeoutMs;
  for (let openedCount = 0; ; ) {
    try {
      const link = await dial(untilMs - clock.monotonicMs());
      openedCount += 1;
      untilMs = clock.monotonicMs() + timeoutMs;
      return await ask(link);
    } catch (error) {
      const isPassing =
        error instanceof AppError && (error.code === 'LINK_TIMEOUT' || error.code === 'LINK_LOST');
      const isOver = clock.monotonicMs() + dialMsEager >= untilMs || openedCount >= pairLinksMax;
      if (!isPassing || isOver) throw error;
      await sleep(timers, dialMsEager);
    }
  }
}

/** Where the hub asks its M2 first, the box knocks until they have decided or the code is over. */
async function knockUntilDecided(
  knock: () => Promise<string>,
  { say, ports }: Pick<Program, 'say' | 'ports'>,
): Promise<string> {
  for (let isTold = false; ; isTold = true) {
    try {
      return await knock();
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'PAIRING_ASKED') throw error;
      if (!isTold) say('The hub’s M2 is asked to let this box in, and sees the same words.');
      await sleep(ports.timers, pairAgainMs);
    }
  }
}
