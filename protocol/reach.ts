/*
 * Where a hub may be found: what invites carry, what hello says anew, and what its peers keep.
 *
 * Addresses are dialled first. `rendezvous` are asked where the hub is when none of them answers. `nodes` are a
 * DHT over which two who are both behind NATs meet, and `relay` carries their link where they can't. All of it is a
 * hint: who answers anywhere must still prove to be the hub.
 */
import { z } from 'zod';
import { peerText } from './peer-text.ts';
import { type Address, formatAddress, parseAddress } from './transports/address.ts';

/** Addresses of one kind that are told; a box has fewer interfaces, a DHT of one's own fewer nodes. */
export const reachPlacesMax = 16;

/** Longest host name. Source: RFC 1035. */
const hostCharsMax = 253;

const addressSchema = z.object({
  host: peerText(hostCharsMax),
  port: z.number().int().min(1).max(65_535),
});

/** A place as people write it: `HOST:PORT`. */
export const placeSchema = z.string().transform((text, context) => {
  const found = parseAddress(text);
  if (found !== undefined) return found;
  context.addIssue({ code: 'custom', message: `"${text}" is no HOST:PORT` });
  return z.NEVER;
});

/** The shape of a blind relay's place. */
export const relaySchema = z.object({
  ...addressSchema.shape,
  key: z.string().regex(/^[0-9a-f]{64}$/),
});

/** The shape of the nodes of a DHT: one's own, or the public one. */
export const nodesSchema = z.union([
  z.literal('public'),
  z.array(addressSchema).min(1).max(reachPlacesMax),
]);

/** The shape of `Reach`. */
export const reachSchema = z.object({
  addresses: z.array(addressSchema).max(reachPlacesMax),
  rendezvous: z.array(addressSchema).max(reachPlacesMax),
  nodes: nodesSchema.exactOptional(),
  relay: relaySchema.exactOptional(),
});

/** Where a hub may be found. */
export type Reach = z.infer<typeof reachSchema>;

/** The same, of somebody who lets nobody change it. */
export interface ReadonlyReach {
  readonly addresses: readonly Address[];
  readonly rendezvous: readonly Address[];
  readonly nodes?: 'public' | readonly Address[] | undefined;
  readonly relay?: RelayPlace | undefined;
}

/** A blind relay: it carries what it can't read. */
export type RelayPlace = z.infer<typeof relaySchema>;

/** The places alone, of something that has more. */
export function pickReach({ addresses, rendezvous, nodes, relay }: ReadonlyReach): Reach {
  return {
    addresses: [...addresses],
    rendezvous: [...rendezvous],
    ...(nodes === undefined ? {} : { nodes: nodes === 'public' ? nodes : [...nodes] }),
    ...(relay === undefined ? {} : { relay }),
  };
}

/** Do both say the same? */
export function isSameReach(one: Reach, other: Reach): boolean {
  return describe(one) === describe(other);
}

/** In one order of fields, whichever they came in. */
function describe({ addresses, rendezvous, nodes = [], relay }: Reach): string {
  const list = (places: readonly Address[]) => places.map(formatAddress).join();
  const met = nodes === 'public' ? nodes : list(nodes);
  const carried = relay === undefined ? '' : `${relay.key}@${formatAddress(relay)}`;
  return [list(addresses), list(rendezvous), met, carried].join(' ');
}
