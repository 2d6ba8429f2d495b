/*
 * Beginning a change of version on a box over ssh.
 *
 * The answer may be lost while the change goes on there. So the box is asked for its record then, and the ssh counts as
 * failed only where that has no such change for a minute.
 * Errors: those of `askOdally`.
 */
import { AppError, type ErrorCode } from '../../protocol/errors.ts';
import { sleep, type Timers } from '../../protocol/ports.ts';
import { upgradeAskMs, upgradeBegunAsksMax } from './limits.ts';
import { askOdally, type OdallyPlace } from './odally.ts';

/** What is begun. */
export interface UpgradeStart {
  /** The version's name, and the Node on the box that runs it. */
  readonly to: string;
  readonly node: string;
  readonly timers: Timers;
}

/** Begins it; resolves with when it began, by the box's clock: that is what tells it from others. */
export async function beginUpgrade(
  place: OdallyPlace,
  { to, node, timers }: UpgradeStart,
): Promise<number> {
  const before = await askOdally(place, recordWords);
  try {
    const words = `upgrade ${to} --background --json --runtime "${node}"`;
    return Number((await askOdally(place, words)).at);
  } catch (thrown) {
    if (!(thrown instanceof AppError) || !mayHaveRun.has(thrown.code)) throw thrown;
    for (let asks = 1; place.way.signal?.aborted !== true; asks += 1) {
      const now = await askOdally(place, recordWords).catch(() => undefined);
      if (now?.to === to && now.at !== before.at) return Number(now.at);
      // Its checks there take seconds: what has not begun yet may still begin.
      if (asks === upgradeBegunAsksMax) break;
      await sleep(timers, upgradeAskMs);
    }
    throw thrown;
  }
}

/** By these the command may have run there all the same. */
const mayHaveRun: ReadonlySet<ErrorCode> = new Set([
  'SSH_FAILED',
  'SSH_TIMEOUT',
  'SSH_UNREACHABLE',
]);

/** How does the last change stand there? */
const recordWords = 'upgrade --json';
