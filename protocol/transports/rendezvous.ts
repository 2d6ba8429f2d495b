/*
 * The rendezvous: a small DHT node beside the hub that tells agents where the hub is now.
 *
 * An open DHT node would store and forward for anyone. This one stores what its hub's own node
 * announces, answers who asks, learns of no other node and forwards nothing. What it says is a hint
 * only: who answers at the address must still prove to be the hub.
 * Source: dht-rpc and hyperdht 6.34, `onrequest`; transport facts, B2 and C.
 */
import { createHash } from 'node:crypto';
import type DHT from 'hyperdht';
import type { LookupReply, Session } from 'hyperdht';
import { AppError } from '../errors.ts';
import { type Address, formatAddress } from './address.ts';
import { findFreePort, secludeNode } from './dht-node.ts';
import { bindAttemptsMax } from './limits.ts';

/** The node, open. */
export interface Rendezvous {
  /** Where it is bound. */
  readonly address: Address;
  /** How the hub's own node reaches it. */
  readonly nearAddress: Address;
  /** Names the hub's node, as this one sees it: from there alone are announcements taken. */
  trust(announcer: Address): void;
  close(): Promise<void>;
}

/** What an agent asks for, and whom. */
export interface HubQuery {
  readonly hubPublicKey: Uint8Array;
  /** IPv4 only. */
  readonly rendezvous: readonly Address[];
  /** Destroying it ends the query. */
  readonly session: Session;
}

/** The topic under which a hub announces itself: nobody finds it who lacks the hub's public key. */
export function hubTopic(publicKey: Uint8Array): Uint8Array {
  return createHash('sha256').update('odally hub topic 1\0').update(publicKey).digest();
}

/** Opens the node; port 0 means any, and a busy one is replaced by a free one. Errors: HUB_START. */
export async function openRendezvous(Node: typeof DHT, wanted: Address): Promise<Rendezvous> {
  const { host } = wanted;
  const nearHost = host === '0.0.0.0' ? '127.0.0.1' : host;
  const node = await bindNode(Node, wanted, nearHost);
  const { port } = node.address();
  const announcers = new Set<string>();
  secludeNode(node, {
    // What is to be stored comes with a token, so without one nothing but looking up is left.
    isServed: ({ token, command, from }) =>
      token === null ? lookupCommands.has(command) : announcers.has(formatAddress(from)),
    isKnown: () => false,
  });
  return {
    address: { host, port },
    nearAddress: { host: nearHost, port },
    trust: (announcer) => void announcers.add(formatAddress(announcer)),
    close: () => node.destroy({ force: true }),
  };
}

/** Addresses under which the rendezvous say that the hub is; ends when all have answered. */
export async function* findHubAddresses(node: DHT, query: HubQuery): AsyncGenerator<Address> {
  const nodes = query.rendezvous.map((address) => ({ ...address }));
  const asked = new Set(nodes.map(formatAddress));
  const replies = node.lookup(hubTopic(query.hubPublicKey), { nodes, session: query.session });
  for await (const reply of replies) {
    // A rendezvous names no other nodes; one that does is not of our making.
    if (asked.has(formatAddress(reply.from))) yield* readReply(reply, query.hubPublicKey);
  }
}

/** FIND_PEER and LOOKUP. Source: hyperdht/lib/constants.js, which the package does not export. */
const lookupCommands: ReadonlySet<number> = new Set([2, 3]);

function isSame(one: Uint8Array, other: Uint8Array | null): boolean {
  return other !== null && Buffer.compare(one, other) === 0;
}

/** The node is told its own address when it is made, so one that got another port is no use. */
async function bindNode(Node: typeof DHT, wanted: Address, nearHost: string): Promise<DHT> {
  for (let attempt = 0; attempt < bindAttemptsMax; attempt += 1) {
    const port = await findFreePort(wanted);
    const node = Node.bootstrapper(port, nearHost, { host: wanted.host, anyPort: true });
    await node.fullyBootstrapped();
    if (node.address().port === port) return node;
    await node.destroy({ force: true });
  }
  throw new AppError('HUB_START', `No UDP port is free on ${wanted.host}.`);
}

function* readReply(reply: LookupReply, hubPublicKey: Uint8Array): Generator<Address> {
  for (const peer of reply.peers) {
    if (!isSame(hubPublicKey, peer.publicKey)) continue;
    for (const address of peer.relayAddresses) {
      // The rendezvous is beside the hub, so the hub's port on the host that answered is the best
      // guess: the address itself may be a loopback one, or private to the hub's network.
      yield { host: reply.from.host, port: address.port };
      if (!address.host.startsWith('127.')) yield address;
    }
  }
}
