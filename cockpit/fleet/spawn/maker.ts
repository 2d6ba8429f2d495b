/*
 * The contract of what makes boxes: a provider at work.
 *
 * `up` and `down` may be asked for again after a crash; nothing is remembered between two calls but what the
 * provider itself has, so `list` is the truth. Every implementation passes test/conformance/maker.ts.
 * Errors: SPAWN_*, SSH_*, AGENT_*.
 */
import type { PeerKey } from '../../../protocol/model.ts';
import type { FoundBox, MadeBox } from '../../manager/spawn-box.ts';
import type { Provider } from './provider.ts';

/** A box to make. */
export interface BoxOrder {
  readonly name: string;
  readonly tag: string;
  /** Wall instant of the order: with the tag it names this try, and no other. */
  readonly madeAt: number;
  readonly ttlMs?: number;
  /** Tags of all boxes of this hub that are not over. */
  readonly others: readonly string[];
}

/** A box that was made. */
export interface OwnBox extends MadeBox {
  readonly name: string;
  readonly tag: string;
}

/** What a list is read for: a provider that cannot see all of its boxes says less about those it cannot. */
export interface KnownBoxes {
  readonly boxes: readonly OwnBox[];
  /** Tags of boxes of which it is not known whether they were made. */
  readonly sought: readonly string[];
}

/** How an agent is got onto a box. */
export interface EnterOrder {
  readonly box: OwnBox;
  /** Makes the code that pairs it; asked for only where it is not paired. */
  readonly invite: () => Promise<string>;
  /** One step in words, as it begins. */
  readonly told: (step: string) => void;
}

/** A provider at work. */
export interface Maker {
  /** Makes it. What it is called and where it is, is learned from `list`. */
  up(order: BoxOrder): Promise<void>;
  /** All of our boxes that it has. */
  list(known: KnownBoxes): Promise<readonly FoundBox[]>;
  /** Lets it go. One that is gone already may fail: the list has the last word. */
  down(box: OwnBox): Promise<void>;
  /** Sees to it that an agent serves on it, and gives its key; one that does already is no failure. */
  enter(order: EnterOrder): Promise<PeerKey>;
  /** Takes the agent off again, where the box lives on; `names` are those that its worker has or had. */
  leave(box: OwnBox, names: readonly string[]): Promise<void>;
  /** What would be done for a box of this name, in words; nothing is. Errors: SPAWN_CONFIG. */
  describe(order: BoxOrder): readonly string[];
}

/** A provider with what carries it out. */
export interface Source {
  readonly provider: Provider;
  readonly maker: Maker;
}
