/*
 * The parent's hand on the relay: links are opened, shaped, cut and counted through it.
 *
 * Life cycle: `openRelay`, then `close`, which is safe to repeat.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LineCounts } from './line.ts';
import type { LinkShape, RelayAnswer, RelayQuestion } from './message.ts';

const script = fileURLToPath(new URL('relay-process.ts', import.meta.url));

/** Starts it; the seed decides what happens to every datagram. */
export function openRelay(seed: number): Relay {
  return new Relay(seed);
}

/** A relay that runs. */
export class Relay {
  readonly #child: ChildProcess;
  readonly #open = new Map<number, (answer: RelayAnswer) => void>();
  #nextId = 1;

  constructor(seed: number) {
    this.#child = fork(script, [String(seed)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child.on('message', (message) => {
      const answer = message as RelayAnswer;
      this.#open.get(answer.id)?.(answer);
      this.#open.delete(answer.id);
    });
    // Whoever still waits would wait for ever.
    this.#child.on('exit', () => {
      for (const settle of this.#open.values()) settle({ id: 0, error: 'the relay has ended' });
      this.#open.clear();
    });
  }

  /** Opens a clean link; resolves with the loopback port that its agent dials. */
  async openLink(name: string, hubPort: number): Promise<number> {
    const { port } = await this.#ask({ do: 'open', name, hubPort });
    if (port === undefined) throw new Error('the relay names a port');
    return port;
  }

  /** The hub listens there now. */
  async aim(hubPort: number): Promise<void> {
    await this.#ask({ do: 'aim', hubPort });
  }

  async shape(name: string, shape: LinkShape): Promise<void> {
    await this.#ask({ do: 'shape', name, shape });
  }

  async count(name: string): Promise<{ readonly up: LineCounts; readonly down: LineCounts }> {
    const { up, down } = await this.#ask({ do: 'count', name });
    if (up === undefined || down === undefined) throw new Error('the relay counts');
    return { up, down };
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #ask(question: RelayQuestion): Promise<RelayAnswer> {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#open.set(id, (answer) => {
        if (answer.error === undefined) resolve(answer);
        else reject(new Error(answer.error));
      });
      this.#child.send({ ...question, id }, (error) => {
        // null when it was sent, though the types say Error.
        if (error) reject(error);
      });
    });
  }
}
