/*
 * The agent's door for its hub when that comes by ssh: a socket for the bytes that `odally --stdio` passes on.
 *
 * Whoever may log in as this user can knock, so nothing but the Noise handshake is spoken here: the agent
 * calls, pins its hub's key, and takes a link only from whom that proves to be. The agent, its store and its
 * session live on when the ssh is gone. Errors: SOCKET_PATH, AGENT_RUNNING.
 */
import { wrapError } from '../protocol/errors.ts';
import type { KeyPair } from '../protocol/identity.ts';
import { type LeaseInstant, readInstant } from '../protocol/machines/renewal.ts';
import type { PeerKey } from '../protocol/model.ts';
import type { Ports } from '../protocol/ports.ts';
import type { Link, Listener } from '../protocol/transports/link.ts';
import { callOverStdio } from '../protocol/transports/stdio.ts';
import { listenUnixBytes } from '../protocol/transports/unix.ts';
import { stdioLinksMax } from './limits.ts';

/** What the door is opened with. */
export interface StdioDoorParts {
  readonly path: string;
  readonly keyPair: KeyPair;
  /** The one key that is accepted at the other end. */
  readonly hub: PeerKey;
  readonly ports: Ports;
  /** Takes a link to the hub; `askedAt`: before that the hub did not greet. */
  accept(link: Link, askedAt: LeaseInstant): void;
  readonly noticed: (line: string) => void;
}

/** Opens it; closing it cuts what came through it. */
export function openStdioDoor(parts: StdioDoorParts): Promise<Listener> {
  const { path, keyPair, hub, ports, accept, noticed } = parts;
  return listenUnixBytes(path, stdioLinksMax, (socket) => {
    const askedAt = readInstant(ports.clock);
    const bytes = { incoming: socket, outgoing: socket };
    callOverStdio({ bytes, keyPair, hubKey: hub, timers: ports.timers }).then(
      (link) => accept(link, askedAt),
      (error: unknown) =>
        noticed(`who came over stdio is not the hub: ${wrapError(error, 'LINK_LOST').message}`),
    );
  });
}
