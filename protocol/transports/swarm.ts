/*
 * The swarm transport: authenticated, encrypted links between hub and agents over hyperswarm.
 *
 * One swarm at each end, on a private DHT. The hub listens under its key, announces itself at its
 * own rendezvous and lets in only keys that `admits` knows; strangers are dropped in the handshake,
 * before a stream exists, and not remembered. The agent dials; who redials and when is the
 * session's business, because hyperswarm's own back-off forgets a hub that was away for a while.
 * Source: hyperswarm 4.17 and hyperdht 6.34; transport facts, findings 1, 2, 7 and 8.
 */
import type { EncryptedStream } from 'hyperdht';
import type Hyperswarm from 'hyperswarm';
import { wrapError } from '../errors.ts';
import { formatKey, type KeyPair } from '../identity.ts';
import type { PeerKey } from '../model.ts';
import type { CancelTimer, Ports } from '../ports.ts';
import { type Address, formatAddress } from './address.ts';
import {
  loadSwarmPackages,
  openNode,
  type SwarmPackages,
  secludeNode,
  toRawKeyPair,
} from './dht-node.ts';
import { type DialRequest, dialHub } from './dial.ts';
import { answerKnocks, createLife } from './knock.ts';
import {
  announceMsMax,
  handshakeMemoryMs,
  lingerMsMax,
  meetRefreshMs,
  spreadMsPerPeer,
} from './limits.ts';
import type { AcceptLink, Link } from './link.ts';
import { type MeetingPlace, openMeetingNode } from './meeting.ts';
import { Meetings } from './meetings.ts';
import { NoiseLink } from './noise-link.ts';
import { OwnedSwarm, settleWithin } from './owned-swarm.ts';
import { hubTopic, openRendezvous, type Rendezvous } from './rendezvous.ts';

/** What a hub's swarm is opened with. */
export interface HubSwarmPlan {
  readonly keyPair: KeyPair;
  /** IPv4 address to bind; `0.0.0.0` for all. */
  readonly host: string;
  /** Wanted ports; 0 means any, and a busy one is replaced by a free one. */
  readonly port: number;
  readonly rendezvousPort: number;
  /** A DHT over which it is met too, by who is behind a NAT. */
  readonly meeting?: MeetingPlace;
  /** May this key have a link? Asked at every handshake; must be quick and not throw. */
  admits(peerKey: PeerKey): boolean;
  /**
   * May this key have several links at once? Of any other the newest link ends the one before. None where
   * absent.
   */
  readonly sharesKey?: (peerKey: PeerKey) => boolean;
  /** Peers that may come all at once; they are told to spread accordingly. None where absent. */
  readonly countExpected?: () => number;
  readonly accept: AcceptLink;
  readonly ports: Ports;
}

/** A hub's swarm, open. */
export interface HubSwarm {
  /** Where agents dial; the port may not be the wanted one. */
  readonly address: Address;
  readonly rendezvous: Address;
  /** Cuts the links of a key at once. It may come back unless `admits` says no. */
  kick(peerKey: PeerKey): void;
  /** Announces itself at the nodes of the DHT again, soon. */
  announce(): void;
  /** Through how many nodes of a DHT it is met now; undefined where there is none. */
  meetingNodeCount(): number | undefined;
  /** Does the NAT before it, as those nodes see it, let no hole be punched? */
  hasRandomNat(): boolean;
  /** Peers of which something is kept in memory; strangers never are. */
  peerCount(): number;
  /** Safe to repeat; takes a second at most. */
  close(): Promise<void>;
}

/** An agent's swarm, open. */
export interface AgentSwarm {
  /** Errors: LINK_TIMEOUT, LINK_LOST when the swarm is closed meanwhile. */
  dial(request: DialRequest): Promise<Link>;
  /** Does the NAT before it, as the nodes of the DHT see it, let no hole be punched? */
  hasRandomNat(): boolean;
  /** Gives dials up and ends links; safe to repeat; takes a second at most. */
  close(): Promise<void>;
}

/** Opens the hub's door and its rendezvous. Errors: HUB_START when nothing can be bound on `host`. */
export async function openHubSwarm(plan: HubSwarmPlan): Promise<HubSwarm> {
  const packages = await loadSwarmPackages();
  const wanted = { host: plan.host, port: plan.rendezvousPort };
  const rendezvous = await openRendezvous(packages.DHT, wanted);
  try {
    return await openDoor(packages, plan, rendezvous);
  } catch (error) {
    await rendezvous.close();
    throw wrapError(error, 'HUB_START');
  }
}

/** Opens an agent's swarm: one node that dials out and serves nobody. */
export async function openAgentSwarm({ ports }: { readonly ports: Ports }): Promise<AgentSwarm> {
  const packages = await loadSwarmPackages();
  const address = { host: '0.0.0.0', port: 0 };
  const node = await openNode(packages, { address, rendezvous: [], reach: 'firewalled' });
  secludeNode(node, { isServed: () => false, isKnown: () => false });
  const owned = new OwnedSwarm(new packages.Hyperswarm({ dht: node }), ports.timers);
  const end = new AbortController();
  const { timers, random } = ports;
  const hash = (key: Uint8Array) => packages.DHT.hash(key);
  const means = { node, timers, random, hash, signal: end.signal };
  const meetings = new Meetings(packages, ports);
  return {
    dial: async (request) =>
      owned.add(
        await meetings.dial({ ...request, signal: end.signal }, (timeoutMs) =>
          dialHub(means, { ...request, timeoutMs }),
        ),
      ),
    hasRandomNat: () => meetings.hasRandomNat(),
    async close() {
      end.abort();
      await Promise.all([owned.close(), meetings.close()]);
    },
  };
}

