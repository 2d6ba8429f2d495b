/*
 * The stdio transport: the same Noise stream as over the swarm, over any duplex of bytes.
 *
 * It is for boxes that no UDP reaches: the hub runs `odally --stdio` there by the person's own ssh.
 * Roles are those of the swarm: the box calls and pins the hub's key, the hub answers and admits keys,
 * so pairing by an invite's one-time key works here as there. ssh only carries; who the peer is, is
 * proven inside, and nobody on the way reads along. Sizes are checked before Noise sees a byte.
 * Invariant: when no link comes of it, the duplex is destroyed and no timer is left.
 * Source: secret-stream 6.9, pattern IK; transport facts B5.
 */
/// <reference path="./holepunch.d.ts" />
import { Duplex, type Readable, type Writable } from 'node:stream';
import type { EncryptedStream } from 'hyperdht';
import { AppError, wrapError } from '../errors.ts';
import { formatKey, type KeyPair, parseKey } from '../identity.ts';
import type { PeerKey } from '../model.ts';
import type { CancelTimer, Timers } from '../ports.ts';
import { toRawKeyPair } from './dht-node.ts';
import { keepAliveMs, stdioHandshakeMsMax } from './limits.ts';
import { NoiseLink } from './noise-link.ts';
import { StdioGuard } from './stdio-guard.ts';

/** Bytes both ways: of a process its stdout and stdin, of a socket twice itself. */
export interface StdioBytes {
  readonly incoming: Readable;
  readonly outgoing: Writable;
}

/** What both ends need. */
interface StdioPlan {
  /** Owned from now on. */
  readonly bytes: StdioBytes;
  readonly keyPair: KeyPair;
  readonly timers: Timers;
}

/** The box's end: whom it calls. */
export interface StdioCall extends StdioPlan {
  /** The one key that is accepted at the other end. */
  readonly hubKey: PeerKey;
}

/** The hub's end: whom it lets in, and how long the way there may take. */
export interface StdioAnswer extends StdioPlan {
  /** May this key have a link? Asked in the handshake, before a frame is read. */
  admits(peerKey: PeerKey): boolean;
  /** From now until the box's first word: ssh has to get there first. */
  readonly patienceMs: number;
}

/** Calls the hub from the box. Errors: LINK_TIMEOUT, LINK_LOST, FRAME_TOO_LARGE. */
export async function callOverStdio(call: StdioCall): Promise<NoiseLink> {
  const guarded = guardBytes(call.bytes, new StdioGuard('is-bare'));
  const stream = await openStream(guarded.bytes, call.keyPair, call.hubKey);
  return settleLink(stream, { ...call, guarded, admits: () => true, patienceMs: 0 });
}

/** Answers a box. Errors: LINK_TIMEOUT, LINK_LOST, LINK_FOREIGN, LINK_UNPROVEN, FRAME_TOO_LARGE. */
export async function answerOverStdio(answer: StdioAnswer): Promise<NoiseLink> {
  const guarded = guardBytes(answer.bytes, new StdioGuard('begins-with-mark'));
  const stream = await openStream(guarded.bytes, answer.keyPair);
  return settleLink(stream, { ...answer, guarded });
}

/** Who pins a key calls. */
async function openStream(
  bytes: Duplex,
  keyPair: KeyPair,
  pin?: PeerKey,
): Promise<EncryptedStream> {
  const { default: SecretStream } = await import('@hyperswarm/secret-stream');
  // What ended while that was loaded would never tell it.
  if (bytes.destroyed) throw wrapError(bytes.errored ?? new AppError('LINK_LOST'), 'LINK_LOST');
  const pinned = pin === undefined ? {} : { remotePublicKey: Buffer.from(parseKey(pin)) };
  return new SecretStream(pin !== undefined, bytes, {
    pattern: 'IK',
    keyPair: toRawKeyPair(keyPair),
    keepAlive: keepAliveMs,
    ...pinned,
  });
}

