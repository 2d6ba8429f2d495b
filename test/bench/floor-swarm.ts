/*
 * The bare floor that has the protocol's shape: two processes, an encrypted hyperdht stream, and two
 * group commits a side, with nothing above them.
 *
 * This process writes a job down and sends it; the far one writes that it has it, then that it is
 * done, and answers; this one writes the outcome down. No identity, no numbers, no dedupe, no
 * journal, no checks. `close` ends the far side and both stores; it is safe to repeat.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EncryptedStream } from 'hyperdht';
import { Packr } from 'msgpackr';
import { loadSwarmPackages, openNode } from '../../protocol/transports/dht-node.ts';
import { openHomes } from '../kit/homes.ts';
import { startScript } from '../kit/processes.ts';
import type { Floor } from './floor.ts';
import type { FloorMessage } from './peers/floor-message.ts';
import { GroupStore } from './peers/group-store.ts';

const workerFile = fileURLToPath(new URL('peers/floor-worker.ts', import.meta.url));
const host = '127.0.0.1';

/** About as long as a job that is sent when `true` is dispatched. */
const text = 'x'.repeat(160);

/** Starts the far side and connects. */
export async function openSwarmFloor(): Promise<Floor> {
  const homes = openHomes();
  const args = [join(homes.root, 'far')];
  const worker = startScript({ file: workerFile, args, env: {}, timeoutMs: 2 ** 30 });
  await worker.until(/port/);
  const { port, key } = JSON.parse(worker.stdout) as { port: number; key: string };
  const store = new GroupStore(join(homes.root, 'near'));
  await store.open();
  const packages = await loadSwarmPackages();
  const place = { address: { host, port: 0 }, rendezvous: [], reach: 'open' } as const;
  const node = await openNode(packages, place);
  const relayAddresses = [{ host, port }];
  const stream = node.connect(Buffer.from(key, 'hex'), { relayAddresses, localConnection: false });
  stream.on('error', () => undefined);
  await once(stream, 'open');
  return {
    echo: planJob(stream, store),
    async [Symbol.asyncDispose]() {
      stream.destroy();
      await node.destroy({ force: true });
      await store.close();
      await worker.close();
      await homes.close();
    },
  };
}

function planJob(stream: EncryptedStream, store: GroupStore): () => Promise<void> {
  const packr = new Packr({ useRecords: false });
  const waiting = new Map<number, (outcome: FloorMessage) => void>();
  let id = 0;
  stream.on('data', (bytes: Buffer) => {
    const outcome = packr.unpack(bytes) as FloorMessage;
    waiting.get(outcome.id)?.(outcome);
    waiting.delete(outcome.id);
  });
  return async () => {
    id += 1;
    const own = id;
    const job = packr.pack({ id: own, text });
    await store.put(`job ${own}`, job);
    const outcome = await new Promise<FloorMessage>((resolve) => {
      waiting.set(own, resolve);
      stream.write(job);
    });
    await store.put(`job ${own}`, packr.pack({ id: own, text, outcome: outcome.text }));
  };
}
