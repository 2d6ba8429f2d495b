/*
 * One dial of a hub: from keys and addresses to a link, or to a code, in bounded time.
 *
 * Addresses are searched together, but handshakes follow one at a time in the order of the answers:
 * two at once from one key would make the hub drop one of them, perhaps the one we keep. Who
 * answers must prove to own the hub's key; that is what the Noise IK handshake is.
 * Invariant: when the dial ends, its requests, streams and timers have ended too.
 */
import type DHT from 'hyperdht';
import { AppError } from '../errors.ts';
import { type KeyPair, parseKey, shortKey } from '../identity.ts';
import type { PeerKey } from '../model.ts';
import type { Ports, Timers } from '../ports.ts';
import type { ReadonlyReach } from '../reach.ts';
import type { Address } from './address.ts';
import { AddressSearch, type OpenAddress } from './address-search.ts';
import { toRawKeyPair } from './dht-node.ts';
import { handshakeMsMax, handshakePauseMs, handshakesMax } from './limits.ts';
import { watchLink } from './link-watch.ts';
import { NoiseLink } from './noise-link.ts';
import { pause } from './pause.ts';

/** Whom to dial, as whom, and where. */
export interface DialRequest {
  /** The one key that is accepted at the other end. */
  readonly hubKey: PeerKey;
  readonly keyPair: KeyPair;
  /** Where the hub may be; names are resolved to IPv4. */
  readonly addresses: readonly Address[];
  /** Nodes to ask when the addresses are slow to answer. */
  readonly rendezvous?: readonly Address[];
  /** A DHT to meet over when none of it leads there, and a relay. */
  readonly nodes?: ReadonlyReach['nodes'];
  readonly relay?: ReadonlyReach['relay'];
  readonly timeoutMs: number;
}

/** What a dial works with; `signal` gives it up. */
export interface DialMeans {
  readonly node: DHT;
  readonly timers: Timers;
  readonly random: Ports['random'];
  readonly signal: AbortSignal;
  /** The name under which the DHT knows a key. */
  hash(key: Uint8Array): Uint8Array;
}

/**
 * Dials. A hub that does not know our key stays silent, like one that is not there.
 * Errors: LINK_TIMEOUT when nobody proved to be the hub, LINK_LOST when given up.
 */
export async function dialHub(given: DialMeans, request: DialRequest): Promise<NoiseLink> {
  const end = new AbortController();
  const means = { ...given, signal: AbortSignal.any([given.signal, end.signal]) };
  const cancel = given.timers.after(request.timeoutMs, () => end.abort());
  try {
    const link = await findLink(means, request);
    if (link) return link;
  } finally {
    cancel();
    end.abort();
  }
  if (given.signal.aborted) throw new AppError('LINK_LOST', 'The dial was given up.');
  throw new AppError('LINK_TIMEOUT', `The hub ${shortKey(request.hubKey)} did not answer.`);
}

async function findLink(means: DialMeans, request: DialRequest): Promise<NoiseLink | undefined> {
  const { addresses, rendezvous = [] } = request;
  const hubPublicKey = parseKey(request.hubKey);
  const target = means.hash(hubPublicKey);
  const search = new AddressSearch(means, { hubPublicKey, target, addresses, rendezvous });
  search.start();
  for (let open = await search.next(); open; open = await search.next()) {
    await spread(means, open);
    const link = await tryAddress(means, request, open.address);
    if (link === undefined) continue;
    const { address, word } = open;
    const { node, timers } = means;
    if (word !== undefined) watchLink({ node, timers, link, address, target, life: word.life });
    return link;
  }
  return undefined;
}

/** A hub that is just back is found by all its peers in the same second; it says how wide they spread. */
async function spread(means: DialMeans, { word }: OpenAddress): Promise<void> {
  if (word === undefined || word.spreadMs === 0) return;
  await pause({ ...means, delayMs: word.spreadMs * means.random.fraction() });
}

/** A hub that is just starting answers knocks before handshakes, so a refusal is tried again. */
async function tryAddress(
  means: DialMeans,
  request: DialRequest,
  address: Address,
): Promise<NoiseLink | undefined> {
  for (let attempt = 1; attempt <= handshakesMax; attempt += 1) {
    const outcome = await shakeHands(means, request, address);
    if (outcome instanceof NoiseLink) return outcome;
    if (outcome === 'silent') return undefined;
    await pause({ ...means, delayMs: handshakePauseMs });
    if (means.signal.aborted) return undefined;
  }
  return undefined;
}

/** `refused`: there is no such hub, or not yet; `silent`: no answer, which is also how a hub says no. */
function shakeHands(
  means: DialMeans,
  request: DialRequest,
  address: Address,
): Promise<NoiseLink | 'refused' | 'silent'> {
  const stream = means.node.connect(Buffer.from(parseKey(request.hubKey)), {
    keyPair: toRawKeyPair(request.keyPair),
    relayAddresses: [{ ...address }],
    localConnection: false,
  });
  // Every error is followed by `close`, which is what ends the attempt.
  stream.on('error', () => undefined);
  return new Promise((resolve) => {
    const settle = (outcome: NoiseLink | 'refused' | 'silent'): void => {
      cancel();
      means.signal.removeEventListener('abort', giveUp);
      resolve(outcome);
    };
    const giveUp = (): void => {
      stream.destroy();
      settle('silent');
    };
    const cancel = means.timers.after(handshakeMsMax, giveUp);
    means.signal.addEventListener('abort', giveUp);
    stream.once('close', () => settle('refused'));
    stream.once('open', () =>
      settle(new NoiseLink(stream, { carrier: 'swarm', timers: means.timers })),
    );
  });
}
