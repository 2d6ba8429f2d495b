/*
 * The unix-socket transport: the link contract, who may bind and connect, and peers that misbehave.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { frameBytesMax } from '../../../protocol/limits.ts';
import type { Link, Listener } from '../../../protocol/transports/link.ts';
import { dialUnix, listenUnix } from '../../../protocol/transports/unix.ts';
import { makeFrame, testTransport, watchLink } from '../../conformance/transport.ts';

let root: string;
let door: { readonly listener: Listener; readonly path: string } | undefined;
let arrivals: ((link: Link) => void)[] = [];
let pathCount = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wally-unix-'));
});

afterEach(async () => {
  await door?.listener.close();
  door = undefined;
});

afterAll(() => rm(root, { recursive: true }));

function makePath(): string {
  pathCount += 1;
  return join(root, `home-${pathCount}`, 'hub.sock');
}

async function openDoor(): Promise<string> {
  const path = makePath();
  arrivals = [];
  const listener = await listenUnix(path, (link) => arrivals.shift()?.(link));
  door = { listener, path };
  return path;
}

function nextArrival(): Promise<Link> {
  return new Promise((resolve) => arrivals.push(resolve));
}

testTransport('unix', async () => {
  const path = await openDoor();
  const arrival = nextArrival();
  const near = await dialUnix(path);
  return { near, far: await arrival };
});

async function connectRaw(path: string): Promise<Socket> {
  const socket = createConnection(path);
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}

function frameHeader(length: number): Uint8Array {
  const header = new Uint8Array(4);
  new DataView(header.buffer).setUint32(0, length);
  return header;
}

test('unix door: the socket is for its owner alone, and so is the directory made for it', async () => {
  const path = await openDoor();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
});

test('unix door: a peer that announces too much loses its link and nobody else does', async () => {
  const path = await openDoor();
  const arrival = nextArrival();
  const raw = await connectRaw(path);
  const bad = watchLink(await arrival);
  const other = nextArrival();
  const near = watchLink(await dialUnix(path));
  const good = await other;
  raw.write(Buffer.concat([frameHeader(2), Buffer.from('ok'), frameHeader(frameBytesMax + 1)]));
  await bad.until(() => bad.reasons.length === 1);
  expect(bad.reasons).toEqual(['FRAME_TOO_LARGE']);
  expect(bad.frames).toEqual([new Uint8Array(Buffer.from('ok'))]);
  watchLink(good);
  good.send(makeFrame(1, 4));
  await near.until(() => near.frames.length === 1);
  expect(near.reasons).toEqual([]);
});

test('unix door: an empty frame ends the link with a code', async () => {
  const path = await openDoor();
  const arrival = nextArrival();
  const raw = await connectRaw(path);
  const bad = watchLink(await arrival);
  raw.write(frameHeader(0));
  await bad.until(() => bad.reasons.length === 1);
  expect(bad.reasons).toEqual(['FRAME_INVALID']);
});

test('unix door: a peer that vanishes inside a frame ends the link without that frame', async () => {
  const path = await openDoor();
  const arrival = nextArrival();
  const raw = await connectRaw(path);
  const link = watchLink(await arrival);
  raw.end(Buffer.concat([frameHeader(100), Buffer.alloc(99)]));
  await link.until(() => link.reasons.length === 1);
  expect(link.frames).toEqual([]);
});

test('unix door: a peer that does not read keeps the sender full', async () => {
  const path = await openDoor();
  const arrival = nextArrival();
  const raw = await connectRaw(path);
  const link = await arrival;
  const sender = watchLink(link);
  while (link.send(makeFrame(0, 64 * 1024)) === 'sent');
  expect(sender.drains).toBe(0);
  raw.resume();
  await sender.until(() => sender.drains === 1);
  raw.destroy();
});

test('unix door: closing it ends the links that came through it and removes the socket', async () => {
  const path = await openDoor();
  const arrival = nextArrival();
  const near = watchLink(await dialUnix(path));
  watchLink(await arrival);
  await door?.listener.close();
  await near.until(() => near.reasons.length === 1);
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  await door?.listener.close();
});

test('unix door: a peer that has said all and never reads holds up no closing', async () => {
  const path = await openDoor();
  const arrival = nextArrival();
  const raw = createConnection({ path, allowHalfOpen: true });
  await once(raw, 'connect');
  const link = await arrival;
  const seen = watchLink(link);
  while (link.send(makeFrame(0, 64 * 1024)) === 'sent');
  raw.end();
  await seen.until(() => seen.reasons.length === 1);
  await door?.listener.close();
  raw.destroy();
});

test('unix door: a second one at a live path is refused and harms nothing', async () => {
  const path = await openDoor();
  await expect(listenUnix(path, () => undefined)).rejects.toMatchObject({ code: 'HUB_RUNNING' });
  const arrival = nextArrival();
  const near = await dialUnix(path);
  expect((await arrival).carrier).toBe('unix');
  near.close('done');
});

test('unix door: a socket that a killed process left is replaced', async () => {
  const path = await openDoor();
  await door?.listener.close();
  const holder = spawnHolder(path);
  await once(holder.stdout as NodeJS.ReadableStream, 'data');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect((await stat(path)).isSocket()).toBe(true);
  await expect(dialUnix(path)).rejects.toMatchObject({ code: 'HUB_UNREACHABLE' });
  const listener = await listenUnix(path, (link) => link.close('hello'));
  const near = watchLink(await dialUnix(path));
  await near.until(() => near.reasons.length === 1);
  await listener.close();
});

function spawnHolder(path: string): ChildProcess {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

test('unix door: a file that is no socket is left alone', async () => {
  const path = join(root, 'precious.txt');
  await writeFile(path, 'mine');
  await expect(listenUnix(path, () => undefined)).rejects.toMatchObject({ code: 'SOCKET_PATH' });
  expect((await stat(path)).size).toBe(4);
});

test('unix door: a path too long for a socket is refused by name at both ends', async () => {
  const path = join(root, 'x'.repeat(100));
  await expect(listenUnix(path, () => undefined)).rejects.toMatchObject({ code: 'SOCKET_PATH' });
  await expect(dialUnix(path)).rejects.toMatchObject({ code: 'SOCKET_PATH' });
});

test('unix door: dialling where nothing is says that the hub is out of reach', async () => {
  await expect(dialUnix(makePath())).rejects.toMatchObject({ code: 'HUB_UNREACHABLE' });
});
