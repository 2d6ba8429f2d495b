/*
 * Where a peer may be found: a host and a port, and how hosts become what hyperdht can dial.
 *
 * hyperdht speaks IPv4 only, and a host name among its addresses ends the process with an
 * unhandled rejection, so nothing but the result of `resolveAddress` may be handed to it.
 */
import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';

/** A host name or IPv4 address, and a UDP port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The same place as an IPv4 address; undefined when the name is unknown or has none. */
export async function resolveAddress(address: Address): Promise<Address | undefined> {
  if (isIPv4(address.host)) return address;
  try {
    const found = await lookup(address.host, { family: 4 });
    return { host: found.address, port: address.port };
  } catch {
    return undefined;
  }
}

/** Reads `HOST:PORT`; undefined for what is none. */
export function parseAddress(text: string): Address | undefined {
  const at = text.lastIndexOf(':');
  const [host, port] = [text.slice(0, at), Number(text.slice(at + 1))];
  const isHost = at > 0 && host.length <= 253 && /^[\w.-]+$/.test(host);
  return isHost && Number.isInteger(port) && port >= 1 && port <= 65_535
    ? { host, port }
    : undefined;
}

/** For comparing and for people: `host:port`. */
export function formatAddress(address: Address): string {
  return `${address.host}:${address.port}`;
}
