/*
 * What the sections that hub and agent share are given: a home, its box, and whether its program runs here.
 *
 * Both rounds are such a context; nothing in it is optional, so that a test can’t get the real box by accident.
 */
import type { Ports } from '../../protocol/ports.ts';
import type { Box } from './box.ts';
import type { HomeWorld } from './home-checks.ts';

/** Files of a home that are looked at by name. Paths are absolute. */
export interface HomeFiles {
  readonly directory: string;
  readonly socket: string;
  readonly key: string;
  /** What the program writes while it runs in the background. */
  readonly log: string;
  /** Files by which a person says what the program does. */
  readonly settings: readonly string[];
  /** Folders that the program makes for itself. */
  readonly folders: readonly string[];
  readonly archive: string;
}

/** What they may ask and touch. */
export interface BoxContext extends HomeWorld {
  readonly box: Box;
  readonly ports: Ports;
  readonly files: HomeFiles;
  /** Does the program of this home run in this process? Then its limits are those that count. */
  readonly isLive: boolean;
  /** Descriptors that it may need at once. */
  readonly openFilesWanted: number;
}
