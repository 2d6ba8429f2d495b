/*
 * The worker of the bare floor: takes a job from an encrypted hyperdht stream, writes that it has
 * it, does nothing, writes that it is done, and says so.
 *
 * Argument: its store's directory. Prints its port and key. One message a write; nothing is checked.
 */
import type { EncryptedStream, RawKeyPair } from 'hyperdht';
import { Packr } from 'msgpackr';
import { loadSwarmPackages, openNode } from '../../../protocol/transports/dht-node.ts';
import type { FloorMessage } from './floor-message.ts';
import { GroupStore } from './group-store.ts';

/** What our own types of hyperdht leave out, because the product listens through hyperswarm. */
interface ListeningNode {
  createServer(accept: (stream: EncryptedStream) => void): {
    listen(keyPair: RawKeyPair): Promise<void>;
  };
}

const packr = new Packr({ useRecords: false });
const store = new GroupStore(process.argv[2] ?? '');
await store.open();

const packages = await loadSwarmPackages();
const node = await openNode(packages, {
  address: { host: '127.0.0.1', port: 0 },
  rendezvous: [],
  reach: 'open',
});
const server = (node as unknown as ListeningNode).createServer((stream) => {
  stream.on('error', () => process.exit());
  stream.on('data', (bytes: Buffer) => void work(stream, packr.unpack(bytes) as FloorMessage));
});
const keyPair = packages.DHT.keyPair();
await server.listen(keyPair);
const key = Buffer.from(keyPair.publicKey).toString('hex');
console.log(JSON.stringify({ port: node.address().port, key }));

async function work(stream: EncryptedStream, { id, text }: FloorMessage): Promise<void> {
  await store.put(`attempt ${id}`, packr.pack({ id, text, state: 'accepted' }));
  const outcome = packr.pack({ id, text: 'succeeded' });
  await store.put(`outcome ${id}`, outcome);
  stream.write(outcome);
}