async function openDoor(
  packages: SwarmPackages,
  plan: HubSwarmPlan,
  rendezvous: Rendezvous,
): Promise<HubSwarm> {
  const { host, port, ports } = plan;
  const near = rendezvous.nearAddress;
  const place = { address: { host, port }, rendezvous: [near], reach: 'open' } as const;
  const node = await openNode(packages, place);
  const address = { host, port: node.address().port };
  rendezvous.trust({ host: near.host, port: address.port });
  const hubTarget = packages.DHT.hash(plan.keyPair.publicKey);
  // It answers handshakes for the hub, forwards nothing and knows only its rendezvous.
  secludeNode(node, {
    isServed: ({ target }) => target !== null && Buffer.compare(target, hubTarget) === 0,
    isKnown: (other) => formatAddress(other) === formatAddress(near),
  });
  const life = createLife(ports.random);
  answerKnocks(node, hubTarget, () => {
    return { life, spreadMs: spreadMsPerPeer * (plan.countExpected?.() ?? 0) };
  });
  const swarm = new packages.Hyperswarm({
    dht: node,
    keyPair: toRawKeyPair(plan.keyPair),
    handshakeClearWait: handshakeMemoryMs,
  });
  const owned = new OwnedSwarm(swarm, ports.timers);
  guardSwarm(swarm, plan, { owned, isRelayed: () => false });
  const met = await openMeetingDoor(packages, plan);
  const discovery = swarm.join(hubTopic(plan.keyPair.publicKey), { server: true, client: false });
  await settleWithin(discovery.flushed(), ports.timers, announceMsMax);
  return {
    address,
    rendezvous: rendezvous.address,
    kick(peerKey) {
      owned.kick(peerKey);
      met?.owned.kick(peerKey);
    },
    announce: () => met?.swarm.server.refresh(),
    meetingNodeCount: () => met?.swarm.server.relayAddresses.length,
    hasRandomNat: () => met?.hasRandomNat() === true,
    peerCount: () => swarm.peers.size,
    async close() {
      const farewell = settleWithin(rendezvous.close(), ports.timers, lingerMsMax);
      met?.stop();
      await Promise.all([owned.close(), met?.owned.close(), farewell]);
    },
  };
}

/** Where a swarm's links are kept, and how those of a relay are told. */
interface Ground {
  readonly owned: OwnedSwarm;
  isRelayed(stream: EncryptedStream): boolean;
}

/** A second door beside the open one, for who is behind a NAT. It need not be found at once. */
async function openMeetingDoor(packages: SwarmPackages, plan: HubSwarmPlan) {
  const { meeting, ports } = plan;
  if (meeting?.nodes === undefined) return undefined;
  const { node, isRelayed, hasRandomNat } = await openMeetingNode(packages, meeting);
  const hubTarget = packages.DHT.hash(plan.keyPair.publicKey);
  secludeNode(node, {
    isServed: ({ target }) => target !== null && Buffer.compare(target, hubTarget) === 0,
    isKnown: () => true,
  });
  const swarm = new packages.Hyperswarm({
    dht: node,
    keyPair: toRawKeyPair(plan.keyPair),
    handshakeClearWait: handshakeMemoryMs,
  });
  const owned = new OwnedSwarm(swarm, ports.timers);
  guardSwarm(swarm, plan, { owned, isRelayed });
  await settleWithin(swarm.listen(), ports.timers, announceMsMax);
  let cancel: CancelTimer = () => undefined;
  // The public nodes remember; one's own may have been started again.
  const refresh = (): void => {
    swarm.server.refresh();
    cancel = ports.timers.after(meetRefreshMs, refresh);
  };
  if (meeting.nodes !== 'public') cancel = ports.timers.after(meetRefreshMs, refresh);
  return { swarm, owned, hasRandomNat, stop: () => cancel() };
}

/**
 * Sets who gets in. The decision sits on the server below the swarm, because the swarm's own
 * `firewall` option bans a refused key until a restart and remembers every key that ever knocked.
 */
function guardSwarm(swarm: Hyperswarm, plan: HubSwarmPlan, { owned, isRelayed }: Ground): void {
  swarm.server.firewall = (publicKey) => !plan.admits(formatKey(publicKey));
  const take = (stream: EncryptedStream): void => {
    const carrier = () => (isRelayed(stream) ? 'relay' : 'swarm');
    const link = owned.add(new NoiseLink(stream, { carrier, timers: plan.ports.timers }));
    // Trust may have ended between the handshake and now.
    if (plan.admits(link.peerKey)) plan.accept(link);
    else link.cut('kicked');
  };
  swarm.on('connection', take);
  if (plan.sharesKey !== undefined) passBy(swarm, plan.sharesKey, take);
}

/** Takes the streams of shared keys before the swarm does, which would end the older of two of one key. */
function passBy(
  swarm: Hyperswarm,
  sharesKey: (peerKey: PeerKey) => boolean,
  take: (stream: EncryptedStream) => void,
): void {
  const usual = swarm.server.listeners('connection');
  swarm.server.removeAllListeners('connection');
  swarm.server.on('connection', (stream) => {
    if (sharesKey(formatKey(stream.remotePublicKey))) return take(stream);
    for (const run of usual) run(stream);
  });
}
