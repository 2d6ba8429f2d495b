/*
 * When to tell the hub how busy this box is: with a ping that leaves anyway, every few seconds.
 *
 * Ephemeral: what is lost on the way is told again with a later ping. It measures only when it tells.
 */
import type { BoxLoad } from '../protocol/model.ts';
import type { LoadExchange } from '../protocol/session-host.ts';
import type { AgentParts } from './agent-parts.ts';
import { loadMs } from './limits.ts';

/** What it needs. `telling` is called each time, for what is looked at as often. */
export interface LoadTellerParts extends Pick<AgentParts, 'ports' | 'workshop' | 'disk'> {
  readonly telling: () => void;
}

/** Remembers when it told last. */
export class LoadTeller implements LoadExchange {
  readonly #parts: LoadTellerParts;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(parts: LoadTellerParts) {
    this.#parts = parts;
  }

  read(): BoxLoad | undefined {
    const { ports, workshop, disk, telling } = this.#parts;
    const nowMs = ports.clock.monotonicMs();
    if (nowMs - this.#toldAt < loadMs) return undefined;
    this.#toldAt = nowMs;
    telling();
    const freeBytes = disk.health.room?.freeBytes;
    const load = workshop.measure();
    return freeBytes === undefined ? load : { ...load, diskFreeBytes: roundDisk(freeBytes) };
  }

  told(): void {
    // How busy the hub's box is is no affair of a worker's.
  }
}

/** To 64 MiB, so that a log that grows is no news. */
function roundDisk(bytes: number): number {
  return Math.round(bytes / 2 ** 26) * 2 ** 26;
}
