/*
 * One log followed to its end, over restarts of the hub too: every byte once, in order.
 *
 * Where the connection ends it is asked for again from the first byte that was not given, by its attempt; where
 * no attempt was named it is the job that is followed, so the attempts after that one come too.
 * Errors: HUB_UNREACHABLE with the words that go on, the verb's.
 */
import { AppError } from '../../protocol/errors.ts';
import type { HubStream } from '../hub/client.ts';
import type { LogItem } from '../verbs/shapes.ts';
import { type Await, nameRest, startLeavable } from './leavable.ts';
import { LogPlace } from './log-place.ts';
import type { SteadyHub } from './steady-hub.ts';

type Args = Readonly<Record<string, unknown>>;

/** Which log, how it is asked for, and who takes its items. */
export interface LogWish {
  readonly hub: SteadyHub;
  readonly args: Args;
  readonly take: (item: unknown) => Promise<void>;
}

/** Is one log followed as it was printed? Else it is followed by its lines. */
export function isPlainFollow(args: Args): boolean {
  const { job, follow, since: _since, attempt: _attempt, ...others } = args;
  const isPlain = Object.values(others).every((value) => value === undefined || value === false);
  return follow === true && [job].flat().length === 1 && isPlain;
}

/** Follows it; `done` resolves with the verb's answer, or once it was cancelled. */
export function followLog(wish: LogWish): Pick<HubStream, 'done' | 'cancel'> {
  return startLeavable((awaits) => new LogFollower(wish, awaits).run());
}

class LogFollower {
  readonly #wish: LogWish;
  readonly #awaits: Await;
  readonly #place = new LogPlace();
  #isResumed = false;

  constructor(wish: LogWish, awaits: Await) {
    this.#wish = wish;
    this.#awaits = awaits;
  }

  async run(): Promise<unknown> {
    const { args } = this.#wish;
    let answer = await this.#ask();
    while (this.#isResumed && !namesAttempt(args)) {
      this.#place.begin(nameNext(this.#place.attempt ?? ''));
      const more = await this.#ask().catch(keepUnknown);
      if (more === undefined) break;
      answer = more;
    }
    return answer;
  }

  async #ask(): Promise<unknown> {
    try {
      return await this.#wish.hub.ask((client) => {
        const stream = client.stream('logs', this.#plan(), (item) => {
          this.#place.take(item as LogItem);
          return this.#wish.take(item);
        });
        return this.#awaits(stream);
      });
    } catch (thrown) {
      const { attempt, next } = this.#place;
      const asked = String([this.#wish.args.job].flat()[0]);
      throw nameRest(thrown, asked, attempt === undefined ? asked : `${attempt} --since ${next}`);
    }
  }

  /** As it was asked, until something came; from there on what is left of that log. */
  #plan(): Args {
    const { args } = this.#wish;
    const { attempt, next } = this.#place;
    if (attempt === undefined) return args;
    this.#isResumed = true;
    this.#place.resume();
    return { follow: true, job: [attempt], since: next };
  }
}

function namesAttempt({ job, attempt }: Args): boolean {
  return attempt !== undefined || [job].flat().some((word) => /\.\d+$/.test(String(word)));
}

/** `J12.1` → `J12.2`, whatever stands before it. */
function nameNext(attempt: string): string {
  return attempt.replace(/\d+$/, (n) => String(Number(n) + 1));
}

/** There is no further attempt. */
function keepUnknown(thrown: unknown): undefined {
  if (thrown instanceof AppError && thrown.code === 'JOB_UNKNOWN') return undefined;
  throw thrown;
}
