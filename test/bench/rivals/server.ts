/*
 * A server of another system, on a loopback port of its own and in a directory of its own.
 *
 * It is ours from spawn to end: started with no service manager, waited for until it takes a
 * connection, ended by its pid, its directory removed. What it said last is in the failure.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that takes connections. */
export interface RunningServer extends AsyncDisposable {
  readonly port: number;
}

const startTriesMax = 200;
const startPauseMs = 50;
const endMsMax = 5000;

/** Servers that run; this process takes them along when it ends. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** A directory for one rival; whoever made it removes it. */
export function makeDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'wb-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A TCP port of loopback that nobody has now. */
export async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** Starts it and waits until it takes connections. Errors: throws with what it said. */
export async function startServer(
  program: string,
  args: readonly string[],
  port: number,
): Promise<RunningServer> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const hear = (text: Buffer) => {
    said = (said + text.toString()).slice(-2000);
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  children.add(child);
  const close = () => endChild(child);
  for (let tries = 0; tries < startTriesMax && child.exitCode === null; tries += 1) {
    if (await takesConnection(port)) return { port, [Symbol.asyncDispose]: close };
    await sleep(startPauseMs);
  }
  await close();
  throw new Error(`${program} does not listen on ${port}:\n${said}`);
}

/** Asks a child to end, and ends it if it does not. */
export async function endChild(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), endMsMax);
  await ended;
  clearTimeout(timer);
}

async function takesConnection(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
