/*
 * What a target needs around it: a link in the hand, a store of one row, timers that never fire.
 */
import { createHash } from 'node:crypto';
import { invitePrefixes } from '../../protocol/invite.ts';
import type { Timers } from '../../protocol/ports.ts';
import type { Link, LinkHandlers } from '../../protocol/transports/link.ts';
import type { Kv, KvRow } from '../../store/kv.ts';

/** Turns of the microtask queue after which a target that answers at once has answered. */
const turnsToRest = 12;

/** Time that never passes. */
export const noTimers: Timers = { after: () => () => undefined };

/** A link whose other end is the caller: it brings frames and keeps what is said. */
export class HeldLink implements Link {
  readonly peerKey = 'ab'.repeat(32);
  readonly carrier = 'memory';
  readonly said: Uint8Array[] = [];
  arrivedBytes = 0;
  closedBecause: string | undefined;
  #handlers: LinkHandlers | undefined;

  open(handlers: LinkHandlers): void {
    this.#handlers = handlers;
  }

  send(bytes: Uint8Array): 'sent' {
    this.said.push(bytes);
    return 'sent';
  }

  close(reason: string): void {
    if (this.closedBecause !== undefined) return;
    this.closedBecause = reason;
    this.#handlers?.closed(reason);
  }

  bring(bytes: Uint8Array): void {
    this.arrivedBytes += bytes.length;
    if (this.closedBecause === undefined) this.#handlers?.frame(bytes);
  }

  end(): void {
    this.close('closed by peer');
  }

  /** Lets what was promised come about. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < turnsToRest; turn += 1) await Promise.resolve();
  }
}

/** A store in which every question finds this row. */
export function oneRow(row: KvRow): Kv {
  return {
    get: async () => row.value,
    range: async () => [row],
    snapshot: async () => ({ range: async () => [row], close: async () => undefined }),
    batch: async () => undefined,
    close: async () => undefined,
  };
}

/** A pairing code that holds any bytes, with the right checksum: slips are found by it, malice not. */
export function encodeCode(payload: Uint8Array): string {
  const checksum = createHash('sha256').update(payload).digest().subarray(0, 4);
  return invitePrefixes.worker + Buffer.concat([payload, checksum]).toString('base64url');
}
