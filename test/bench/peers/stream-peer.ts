/*
 * One side of a bare encrypted hyperdht stream: the same carrier as ours with nothing above it.
 *
 * `take BYTES` listens, prints its port and key, and answers with one byte when all has arrived.
 * `send BYTES PORT KEY` sends, waits for that byte and prints the milliseconds. No store, no
 * acknowledgements but the carrier's own.
 */
import { once } from 'node:events';
import type { EncryptedStream, RawKeyPair } from 'hyperdht';
import { loadSwarmPackages, openNode } from '../../../protocol/transports/dht-node.ts';

/** What our own types of hyperdht leave out, because the product listens through hyperswarm. */
interface ListeningNode {
  createServer(accept: (stream: EncryptedStream) => void): {
    listen(keyPair: RawKeyPair): Promise<void>;
  };
}

const host = '127.0.0.1';
const [, , role, size, port, key = ''] = process.argv;
const bytes = Number(size);
const packages = await loadSwarmPackages();
const place = { address: { host, port: 0 }, rendezvous: [], reach: 'open' } as const;
const node = await openNode(packages, place);

if (role === 'take') await take();
else await send();

async function take(): Promise<void> {
  const server = (node as unknown as ListeningNode).createServer((stream) => {
    let left = bytes;
    stream.on('error', () => process.exit());
    stream.on('data', (chunk: Uint8Array) => {
      left -= chunk.length;
      if (left <= 0) stream.write(Buffer.from([1]));
    });
  });
  const keyPair = packages.DHT.keyPair();
  await server.listen(keyPair);
  const publicKey = Buffer.from(keyPair.publicKey).toString('hex');
  console.log(JSON.stringify({ port: node.address().port, key: publicKey }));
}

async function send(): Promise<void> {
  const relayAddresses = [{ host, port: Number(port) }];
  const options = { relayAddresses, localConnection: false };
  const stream = node.connect(Buffer.from(key, 'hex'), options);
  await once(stream, 'open');
  const answer = once(stream, 'data');
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const start = performance.now();
  for (let left = bytes; left > 0; left -= chunk.length) {
    const hasRoom = stream.write(left < chunk.length ? chunk.subarray(0, left) : chunk);
    if (!hasRoom) await once(stream, 'drain');
  }
  await answer;
  console.log(JSON.stringify({ ms: performance.now() - start }));
  stream.destroy();
  await node.destroy({ force: true });
}
