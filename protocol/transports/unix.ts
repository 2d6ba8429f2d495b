/*
 * The unix-socket transport: hub and screens, hub and staff, on one box.
 *
 * Who may connect is decided by the file system alone: socket 0600, directory 0700 where we make
 * it; a link has no peer key. A socket file that nobody answers is a dead process's and is replaced.
 * Two starters may both find it dead, so the store's lock and not this file decides who is the hub.
 * A peer that breaks the framing loses its own link and nothing else. Source: unix(7), node:net.
 */
import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { AppError, wrapError } from '../errors.ts';
import { createFrameDecoder, encodeFrame } from '../framing.ts';
import { assertFrameSize, closedByPeer, Delivery } from './delivery.ts';
import { lingerMsMax, sendBytesMax, socketPathBytesMax, unixLinksMax } from './limits.ts';
import type { AcceptLink, Link, LinkHandlers, Listener } from './link.ts';

/**
 * Opens the door at `path`; closing it ends the links that came through it.
 * Errors: SOCKET_PATH, HUB_RUNNING when a live process answers there.
 */
export function listenUnix(path: string, accept: AcceptLink): Promise<Listener> {
  const links = new Set<Link>();
  return listen(path, {
    countMax: unixLinksMax,
    take(socket) {
      const link = new UnixLink(socket);
      links.add(link);
      socket.once('close', () => links.delete(link));
      accept(link);
    },
    endAll: () => {
      for (const link of links) link.close('door closed');
    },
  });
}

/**
 * Opens a door for bare bytes at `path`, to `countMax` at once; closing it cuts what came through it.
 * Errors: SOCKET_PATH, HUB_RUNNING when a live process answers there.
 */
export function listenUnixBytes(
  path: string,
  countMax: number,
  accept: (socket: Socket) => void,
): Promise<Listener> {
  const sockets = new Set<Socket>();
  return listen(path, {
    countMax,
    take(socket) {
      socket.on('error', () => undefined);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      accept(socket);
    },
    endAll: () => {
      for (const socket of sockets) socket.destroy();
    },
  });
}

interface DoorPlan {
  readonly countMax: number;
  take(socket: Socket): void;
  endAll(): void;
}

async function listen(path: string, { countMax, take, endAll }: DoorPlan): Promise<Listener> {
  checkPath(path);
  const server = createServer(take);
  server.maxConnections = countMax;
  await makeDirectory(path);
  if (!(await tryBind(server, path))) {
    await removeStale(path);
    if (!(await tryBind(server, path))) throw new AppError('HUB_RUNNING');
  }
  await restrict(path).catch(async (error: unknown) => {
    endAll();
    await closeServer(server);
    throw error;
  });
  // A connection that cannot be accepted (no file descriptors left) is refused; the door stays open.
  server.on('error', () => undefined);
  return {
    close: () => {
      endAll();
      return closeServer(server);
    },
  };
}

/** Connects to a door for bare bytes. Errors: SOCKET_PATH, HUB_UNREACHABLE when nobody answers. */
export function dialUnixBytes(path: string): Promise<Socket> {
  checkPath(path);
  return connect(path);
}

/** Connects to the door at `path`. Errors: SOCKET_PATH, HUB_UNREACHABLE when nobody answers. */
export async function dialUnix(path: string): Promise<Link> {
  return new UnixLink(await dialUnixBytes(path));
}

function checkPath(path: string): void {
  if (Buffer.byteLength(path) <= socketPathBytesMax) return;
  throw new AppError('SOCKET_PATH', `The socket path is over ${socketPathBytesMax} bytes: ${path}`);
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw wrapError(error, 'SOCKET_PATH');
  }
}

async function restrict(path: string): Promise<void> {
  try {
    await chmod(path, 0o600);
  } catch (error) {
    throw wrapError(error, 'SOCKET_PATH');
  }
}

/** Binds, or says false when something is already there. */
function tryBind(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    function onError(error: NodeJS.ErrnoException): void {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(wrapError(error, 'SOCKET_PATH'));
    }
    server.once('error', onError);
    server.listen(path, () => {
      server.off('error', onError);
      resolve(true);
    });
  });
}

async function removeStale(path: string): Promise<void> {
  if (await isUnixAnswered(path)) throw new AppError('HUB_RUNNING');
  try {
    // Never remove what is not a socket: it is somebody's file.
    if ((await lstat(path)).isSocket()) await unlink(path);
    else throw new AppError('SOCKET_PATH', `Something that is not a socket is at ${path}`);
  } catch (error) {
    if (!isMissing(error)) throw wrapError(error, 'SOCKET_PATH');
  }
}

/** Is a living process behind the socket at `path`? Also when it is too busy, or forbids us to ask. */
export async function isUnixAnswered(path: string): Promise<boolean> {
  try {
    (await connect(path)).destroy();
    return true;
  } catch (error) {
    // A full backlog or a forbidden socket is alive too; only these two say that nobody listens.
    const code =
      error instanceof AppError ? (error.cause as NodeJS.ErrnoException).code : undefined;
    return code !== 'ECONNREFUSED' && code !== 'ENOENT' && code !== 'ENOTSOCK';
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const onError = (error: Error): void => reject(wrapError(error, 'HUB_UNREACHABLE'));
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      resolve(socket);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The error of a server that is closed already says that there is nothing left to do.
    server.close(() => resolve());
  });
}

class UnixLink implements Link {
  readonly carrier = 'unix';
  readonly peerKey = '';
  readonly #socket: Socket;
  readonly #delivery = new Delivery();
  readonly #decoder = createFrameDecoder();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (error) => this.#delivery.end(error.message));
    socket.on('end', () => {
      this.#delivery.end(closedByPeer);
      this.#linger();
    });
    socket.on('close', () => this.#delivery.end(closedByPeer));
    socket.on('drain', () => this.#delivery.drain());
  }

  get arrivedBytes(): number {
    return this.#socket.bytesRead;
  }

  /** Reading starts here: until then the kernel holds what comes and slows the peer. */
  open(handlers: LinkHandlers): void {
    this.#delivery.open(handlers);
    this.#socket.on('data', (chunk) => this.#read(chunk));
  }

  send(bytes: Uint8Array): 'sent' | 'full' {
    assertFrameSize(bytes);
    if (this.#delivery.isEnded) return 'sent';
    const hasRoom = this.#socket.write(encodeFrame(bytes));
    if (this.#socket.writableLength > sendBytesMax) this.#fail('SEND_OVERFLOW');
    return hasRoom ? 'sent' : 'full';
  }

  close(reason: string): void {
    if (this.#delivery.isEnded) return;
    this.#delivery.close(reason);
    this.#linger();
    this.#socket.end();
    this.#socket.resume();
  }

  /** A peer that never reads must not keep the socket alive, whichever side ended the link. */
  #linger(): void {
    this.#socket.setTimeout(lingerMsMax, () => this.#socket.destroy());
  }

  #read(chunk: Uint8Array): void {
    if (this.#delivery.isEnded) return;
    const batch = this.#decoder.push(chunk);
    for (const frame of batch.frames) this.#delivery.frame(frame);
    if (batch.fault !== undefined) this.#fail(batch.fault);
  }

  #fail(reason: string): void {
    this.#delivery.end(reason);
    this.#socket.destroy();
  }
}
