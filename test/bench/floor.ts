/*
 * The floor under a durable job: a msgpack echo over plain TCP between two processes, with one
 * synced LevelDB put on each side. Nothing that promises more can cost less.
 *
 * This process is the near side. `close` ends the far side and both stores; it is safe to repeat.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Level } from 'level';
import { openHomes } from '../kit/homes.ts';
import { startScript } from '../kit/processes.ts';
import { decodeMessages, encodeMessage } from './peers/floor-message.ts';

const peerFile = fileURLToPath(new URL('peers/echo-peer.ts', import.meta.url));

/** About as long as the job that is sent when `true` is dispatched. */
const text = 'x'.repeat(160);

/** Both sides, ready. */
export interface Floor extends AsyncDisposable {
  /** Write, send, have it written there, and hear of it. */
  echo(): Promise<void>;
}

/** Starts the far side and connects. */
export async function openFloor(): Promise<Floor> {
  const homes = openHomes();
  const args = [join(homes.root, 'far')];
  const peer = startScript({ file: peerFile, args, env: {}, timeoutMs: 2 ** 30 });
  await peer.until(/port/);
  const { port } = JSON.parse(peer.stdout) as { port: number };
  const store = new Level<string, string>(join(homes.root, 'near'));
  await store.open();
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  return {
    echo: planEcho(socket, store),
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await store.close();
      await peer.close();
      await homes.close();
    },
  };
}

function planEcho(socket: Socket, store: Level<string, string>): () => Promise<void> {
  const waiting = new Map<number, () => void>();
  let id = 0;
  decodeMessages(socket, (message) => {
    waiting.get(message.id)?.();
    waiting.delete(message.id);
  });
  return async () => {
    id += 1;
    const own = id;
    await store.put(`job ${own}`, text, { sync: true });
    await new Promise<void>((resolve) => {
      waiting.set(own, resolve);
      socket.write(encodeMessage({ id: own, text }));
    });
  };
}
