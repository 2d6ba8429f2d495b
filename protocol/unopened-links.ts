/*
 * Links of a peer that came and never opened: how many of them are too many, on either end.
 *
 * Sessions keep the newest; the doctors of hub and agent both look at them. Pure.
 */
import { unopenedKept, unopenedMax, unopenedWithinMs } from './limits.ts';
import type { UnopenedLink } from './session-host.ts';

/** Ends of links that another one of the peer was there for. */
const spareEnds: ReadonlySet<string> = new Set(['replaced', 'overtaken']);

/** Those and one more, if it was not ended for another link; the last few are kept. */
export function keepUnopened(
  links: readonly UnopenedLink[],
  one: UnopenedLink,
): readonly UnopenedLink[] {
  return spareEnds.has(one.reason) ? links : [...links, one].slice(-unopenedKept);
}

/** Why those of late did not open, the newest last. `nowMs`: monotonic. */
export function listUnopened(links: readonly UnopenedLink[], nowMs: number): readonly string[] {
  return links.filter(({ at }) => at > nowMs - unopenedWithinMs).map(({ reason }) => reason);
}

/** What is seen and wanted where they are too many; undefined where they are not. `links`: whose they are, in words. */
export function findTooManyUnopened(
  links: string,
  reasons: readonly string[],
): { readonly seen: string; readonly wanted: string } | undefined {
  if (reasons.length <= unopenedMax) return undefined;
  const minutes = Math.round(unopenedWithinMs / 60_000);
  return {
    seen: `${reasons.length} links ${links} came and never opened in the last ${minutes} minutes, the last for ${reasons.at(-1)}.`,
    wanted: `At most ${unopenedMax}.`,
  };
}
