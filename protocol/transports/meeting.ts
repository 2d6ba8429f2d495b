/*
 * Meeting over a DHT: how two who are both behind NATs come to a link, through nodes that both can reach.
 *
 * The nodes are one's own (`wally rendezvous`) or, by explicit choice, the public ones; whoever runs them sees both
 * addresses and the hash of the hub's key. They help to punch a hole; where that is impossible a blind relay
 * carries the stream, which it can't read. Such a node is made beside the one that is dialled directly, only where
 * there is something to meet over, and stores nothing for others.
 * Source: hyperdht 6.34, `relayThrough`; transport facts B2, B4.
 */
import type DHT from 'hyperdht';
import type { EncryptedStream } from 'hyperdht';
import { AppError } from '../errors.ts';
import { type KeyPair, parseKey, shortKey } from '../identity.ts';
import type { PeerKey } from '../model.ts';
import type { Timers } from '../ports.ts';
import type { ReadonlyReach } from '../reach.ts';
import { type Address, resolveAddress } from './address.ts';
import { findFreePort, type SwarmPackages, toRawKeyPair, widenSocket } from './dht-node.ts';
import { keepAliveMs } from './limits.ts';
import { NoiseLink } from './noise-link.ts';
import { onAbort } from './pause.ts';

/** What is met over: nodes, and perhaps a relay. */
export type MeetingPlace = Pick<ReadonlyReach, 'nodes' | 'relay'>;

/** A node for meeting, and how to tell what a relay carries. */
export interface MeetingNode {
  readonly node: DHT;
  /** The key of the relay, where there is one. */
  readonly relayKey: Uint8Array | undefined;
  /** Does a relay carry this stream right now? A hole that is punched later takes it over. */
  isRelayed(stream: EncryptedStream): boolean;
  /** Is it behind a NAT that gives each peer another port, so that no hole can be punched from outside? */
  hasRandomNat(): boolean;
}

/** Opens a node; the nodes that it asks need not be there. Errors: HUB_START when nothing can be bound. */
export async function openMeetingNode(
  packages: SwarmPackages,
  { nodes, relay }: MeetingPlace,
): Promise<MeetingNode> {
  const bootstrap = nodes === 'public' ? {} : { bootstrap: await resolveAll(nodes ?? []) };
  const node = new packages.DHT({
    ...bootstrap,
    port: await findFreePort({ host: '0.0.0.0', port: 0 }),
    ephemeral: true,
    connectionKeepAlive: keepAliveMs,
  });
  await node.bind();
  widenSocket(node.io.serverSocket);
  widenSocket(node.io.clientSocket);
  const hasRandomNat = () => node.firewalled && node.randomized;
  const place = relay === undefined ? undefined : await resolveAddress(relay);
  if (relay === undefined || place === undefined) {
    return { node, relayKey: undefined, isRelayed: () => false, hasRandomNat };
  }
  const relayKey = parseKey(relay.key);
  knowRelay(node, relayKey, place);
  claimNothing(node);
  return {
    node,
    relayKey,
    hasRandomNat,
    isRelayed: ({ rawStream }) =>
      rawStream?.remoteHost === place.host && rawStream.remotePort === place.port,
  };
}

/** Whom to meet, as whom. */
export interface MeetRequest {
  readonly hubKey: PeerKey;
  readonly keyPair: KeyPair;
  readonly timers: Timers;
  readonly timeoutMs: number;
  /** Gives it up. */
  readonly signal: AbortSignal;
}

/** Meets the hub. Errors: LINK_TIMEOUT when nobody proved to be the hub, LINK_LOST when given up. */
export function meetHub(meeting: MeetingNode, request: MeetRequest): Promise<NoiseLink> {
  const { hubKey, keyPair, timers, timeoutMs, signal } = request;
  const { node, relayKey, isRelayed } = meeting;
  const stream = node.connect(Buffer.from(parseKey(hubKey)), {
    keyPair: toRawKeyPair(keyPair),
    localConnection: false,
    ...(relayKey === undefined ? {} : { relayThrough: Buffer.from(relayKey) }),
  });
  return new Promise((resolve, reject) => {
    let why: string | undefined;
    const giveUp = (): void => void stream.destroy();
    const cancelTimer = timers.after(timeoutMs, giveUp);
    onAbort(signal, giveUp);
    // The signal lives as long as the agent, which may dial for days.
    const cancel = (): void => {
      cancelTimer();
      signal.removeEventListener('abort', giveUp);
    };
    stream.on('error', (error: Error & { code?: string }) => {
      why = error.code ?? error.message;
    });
    stream.once('close', () => {
      cancel();
      const code = signal.aborted ? 'LINK_LOST' : 'LINK_TIMEOUT';
      const how = why === undefined ? '' : ` (${why})`;
      reject(new AppError(code, `The hub ${shortKey(hubKey)} was not met${how}.`));
    });
    stream.once('open', () => {
      cancel();
      const carrier = () => (isRelayed(stream) ? 'relay' : 'swarm');
      resolve(new NoiseLink(stream, { carrier, timers }));
    });
  });
}

/** Whoever is asked to go through a relay looks it up in the DHT; it is dialled where it is instead. */
function knowRelay(node: DHT, relayKey: Uint8Array, address: Address): void {
  const connect = node.connect.bind(node);
  node.connect = (publicKey, options = {}) => {
    const isRelay = Buffer.compare(publicKey, relayKey) === 0;
    const where = isRelay ? { relayAddresses: [{ ...address }], localConnection: false } : {};
    return connect(publicKey, { ...options, ...where });
  };
}

/**
 * A node that the nodes of the DHT reach takes itself for one that anybody reaches, and says so. Whoever dials it then
 * sends to that address and tries nothing else: no hole, and not the relay. Between two networks that share only
 * the nodes that is wrong. Without the word all ways are tried, and the open one is among them.
 */
function claimNothing(node: DHT): void {
  node.remoteAddress = () => null;
}

async function resolveAll(nodes: readonly Address[]): Promise<Address[]> {
  const found = await Promise.all(nodes.map(resolveAddress));
  return found.filter((place) => place !== undefined).map((place) => ({ ...place }));
}
