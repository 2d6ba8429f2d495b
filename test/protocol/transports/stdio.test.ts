/*
 * The stdio transport: the link contract over pipes and a real process, who is let in, and rubbish.
 */
import { spawn } from 'node:child_process';
import { type Duplex, duplexPair, type Readable, type Writable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { createKeyPair, formatKey, type KeyPair } from '../../../protocol/identity.ts';
import type { PeerKey } from '../../../protocol/model.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import { preambleBytesMax } from '../../../protocol/transports/limits.ts';
import type { Link } from '../../../protocol/transports/link.ts';
import {
  answerOverStdio,
  callOverStdio,
  type StdioBytes,
} from '../../../protocol/transports/stdio.ts';
import { stdioMark } from '../../../protocol/transports/stdio-guard.ts';
import { type LinkPair, makeFrame, testTransport, watchLink } from '../../conformance/transport.ts';
import { FakePorts, settle } from '../fake-ports.ts';

const ports = openSystemPorts();
const { timers } = ports;
const hub = createKeyPair(ports.random);
const box = createKeyPair(ports.random);
const keyOf = ({ publicKey }: KeyPair): PeerKey => formatKey(publicKey);
let cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups) cleanup();
  cleanups = [];
});

const bothWays = (socket: Duplex): StdioBytes => ({ incoming: socket, outgoing: socket });

function openPair(): readonly [Duplex, Duplex] {
  const [one, other] = duplexPair();
  cleanups.push(() => {
    one.destroy();
    other.destroy();
  });
  return [one, other];
}

interface Ends {
  readonly hubEnd: StdioBytes;
  readonly boxEnd: StdioBytes;
}

/** Two ends of bytes; what the box's end says begins with the mark, as `odally --stdio` does it. */
function openBytes(preamble = ''): Ends {
  const [hubEnd, boxEnd] = openPair();
  boxEnd.write(preamble);
  boxEnd.write(stdioMark);
  return { hubEnd: bothWays(hubEnd), boxEnd: bothWays(boxEnd) };
}

const call = (bytes: StdioBytes, keyPair = box, hubKey = keyOf(hub)) =>
  callOverStdio({ bytes, keyPair, hubKey, timers });

const answer = (bytes: StdioBytes, admitted: readonly PeerKey[] = [keyOf(box)]) =>
  answerOverStdio({
    bytes,
    keyPair: hub,
    timers,
    admits: (key) => admitted.includes(key),
    patienceMs: 5000,
  });

async function link({ hubEnd, boxEnd }: Ends): Promise<LinkPair> {
  const [near, far] = await Promise.all([call(boxEnd), answer(hubEnd)]);
  return { near, far };
}

/** Resolves with the code that a promise was rejected with. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  const thrown = await promise.then(
    () => new Error('it was let in'),
    (error: unknown) => error,
  );
  return (thrown as { code?: string }).code ?? String(thrown);
}

testTransport('stdio', () => link(openBytes()));

/** A process between the two ends, which passes bytes both ways as ssh and the bridge do. */
function openThroughProcess(): Ends {
  const child = spawn('sh', ['-c', 'cat <&3 4>&- & exec cat >&4 3<&-'], {
    stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe'],
  });
  cleanups.push(() => child.kill('SIGKILL'));
  const [stdin, stdout, , up, down] = child.stdio as readonly unknown[];
  const hubEnd = { incoming: stdout as Readable, outgoing: stdin as Writable };
  const boxEnd = { incoming: down as Readable, outgoing: up as Writable };
  boxEnd.outgoing.write(stdioMark);
  return { hubEnd, boxEnd };
}

testTransport('stdio through processes', () => link(openThroughProcess()));

test('stdio: each side has proof of the key of the other', async () => {
  const { near, far } = await link(openBytes());
  expect([near.peerKey, far.peerKey]).toEqual([keyOf(hub), keyOf(box)]);
  expect([near.carrier, far.carrier]).toEqual(['stdio', 'stdio']);
});

test('stdio: what a login prints before the link is skipped', async () => {
  const { near, far } = await link(openBytes('Welcome to workbench!\nYou have mail.\n'));
  const seen = watchLink(far);
  near.send(makeFrame(1, 100));
  await seen.until(() => seen.frames.length === 1);
  expect(seen.frames).toEqual([makeFrame(1, 100)]);
});