/** A duplex whose reading end is guarded. */
interface Guarded {
  readonly bytes: Duplex;
  readonly guard: StdioGuard;
  /** Resolves when the first byte of the link itself is here. */
  readonly begun: Promise<void>;
  /** Bytes that have come in. */
  countArrived(): number;
}

/**
 * Puts the guard before the reading end. What ends the link is the end of what comes in: a process that
 * is gone breaks its stdin first, and what it said last is still to be read then.
 */
function guardBytes({ incoming, outgoing }: StdioBytes, guard: StdioGuard): Guarded {
  const begun = Promise.withResolvers<void>();
  // In a turn of its own: over a pair in one process the answer would come from inside the write.
  const writeAll = (chunks: readonly Uint8Array[], done: () => void): void =>
    queueMicrotask(() => {
      outgoing.write(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks), () => done());
    });
  const guarded = new Duplex({
    read: () => void incoming.resume(),
    write: (chunk: Uint8Array, _encoding, done) => writeAll([chunk], done),
    // What came while one write was under way leaves as one.
    writev: (parts, done) => {
      const chunks = parts.map(({ chunk }) => chunk as Uint8Array);
      writeAll(chunks, done);
    },
    final: (done) => void outgoing.end(() => done()),
    destroy(error, done) {
      incoming.destroy();
      outgoing.destroy();
      done(error);
    },
  });
  let arrivedBytes = 0;
  incoming.on('data', (chunk: Uint8Array) => {
    arrivedBytes += chunk.byteLength;
    try {
      const own = guard.push(chunk);
      if (own.byteLength > 0) begun.resolve();
      if (own.byteLength > 0 && !guarded.push(own)) incoming.pause();
    } catch (error) {
      guarded.destroy(wrapError(error, 'LINK_FOREIGN'));
    }
  });
  incoming.on('end', () => guarded.push(null));
  incoming.on('error', (error) => guarded.destroy(error));
  // After a whole end what is still to be read stays readable.
  incoming.on('close', () => incoming.readableEnded || guarded.destroy());
  outgoing.on('error', () => undefined);
  // Nobody else listens yet: what Noise is made of may have to be loaded first.
  guarded.on('error', () => undefined);
  return { bytes: guarded, guard, begun: begun.promise, countArrived: () => arrivedBytes };
}

interface Terms {
  readonly guarded: Guarded;
  readonly timers: Timers;
  readonly patienceMs: number;
  admits(peerKey: PeerKey): boolean;
}

function settleLink(stream: EncryptedStream, terms: Terms): Promise<NoiseLink> {
  const { guarded, timers, patienceMs } = terms;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => void stream.destroy(new AppError('LINK_TIMEOUT'));
    let cancel: CancelTimer = timers.after(stdioHandshakeMsMax + patienceMs, giveUp);
    const fail = (error: unknown): void => {
      cancel();
      reject(wrapError(error, 'LINK_LOST'));
    };
    stream.on('error', fail);
    stream.on('close', () => fail(explainEnd(guarded.guard)));
    guarded.bytes.once('end', () => {
      if (!stream.connected) stream.destroy(explainEnd(guarded.guard));
    });
    void guarded.begun.then(() => {
      if (stream.destroying || stream.connected) return;
      cancel();
      cancel = timers.after(stdioHandshakeMsMax, giveUp);
    });
    stream.once('handshake', () => {
      const isAdmitted = terms.admits(formatKey(stream.remotePublicKey));
      if (!isAdmitted) stream.destroy(new AppError('LINK_UNPROVEN'));
    });
    stream.once('connect', () => {
      // Said also of a stream that was refused a moment ago.
      if (stream.destroying) return;
      cancel();
      const { countArrived } = guarded;
      resolve(new NoiseLink(stream, { carrier: 'stdio', timers, countArrived }));
    });
  });
}

/** What a box printed instead of a link says best why there is none. */
function explainEnd(guard: StdioGuard): AppError {
  const said = guard.hasBegun ? '' : guard.skipped.trim();
  if (said === '') return new AppError('LINK_LOST');
  return new AppError('LINK_FOREIGN', `What answers there says: ${said.slice(-300)}`);
}
