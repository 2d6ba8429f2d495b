/*
 * The addresses of this box, as others may reach it: IPv4, the outer ones first.
 *
 * They are asked for every few seconds and with every hello. A box that cannot say them for a moment (it has no file
 * descriptors left, say) has those that it had: that must never end the hub. Remembers only those.
 */
import type { NetworkInterfaceInfo } from 'node:os';

/** As `networkInterfaces` of node:os tells them. May throw. */
export type ReadInterfaces = () => NodeJS.Dict<NetworkInterfaceInfo[]>;

/** Makes a question that never throws. */
export function openOwnAddresses(read: ReadInterfaces): () => readonly string[] {
  let known: readonly string[] = [];
  return () => {
    try {
      known = listOuterFirst(read());
      return known;
    } catch {
      // As old as the last answer.
      return known;
    }
  };
}

function listOuterFirst(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): readonly string[] {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const own = all.filter(({ family }) => family === 'IPv4');
  return own
    .toSorted((a, b) => Number(a.internal) - Number(b.internal))
    .map(({ address }) => address);
}
