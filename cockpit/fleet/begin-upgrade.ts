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
import { askOdally, askUpgrade, type OdallyPlace } from './odally.ts';

/** What is begun. */
export interface UpgradeStart {
  /** The version's name, and the Node on the box that runs it. */
  readonly to: string;
  readonly node: string;
  readonly timers: Timers;
}

/** Begins it; resolves with when it began, by the box's clock: that is what tells it from others. */
export async function beginUpgrade(place: OdallyPlace, start: UpgradeStart): Promise<number> {
  const before = await askUpgrade(place);
  try {
    const words = `upgrade ${start.to} --background --json --runtime "${start.node}"`;
    return Number((await askOdally(place, words)).at);
  } catch (thrown) {
    const isLost = thrown instanceof AppError && mayHaveRun.has(thrown.code);
    const at = isLost ? await findBegun(place, start, before.at) : undefined;
    if (at === undefined) throw thrown;
    return at;
  }
}

/** By these the command may have run there all the same. */
const mayHaveRun: ReadonlySet<ErrorCode> = new Set([
  'SSH_FAILED',
  'SSH_TIMEOUT',
  'SSH_UNREACHABLE',
]);

/** When a change that is not the one before began there. Its checks take seconds, so it may still begin. */
async function findBegun(
  place: OdallyPlace,
  { to, timers }: UpgradeStart,
  before: unknown,
): Promise<number | undefined> {
  for (let asks = 0; asks < upgradeBegunAsksMax && place.way.signal?.aborted !== true; asks += 1) {
    if (asks > 0) await sleep(timers, upgradeAskMs);
    const now = await askUpgrade(place).catch(() => undefined);
    if (now?.to === to && now.at !== before) return Number(now.at);
  }
  return undefined;
}
