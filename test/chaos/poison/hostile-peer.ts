/*
 * A peer that is trusted and says anything: paired by an invite like any agent, over the real swarm.
 *
 * It greets properly where it is told to, and from there on says what bytes it is given. Life cycle:
 * `openHostilePeer`, then `close`.
 */
import { decodeFrame, encodeFrame, type Frame, ownVersions } from '../../../protocol/frames.ts';
import { createKeyPair, formatKey, type KeyPair } from '../../../protocol/identity.ts';
import { type Invite, parseInvite } from '../../../protocol/invite.ts';
import { askToPair } from '../../../protocol/pairing.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import type { Link } from '../../../protocol/transports/link.ts';
import { type AgentSwarm, openAgentSwarm } from '../../../protocol/transports/swarm.ts';
import type { VersionRange } from '../../../protocol/version.ts';

/** A link of its own making. */
export interface HostileLink {
  readonly heard: Frame[];
  /** Why it ended; undefined while it has not. */
  closedBecause(): string | undefined;
  /** Resolves when it has ended. */
  readonly ended: Promise<string>;
  say(bytes: Uint8Array): 'sent' | 'full';
  close(): void;
}

/** How to greet, where it is to greet at all. */
export interface Greeting {
  readonly store: string;
  readonly versions?: VersionRange;
}

const dialMsMax = 6000;
const greetMsMax = 6000;
const ports = openSystemPorts();

/** Pairs with the hub that made the code. */
export async function openHostilePeer(code: string): Promise<HostilePeer> {
  const invite = parseInvite(code);
  const swarm = await openAgentSwarm({ ports });
  const keyPair = createKeyPair(ports.random);
  const link = await dial(swarm, invite, invite.oneTimeKeyPair);
  const request = { key: formatKey(keyPair.publicKey), host: 'eve' };
  const name = await askToPair(link, request, ports.timers);
  return new HostilePeer({ swarm, invite, keyPair, name });
}

function dial(swarm: AgentSwarm, invite: Invite, keyPair: KeyPair): Promise<Link> {
  const { hubKey, addresses, rendezvous } = invite;
  return swarm.dial({ hubKey, keyPair, addresses, rendezvous, timeoutMs: dialMsMax });
}

interface HostileParts {
  readonly swarm: AgentSwarm;
  readonly invite: Invite;
  readonly keyPair: KeyPair;
  readonly name: string;
}

/** The peer. */
export class HostilePeer implements AsyncDisposable {
  readonly #parts: HostileParts;

  constructor(parts: HostileParts) {
    this.#parts = parts;
  }

  /** As the hub calls it. */
  get name(): string {
    return this.#parts.name;
  }

  /** A link on which nothing was said yet. */
  async dial(): Promise<HostileLink> {
    const { swarm, invite, keyPair } = this.#parts;
    return hold(await dial(swarm, invite, keyPair));
  }

  /** A link that is greeted; it may have been refused. */
  async join(greeting: Greeting): Promise<HostileLink> {
    const link = await this.dial();
    const giveUpAt = performance.now() + greetMsMax;
    const until = async (isSo: () => boolean) => {
      while (!isSo() && link.closedBecause() === undefined && performance.now() < giveUpAt) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const hellos = () => link.heard.filter((frame) => frame.t === 'hello');
    await until(() => hellos().length > 0);
    const [hello] = hellos();
    if (hello?.t !== 'hello') return link;
    link.say(encodeFrame(composeHello(greeting, hello.store)));
    await until(() => hellos().some((frame) => frame.t === 'hello' && frame.isOpen));
    return link;
  }

  close(): Promise<void> {
    return this.#parts.swarm.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function composeHello({ store, versions = ownVersions }: Greeting, forStore: string): Frame {
  return {
    t: 'hello',
    ...versions,
    role: 'agent',
    version: 'eve',
    store,
    incarnation: 1,
    forStore,
    received: 0,
    queued: 0,
    isOpen: false,
    wallMs: 0,
  };
}

function hold(link: Link): HostileLink {
  const heard: Frame[] = [];
  let reason: string | undefined;
  const ended = new Promise<string>((resolve) => {
    link.open({
      frame: (bytes) => {
        const frame = decodeFrame(bytes);
        if (frame.t !== 'unknown') heard.push(frame);
      },
      drain: () => undefined,
      closed: (why) => {
        reason = why;
        resolve(why);
      },
    });
  });
  return {
    heard,
    ended,
    closedBecause: () => reason,
    say: (bytes) => link.send(bytes),
    close: () => link.close('enough'),
  };
}