test('stdio: a box whose key is not admitted is refused before a frame of it is read', async () => {
  const { hubEnd, boxEnd } = openBytes();
  const stranger = createKeyPair(ports.random);
  const calling = call(boxEnd, stranger);
  const ends = calling.then((near) => watchLink(near)).catch(() => undefined);
  expect(await codeOf(answer(hubEnd))).toBe('LINK_UNPROVEN');
  const watched = await ends;
  await watched?.until(() => watched.reasons.length === 1);
  expect(hubEnd.incoming.destroyed).toBe(true);
});

test('stdio: a box that pins another hub gets no link, and neither does the hub', async () => {
  const { hubEnd, boxEnd } = openThroughProcess();
  const other = keyOf(createKeyPair(ports.random));
  const codes = await Promise.all([codeOf(call(boxEnd, box, other)), codeOf(answer(hubEnd))]);
  expect(codes).toEqual(['LINK_LOST', 'LINK_LOST']);
});

test('stdio: a first message larger than a handshake is cut off before room is made for it', async () => {
  const { hubEnd, boxEnd } = openBytes();
  const answered = codeOf(answer(hubEnd));
  boxEnd.outgoing.write(Uint8Array.of(0x01, 0x02, 0x00, 7));
  expect(await answered).toBe('FRAME_TOO_LARGE');
  expect(hubEnd.incoming.destroyed).toBe(true);
});

test('stdio: a box that prints without end and never begins is cut off', async () => {
  const [hubEnd, shell] = openPair();
  const answered = codeOf(answer(bothWays(hubEnd)));
  shell.write(Buffer.alloc(preambleBytesMax + 1, 'y'));
  expect(await answered).toBe('LINK_FOREIGN');
  expect(hubEnd.destroyed).toBe(true);
});

test('stdio: a program that ends without a link is quoted', async () => {
  const [hubEnd, shell] = openPair();
  const answered = answer(bothWays(hubEnd)).catch((error: unknown) => error);
  shell.end('sh: odally: not found\n');
  expect(await answered).toMatchObject({
    code: 'LINK_FOREIGN',
    message: 'What answers there says: sh: odally: not found',
  });
});

test('stdio: who begins a handshake and stops is given up after five seconds', async () => {
  const fake = new FakePorts();
  const { hubEnd, boxEnd } = openBytes();
  const answered = codeOf(
    answerOverStdio({
      bytes: hubEnd,
      keyPair: hub,
      timers: fake.timers,
      admits: () => true,
      patienceMs: 60_000,
    }),
  );
  boxEnd.outgoing.write(Uint8Array.of(0x60, 0x00));
  // The bytes are there once they were read.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  await fake.advance(4999);
  expect(hubEnd.incoming.destroyed).toBe(false);
  await fake.advance(1);
  expect(await answered).toBe('LINK_TIMEOUT');
  expect(hubEnd.incoming.destroyed).toBe(true);
});

test('stdio: a damaged byte ends that link and nothing else', async () => {
  const { hubEnd, boxEnd } = openBytes();
  const { near, far } = await link({ hubEnd, boxEnd });
  const seen = watchLink(far);
  watchLink(near);
  near.send(makeFrame(1, 10));
  await seen.until(() => seen.frames.length === 1);
  boxEnd.outgoing.write(Buffer.concat([Buffer.from([30, 0, 0]), Buffer.alloc(30, 1)]));
  await seen.until(() => seen.reasons.length === 1);
  expect(seen.frames).toHaveLength(1);
});

test('stdio: the largest length that no frame has ends the link before room is made', async () => {
  const { hubEnd, boxEnd } = openBytes();
  const { near, far } = await link({ hubEnd, boxEnd });
  const seen = watchLink(far);
  watchLink(near as Link);
  boxEnd.outgoing.write(Uint8Array.of(0xff, 0xff, 0xff));
  await seen.until(() => seen.reasons.length === 1);
  expect(seen.reasons[0]).toContain('FRAME_TOO_LARGE');
});

test('stdio: bytes that are rubbish or break before anybody listens end that link alone, at once', async () => {
  const open = () => bothWays(openPair()[0]);
  const [broken, foreign, closed] = [open(), open(), open()];
  // In one turn: what Noise is made of is still being loaded then.
  await settle();
  const outcomes = [codeOf(call(broken)), codeOf(call(foreign)), codeOf(answer(closed))];
  broken.incoming.destroy(new Error('read ECONNRESET'));
  foreign.incoming.emit('data', Buffer.from('GET / HTTP/1.1'));
  closed.incoming.destroy();
  expect(await Promise.all(outcomes)).toEqual(['LINK_LOST', 'FRAME_TOO_LARGE', 'LINK_LOST']);
});
