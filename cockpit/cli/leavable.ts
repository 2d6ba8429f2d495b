/*
 * Logs that are followed over restarts of the hub, by one stream after the other, until their end or until who
 * asked leaves.
 *
 * Errors: HUB_UNREACHABLE with the words that go on.
 */
import { AppError } from '../../protocol/errors.ts';
import type { HubStream } from '../hub/client.ts';
import { isHubLost } from './steady-hub.ts';

/** Makes this stream the one that is cancelled, and resolves with its answer. */
export type Await = (stream: HubStream) => Promise<unknown>;

/** Runs it; `done` resolves with its answer, or once it was cancelled. */
export function startLeavable(
  run: (awaits: Await) => Promise<unknown>,
): Pick<HubStream, 'done' | 'cancel'> {
  let stream: HubStream | undefined;
  let leave: () => void = () => undefined;
  const left = new Promise<undefined>((resolve) => {
    leave = () => resolve(undefined);
  });
  const awaits: Await = (begun) => {
    stream = begun;
    return begun.done;
  };
  return {
    done: Promise.race([run(awaits), left]),
    cancel() {
      leave();
      stream?.cancel();
    },
  };
}

/** What is told where the hub was lost for good; any other failure stays as it is. `rest`: what asks for the rest. */
export function nameRest(thrown: unknown, what: string, rest: string): unknown {
  if (!isHubLost(thrown)) return thrown;
  const words = `The connection to the hub ended; ${what} goes on. Later: wally logs -f ${rest}`;
  return new AppError('HUB_UNREACHABLE', words, { cause: thrown });
}
