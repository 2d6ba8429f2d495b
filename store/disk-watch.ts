/*
 * The loop that looks at the room on a home's file system, and keeps the ballast.
 *
 * Low is below the watermark; whoever takes new work asks `room`, which is memory, never the disk.
 * The ballast is made when there is plenty and given up when a write met a full disk. Invariant: what
 * it needs of the disk comes in through `DiskPort`, and a failure of the watch never ends anything.
 * Source: reliability facts R23.
 */
import type { CancelTimer, Ports } from '../protocol/ports.ts';
import type { RoomHealth } from './disk-guard.ts';
import { ballastAfterMs, diskFractionMax, diskLookMs, diskLowLookMs } from './limits.ts';

/** A file system, and the one file on it that is there to be given up. */
export interface DiskPort {
  /** Bytes that we may still write, and bytes in all. */
  measure(): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
  /** Size of the ballast; 0 where there is none. */
  findBallast(): Promise<number>;
  /** Makes it, really allocated, whole or not at all. */
  makeBallast(bytes: number): Promise<void>;
  dropBallast(): Promise<void>;
}

/** Sizes as configured; a small file system gets less. */
export interface DiskLimits {
  readonly watermarkBytes: number;
  readonly ballastBytes: number;
}

/** What the watch is made from. */
export interface DiskWatchOptions {
  readonly disk: DiskPort;
  readonly limits: DiskLimits;
  readonly ports: Pick<Ports, 'clock' | 'timers'>;
  readonly changed: () => void;
  readonly noticed: (line: string) => void;
}

/** Life cycle: `start`, `stop`; both safe to repeat. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #startedAt: number;
  #room: RoomHealth | null = null;
  #ballast: RoomHealth['ballast'] = 'none';
  /** Was it looked for? A store that cannot even be opened asks for it before the watch begins. */
  #isFound = false;
  #ballastBytes = 0;
  #looking: Promise<void> | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;
  #isBusy = false;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
    this.#startedAt = options.ports.clock.monotonicMs();
  }

  /** As of the last look; null before the first. */
  get room(): RoomHealth | null {
    return this.#room;
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    if (this.#cancelTimer !== undefined || this.#isStopped) return;
    await this.#findFirst();
    await this.look();
    this.#plan();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  /** Looks now; those who ask at once share one look. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /**
   * Is there more room than what is kept for outcomes? Looks at the disk only where it is low. Half
   * of the ballast may go for output, because work that ends must have its last words on the disk
   * before its outcome; the other half is the store's.
   */
  async hasLogRoom(): Promise<boolean> {
    if (this.#room?.isLow !== true) return true;
    await this.look();
    if (!this.#hasMoreThanHalf && this.#ballast === 'ready') await this.release();
    return this.#hasMoreThanHalf;
  }

  /** Is more free than half of a ballast? */
  get #hasMoreThanHalf(): boolean {
    return (this.#room?.freeBytes ?? 0) > this.#ballastBytes / 2;
  }

  /** The disk is full: gives the ballast up. Never rejects. */
  async release(): Promise<void> {
    await this.#findFirst();
    if (this.#ballast === 'ready') {
      this.#ballast = 'released';
      await this.#try('the ballast cannot be removed', () => this.#options.disk.dropBallast());
      this.#options.noticed('the disk is full; the ballast was given up for what must be written');
    }
    await this.look();
  }

  #plan(): void {
    if (this.#isStopped) return;
    const delayMs = this.#room?.isLow === true ? diskLowLookMs : diskLookMs;
    this.#cancelTimer = this.#options.ports.timers.after(delayMs, () => {
      void this.look()
        .then(() => this.#keepBallast())
        .then(() => this.#plan());
    });
  }

  async #look(): Promise<void> {
    const { disk, limits, changed } = this.#options;
    await this.#try('the disk cannot be measured', async () => {
      const { freeBytes, totalBytes } = await disk.measure();
      const cap = (bytes: number) => Math.min(bytes, Math.floor(totalBytes * diskFractionMax));
      this.#ballastBytes = cap(limits.ballastBytes);
      // What the ballast gave is for outcomes: new work must not be taken on its room.
      const given = this.#ballast === 'released' ? this.#ballastBytes : 0;
      const watermarkBytes = cap(limits.watermarkBytes) + given;
      const isLow = freeBytes < watermarkBytes;
      const before = this.#room;
      this.#room = { freeBytes, watermarkBytes, isLow, ballast: this.#ballast };
      if (before === null || before.isLow !== isLow) changed();
    });
  }

  /** Made anew only where there is plenty beyond it, or it would be given up and made in turns. */
  async #keepBallast(): Promise<void> {
    const { disk, ports, noticed } = this.#options;
    const isYoung = ports.clock.monotonicMs() - this.#startedAt < ballastAfterMs;
    const room = this.#room;
    if (this.#ballast === 'ready' || room === null || isYoung || this.#isBusy) return;
    const bytes = this.#ballastBytes;
    const wasReleased = this.#ballast === 'released';
    const spare = (wasReleased ? 1 : 2) * bytes;
    if (bytes === 0 || room.freeBytes < room.watermarkBytes + spare) return;
    this.#isBusy = true;
    await this.#try('the ballast cannot be made', async () => {
      await disk.makeBallast(bytes);
      this.#ballast = 'ready';
      if (wasReleased) noticed('the disk has room again; the ballast is back');
    });
    this.#isBusy = false;
    await this.look();
  }

  async #findFirst(): Promise<void> {
    if (this.#isFound) return;
    this.#isFound = true;
    if ((await this.#findBallast()) > 0) this.#ballast = 'ready';
  }

  async #findBallast(): Promise<number> {
    let bytes = 0;
    await this.#try('the ballast cannot be found', async () => {
      bytes = await this.#options.disk.findBallast();
    });
    return bytes;
  }

  async #try(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (thrown) {
      this.#options.noticed(`${what}: ${thrown instanceof Error ? thrown.message : thrown}`);
    }
  }
}
