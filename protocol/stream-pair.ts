/*
 * The two streams with one store of a peer, as a session holds them: where sending and receiving stand.
 *
 * Another store is another pair; nothing of one is ever carried into the other.
 */
import { createReceiver, type ReceiverState } from './machines/receiver.ts';
import { createSender, type SenderState } from './machines/sender.ts';
import type { StreamMarks } from './session-host.ts';

/** The pair. `peerStore` is null before the first hello. */
export interface StreamPair {
  readonly peerStore: string | null;
  sender: SenderState;
  receiver: ReceiverState;
}

/** The pair as our disk has it. */
export function openStreamPair(peerStore: string | null, marks: StreamMarks): StreamPair {
  return {
    peerStore,
    sender: createSender(marks.acked, marks.queued, marks.reach),
    receiver: createReceiver(marks.received),
  };
}
