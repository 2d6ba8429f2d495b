/*
 * Where the hub may be found, as this agent last heard it: from its invite, and from each hello since.
 *
 * The pairing is written anew when the hub says something else, so that an agent which was told of a move over one
 * way finds the hub by the others after its own restart too. A disk that does not take it costs only that.
 */
import { wrapError } from '../protocol/errors.ts';
import { isSameReach, type Reach } from '../protocol/reach.ts';
import type { Address } from '../protocol/transports/address.ts';
import { type AgentHome, type Pairing, savePairing } from './home.ts';

/** What the places are kept with. */
export interface HubPlacesParts {
  readonly home: AgentHome;
  readonly pairing: Pairing;
  /** Where it is dialled instead, by this box's config; none where that says nothing. */
  readonly pinned: readonly Address[];
  readonly pid: number;
  readonly noticed: (line: string) => void;
}

/** Where the hub is dialled: at the addresses of the config and nowhere else, where there are any. */
export function pinReach(told: Reach, pinned: readonly Address[]): Reach {
  return pinned.length === 0 ? told : { addresses: [...pinned], rendezvous: [] };
}

/** The places; `told` as often as the hub says them. */
export class HubPlaces {
  readonly #parts: HubPlacesParts;
  #reach: Reach;
  #saving: Promise<void> = Promise.resolve();

  constructor(parts: HubPlacesParts) {
    this.#parts = parts;
    this.#reach = parts.pairing;
  }

  /** Where it is dialled: by the config, else where the hub said last that it is. */
  get reach(): Reach {
    return pinReach(this.#reach, this.#parts.pinned);
  }

  /** The hub says where it is; resolves when that is on disk, or could not be. */
  told(reach: Reach): Promise<void> {
    // A hub that names no place at all is not told to be nowhere.
    const isEmpty = reach.addresses.length === 0 && reach.nodes === undefined;
    if (isEmpty || isSameReach(reach, this.#reach)) return this.#saving;
    this.#reach = reach;
    this.#saving = this.#saving.then(() => this.#save(reach));
    return this.#saving;
  }

  async #save(reach: Reach): Promise<void> {
    const { home, pairing, pid, noticed } = this.#parts;
    const { nodes: _nodes, relay: _relay, ...rest } = pairing;
    try {
      await savePairing(home, { ...rest, ...reach }, pid);
      noticed('the hub says that it is found at other places now');
    } catch (error) {
      noticed(`the new places of the hub were not saved: ${wrapError(error, 'STORE_IO').message}`);
    }
  }
}
