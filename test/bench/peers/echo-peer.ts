/*
 * The far side of the floor: takes a message over TCP, writes it with one synced put, answers.
 *
 * Argument: the directory of its store. Prints the port that it listens on. One length before each
 * message, and no more protocol than that: no identity, no encryption, no retries, no dedupe.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Level } from 'level';
import { decodeMessages, encodeMessage, type FloorMessage } from './floor-message.ts';

const [, , directory = ''] = process.argv;
const store = new Level<string, string>(directory);
await store.open();

const server = createServer((socket) => {
  socket.setNoDelay(true);
  const take = async (message: FloorMessage) => {
    await store.put(`job ${message.id}`, message.text, { sync: true });
    socket.write(encodeMessage({ ...message, text: 'done' }));
  };
  socket.on('error', () => process.exit());
  decodeMessages(socket, (message) => void take(message));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
console.log(JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 }));
