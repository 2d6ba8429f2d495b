/*
 * The floor's messages on a TCP stream: four bytes of length, then msgpack.
 *
 * Nothing is checked: both ends are ours, and a floor must not do more than it has to.
 */
import type { Socket } from 'node:net';
import { Packr } from 'msgpackr';

/** One message of the floor. */
export interface FloorMessage {
  readonly id: number;
  readonly text: string;
}

const packr = new Packr({ useRecords: false });

/** A message with its length before it. */
export function encodeMessage(message: FloorMessage): Uint8Array {
  const body = packr.pack(message);
  const frame = Buffer.allocUnsafe(4 + body.length);
  frame.writeUInt32BE(body.length);
  body.copy(frame, 4);
  return frame;
}

/** Hands over every message that arrives. */
export function decodeMessages(socket: Socket, take: (message: FloorMessage) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE()) {
      const end = 4 + rest.readUInt32BE();
      take(packr.unpack(rest.subarray(4, end)) as FloorMessage);
      rest = rest.subarray(end);
    }
  });
}
