/*
 * The shapes of spawned boxes and of providers, as `--json` prints them.
 *
 * Like those of all verbs they are an outside contract: fields are added, never renamed.
 */
import type { SpawnState } from '../manager/spawn-state.ts';

/** One spawned box. */
export interface BoxRow {
  /** The name that it was made with, and that its worker got. */
  readonly name: string;
  readonly provider: string;
  readonly state: SpawnState['is'];
  /** What its worker is called now; null before there is one. */
  readonly worker: string | null;
  /** What its provider calls it, and where it is; null before that is known. */
  readonly id: string | null;
  readonly address: string | null;
  /** What its provider was told to call it. */
  readonly tag: string;
  /** Was it made for the warm pool, and has nobody asked for it yet? */
  readonly isPooled: boolean;
  readonly askedAt: string;
  readonly spawnedAt: string | null;
  readonly ttlMs: number | null;
  /** Until it is let go when it is idle; null where that was not said. */
  readonly ttlLeftMs: number | null;
  /** What is being done on it, or why it stands still; null where nothing is. */
  readonly note: string | null;
}

/** What `spawn --dry-run` and `release --dry-run` answer. */
export interface BoxPlan {
  readonly plan: readonly { readonly name: string; readonly steps: readonly string[] }[];
}

/** One row of `wally providers`. */
export interface ProviderRow {
  readonly name: string;
  readonly kind: 'command' | 'local' | 'ssh';
  /** Boxes that cost, or may: those in the making and on their way out included. */
  readonly boxes: number;
  readonly max: number;
  readonly warm: number;
  readonly pool: 'on' | 'asked' | 'off';
  readonly ttlMs: number | null;
  /** What its config still has to say; null where it says enough. */
  readonly missing: string | null;
}
