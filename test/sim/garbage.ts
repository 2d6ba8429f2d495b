/*
 * Frames that no sound program sends: bytes of no value, values of no schema, kinds out of place.
 *
 * None of them may be taken for anything, so an honest peer's box stays honest. They come as if the
 * peer had sent them: what a bug, another version or a taken-over box would send.
 */
import { encodeValue } from '../../protocol/codec.ts';
import { frameBytesMax } from '../../protocol/limits.ts';
import type { Chance } from './chance.ts';

/** What garbage calls a worker; no hub gives this name. */
export const garbageName = 'nobody';

/** One such frame. */
export function makeGarbage(chance: Chance): Uint8Array {
  const whole = encodeValue({ t: 'ack', received: 1, need: [2, 3, 5] });
  return chance.pick<() => Uint8Array>([
    () => chance.bytes(chance.int(0, 200)),
    () => whole.subarray(0, chance.int(0, whole.length - 1)),
    () => new Uint8Array(chance.int(1, 4000)).fill(0x91),
    () => new Uint8Array(frameBytesMax + 1),
    () => encodeValue(chance.pick([null, 7, 'hello', [], { t: 5 }, { kind: 'ping' }])),
    () => encodeValue({ t: 'wish', of: 'a newer version' }),
    () => encodeValue({ t: 'hello', protoMin: 900, protoMax: 901 }),
    () => encodeValue({ t: 'data', seq: 0, body: new Uint8Array(1) }),
    () => encodeValue({ t: 'data', seq: 2 ** 53, body: new Uint8Array(1) }),
    () => encodeValue({ t: 'data', seq: -1.5, body: 'text' }),
    () => encodeValue({ t: 'ack', received: -1, need: [] }),
    () => encodeValue({ t: 'log', attempt: 'J1.1', from: 5, records: [], next: 1 }),
    () => encodeValue({ t: 'paired', name: garbageName }),
    () => encodeValue({ t: 'pong', at: 1e9, queued: Number.MAX_SAFE_INTEGER }),
    () => encodeValue({ t: 'nak', code: 'FRAME_UNKNOWN', message: 'I do not know "data".' }),
  ])();
}
