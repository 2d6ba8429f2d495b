/*
 * What the serving side of a control conversation sends: values in turn, no faster than the link takes.
 *
 * It owns the order in which answers and items leave. While the link is `full` nothing further is made
 * ready, so a reader that is slow or far away holds its own answers up and not our memory.
 * Invariant: at most one value is between being made JSON and being sent.
 */
import type { Link } from './transports/link.ts';

/** Life cycle: lives with its link; the link's owner passes on `drain` and `closed`. */
export class ControlOutlet {
  readonly #link: Link;
  #turns: Promise<void> = Promise.resolve();
  #isFull = false;
  #wake: () => void = () => undefined;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Sends at once; for what is small, and for who has the turn. */
  send(bytes: Uint8Array): void {
    if (this.#link.send(bytes) === 'full') this.#isFull = true;
  }

  /** Runs when all that came before has run and the link has room. Rejects as `run` does. */
  inTurn(run: () => Promise<void>): Promise<void> {
    const ran = this.#turns.then(() => this.awaitRoom()).then(run);
    this.#turns = ran.catch(() => undefined);
    return ran;
  }

  /** Resolves when the link takes more, or takes nothing any more. One waits at a time: who has the turn. */
  async awaitRoom(): Promise<void> {
    while (this.#isFull) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  drained(): void {
    this.#isFull = false;
    this.#wake();
  }

  ended(): void {
    this.drained();
  }
}
