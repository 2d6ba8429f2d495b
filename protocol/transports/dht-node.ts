/*
 * The nodes of the private DHT that a swarm stands on, and the packages that they are made of.
 *
 * No node here ever asks the public DHT: `bootstrap: []` means none (`false` would mean public).
 * The packages are loaded on first use, because they bring native code that no short-lived verb
 * needs. Invariant: a node is made only where it can bind, because one that cannot leaves a watch
 * on the network interfaces behind, which keeps the process alive for ever.
 */
/// <reference path="./holepunch.d.ts" />
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type DHT from 'hyperdht';
import type { Request, UdpSocket } from 'hyperdht';
import type Hyperswarm from 'hyperswarm';
import { AppError, wrapError } from '../errors.ts';
import type { KeyPair } from '../identity.ts';
import type { Address } from './address.ts';
import { keepAliveMs, repeatMsMin, udpBufferBytes } from './limits.ts';

/** The two packages, loaded. */
export interface SwarmPackages {
  readonly DHT: typeof DHT;
  readonly Hyperswarm: typeof Hyperswarm;
}

/** Where a node binds, and which nodes it asks; port 0 means any. */
export interface NodePlan {
  readonly address: Address;
  readonly rendezvous: readonly Address[];
  /** `open` nodes are dialled directly and keep their port; `firewalled` ones only dial out. */
  readonly reach: 'open' | 'firewalled';
}

/** Loads hyperswarm and hyperdht; again at no cost. */
export async function loadSwarmPackages(): Promise<SwarmPackages> {
  const [dht, swarm] = await Promise.all([import('hyperdht'), import('hyperswarm')]);
  return { DHT: dht.default, Hyperswarm: swarm.default };
}

/** Opens a node that stores nothing for others; a busy port is replaced by a free one. */
export async function openNode(packages: SwarmPackages, plan: NodePlan): Promise<DHT> {
  const { host } = plan.address;
  const node = new packages.DHT({
    bootstrap: plan.rendezvous.map((address) => ({ ...address })),
    host,
    port: await findFreePort(plan.address),
    firewalled: plan.reach === 'firewalled',
    ephemeral: true,
    connectionKeepAlive: keepAliveMs,
    adaptiveTimeout: { min: repeatMsMin },
  });
  await node.fullyBootstrapped();
  widenSocket(node.io.serverSocket);
  widenSocket(node.io.clientSocket);
  return node;
}

/**
 * Gives a socket room for what comes while we are busy. All links of a hub share one, and the usual
 * 200 KiB are full after some three hundred packets: what is dropped then costs each link a timeout.
 */
export function widenSocket(socket: UdpSocket): void {
  for (let bytes = udpBufferBytes; bytes > socket.getRecvBufferSize(); bytes /= 2) {
    if (tryWiden(socket, bytes)) return;
  }
}

/** Linux gives what it allows; others refuse what is over their limit. */
function tryWiden(socket: UdpSocket, bytes: number): boolean {
  try {
    socket.setRecvBufferSize(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The wanted port if it is free now, else another that is. Errors: HUB_START for a host not ours. */
export async function findFreePort({ host, port }: Address): Promise<number> {
  const wanted = port > 0 ? await tryPort(host, port) : 'busy';
  const found = wanted === 'busy' ? await tryPort(host, 0) : wanted;
  if (found === 'busy') throw new AppError('HUB_START', `No UDP port is free on ${host}.`);
  return found;
}

/** What a node does for others, and whom it remembers. */
export interface Seclusion {
  /** Requests that are answered; all others are unknown commands. */
  isServed(request: Request): boolean;
  /** Nodes that may enter its table: those it asks by itself and names to others. */
  isKnown(address: Address): boolean;
}

/**
 * Takes a node out of the open DHT. An unrestricted one stores, forwards and gossips for anyone,
 * and goes on asking nodes that are long gone.
 */
export function secludeNode(node: DHT, { isServed, isKnown }: Seclusion): void {
  const serve = node.onrequest.bind(node);
  node.onrequest = (request) => isServed(request) && serve(request);
  node._filterNode = isKnown;
}

/** A key pair as hyperdht wants it: its codecs ask for Buffers. */
export function toRawKeyPair(keyPair: KeyPair): { publicKey: Buffer; secretKey: Buffer } {
  return { publicKey: Buffer.from(keyPair.publicKey), secretKey: Buffer.from(keyPair.secretKey) };
}

async function tryPort(host: string, port: number): Promise<number | 'busy'> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
    return socket.address().port;
  } catch (error) {
    if (port > 0 && (error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') return 'busy';
    throw wrapError(error, 'HUB_START');
  } finally {
    socket.close();
  }
}
