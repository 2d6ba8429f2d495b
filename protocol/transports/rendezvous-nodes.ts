/*
 * A rendezvous for hubs and agents behind NATs: a small DHT of one's own, and a blind relay beside it.
 *
 * Hole punching asks for three nodes, which may all be on one box; with one alone a hub is found that needs no
 * hole. They let peers find each other, forward handshakes, and keep nobody's data; they know each other alone.
 * The relay carries streams whose ends it doesn't know and that it can't read. They must be reachable
 * at the host that is named. Errors: RENDEZVOUS_START.
 * Source: dht-rpc 6.27, hyperdht 6.34, blind-relay 1.6; transport facts B2, B4.
 */
/// <reference path="./holepunch.d.ts" />
import type DHT from 'hyperdht';
import { AppError, wrapError } from '../errors.ts';
import { formatKey, type KeyPair } from '../identity.ts';
import type { RelayPlace } from '../reach.ts';
import type { Address } from './address.ts';
import { loadSwarmPackages, secludeNode, toRawKeyPair } from './dht-node.ts';
import { relaySessionsMax } from './limits.ts';

/** What a rendezvous is opened with. */
export interface RendezvousPlan {
  /** The IPv4 address at which others reach this box. */
  readonly host: string;
  /** UDP port of the first node; the others follow. */
  readonly port: number;
  readonly nodeCount: number;
  /** Of the relay; none is opened where absent. */
  readonly relayKeyPair?: KeyPair;
}

/** A rendezvous, open. */
export interface RendezvousNodes {
  readonly nodes: readonly Address[];
  readonly relay: RelayPlace | undefined;
  /** Safe to repeat. */
  close(): Promise<void>;
}

/** Opens the nodes, and the relay where it is wanted. */
export async function openRendezvousNodes(plan: RendezvousPlan): Promise<RendezvousNodes> {
  const { host, port, nodeCount, relayKeyPair } = plan;
  const { DHT: Node } = await loadSwarmPackages();
  const opened: DHT[] = [];
  const close = async () => {
    await Promise.all(opened.map((node) => node.destroy({ force: true })));
  };
  try {
    const nodes: Address[] = [];
    for (let index = 0; index < nodeCount; index += 1) {
      const place = { host, port: port + index };
      opened.push(await openNode(Node, place, nodes));
      nodes.push(place);
    }
    if (relayKeyPair === undefined) return { nodes, relay: undefined, close };
    const place = { host, port: port + nodeCount };
    const node = await openNode(Node, place, nodes);
    opened.push(node);
    await openRelay(node, relayKeyPair);
    return { nodes, relay: { ...place, key: formatKey(relayKeyPair.publicKey) }, close };
  } catch (error) {
    await close();
    throw wrapError(error, 'RENDEZVOUS_START');
  }
}

/** FIND_PEER, LOOKUP, ANNOUNCE, UNANNOUNCE, and handshakes and holes on their way. Source: hyperdht constants. */
const servedCommands: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5]);

async function openNode(
  Node: typeof DHT,
  place: Address,
  others: readonly Address[],
): Promise<DHT> {
  const bind = place.host.startsWith('127.') ? place.host : '0.0.0.0';
  const bootstrap = others.map((other) => ({ ...other }));
  const node = Node.bootstrapper(place.port, place.host, { host: bind, bootstrap });
  secludeNode(node, {
    isServed: ({ command }) => servedCommands.has(command),
    isKnown: ({ host }) => host === place.host,
  });
  try {
    await node.fullyBootstrapped();
    return node;
  } catch (cause) {
    // One that could not bind rejects here once more, with words that name no port.
    await node.destroy({ force: true }).catch(() => undefined);
    throw new AppError('RENDEZVOUS_START', `UDP port ${place.port} can't be used.`, { cause });
  }
}

/** Pairs streams of two who name the same token. */
async function openRelay(node: DHT, keyPair: KeyPair): Promise<void> {
  const { default: relay } = await import('blind-relay');
  const server = new relay.Server({
    createStream: (options) => node.createRawStream({ ...options, framed: true }),
  });
  let sessionCount = 0;
  const door = node.createServer({ shareLocalAddress: false, holepunch: false });
  door.on('connection', (stream) => {
    stream.on('error', () => undefined);
    if (sessionCount >= relaySessionsMax) {
      stream.destroy();
      return;
    }
    sessionCount += 1;
    stream.once('close', () => {
      sessionCount -= 1;
    });
    server.accept(stream, { id: stream.remotePublicKey }).on('error', () => undefined);
  });
  await door.listen(toRawKeyPair(keyPair));
}
