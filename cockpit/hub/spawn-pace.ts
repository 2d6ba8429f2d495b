/*
 * How often the boxes of a provider are looked at, and how long making one may take. Pure.
 *
 * A provider that has gone from the config while it has boxes is still looked at now and then.
 */
import { hostMsMax, upMsDefault } from '../fleet/spawn/limits.ts';
import type { Provider } from '../fleet/spawn/provider.ts';
import type { SpawnPace } from '../manager/spawn-state.ts';

/** The pace of a provider; undefined is one that has gone. */
export function paceOf(provider: Provider | undefined): SpawnPace {
  const {
    look: lookMs = 60_000,
    watch: watchMs = 600_000,
    settle: settleMs = 60_000,
  } = provider ?? {};
  return { lookMs, watchMs, settleMs, makeMs: makeMsOf(provider) };
}

/** A home is made here at once; what takes a host asks one at a time. */
function makeMsOf(provider: Provider | undefined): number {
  if (provider === undefined) return upMsDefault;
  if (provider.kind === 'local') return 0;
  return provider.kind === 'ssh' ? hostMsMax : provider.up.timeout;
}
