/*
 * What leaves in one turn leaves together: rows are put here one by one and go out in few frames.
 *
 * It owns rows that the sender has let go and the link has not been given yet, for the rest of the
 * turn at most. A row is told as sent only once it was handed to the link.
 */
import { planDataFrames } from './data-frames.ts';
import type { Frame } from './frames.ts';
import type { OutboxRow, SenderEffect } from './machines/sender.ts';
import { Turn } from './turn.ts';

type SendEffect = Extract<SenderEffect, { do: 'send' }>;

/** Where rows go, and who is told of those that never left before. */
export interface OutgoingParts {
  readonly send: (frame: Frame) => void;
  readonly sent: (row: OutboxRow) => void;
}

/** Life cycle: `put` in a turn, flushed at its end; `flush` before the link changes. */
export class Outgoing {
  /** What the peer said that it takes in a frame. */
  peerTakes: 'one' | 'many' = 'one';
  readonly #parts: OutgoingParts;
  readonly #turn = new Turn<SendEffect>((effects) => this.#send(effects));

  constructor(parts: OutgoingParts) {
    this.#parts = parts;
  }

  put(effect: SendEffect): void {
    this.#turn.add([effect]);
  }

  flush(): void {
    this.#turn.flush();
  }

  #send(effects: readonly SendEffect[]): void {
    const rows = effects.map(({ row }) => row);
    for (const frame of planDataFrames(rows, this.peerTakes)) this.#parts.send(frame);
    for (const { row, isFirst } of effects) if (isFirst) this.#parts.sent(row);
  }
}
