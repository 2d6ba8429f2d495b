/*
 * What wakes a sending loop: it runs once at a time, and once more where it was woken meanwhile.
 * What fails is handed on, and the next wake starts it again; without a link nothing is started.
 */

/** What is run. */
export interface PumpParts {
  /** Is there a link to send on? Without one a wake waits for the next. */
  readonly isOpen: () => boolean;
  /** Sends what may be sent. */
  readonly run: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/** Life cycle: it holds nothing; `wake` as often as anything changes. */
export class Pump {
  readonly #parts: PumpParts;
  #isRunning = false;
  #isWoken = false;

  constructor(parts: PumpParts) {
    this.#parts = parts;
  }

  /** Safe to call at any time. */
  wake(): void {
    this.#isWoken = true;
    if (this.#isRunning || !this.#parts.isOpen()) return;
    this.#isRunning = true;
    this.#isWoken = false;
    this.#parts
      .run()
      .catch((error: unknown) => this.#parts.failed(error))
      .finally(() => {
        this.#isRunning = false;
        if (this.#isWoken) this.wake();
      });
  }
}
