/*
 * What the M2 may want in a run, how often, and when.
 *
 * As with faults each seed draws its own mix before the run begins. Whom and what a wish is about is
 * drawn when it is made, from what the hub then answers, by a chance of its own: so leaving one wish
 * out changes no other.
 */
import type { Chance } from './chance.ts';

/** One thing that the M2 wants. */
export type Wish =
  | 'single'
  | 'group'
  | 'cancel'
  | 'cancel-new'
  | 'retry'
  | 'rename'
  | 'revoke'
  | 'wait'
  | 'follow'
  | 'watch'
  | 'look'
  | 'decide'
  | 'burst';

/** A wish and when it is made, milliseconds of the run. `id` names it for a replay: `w3`. */
export interface PlannedWish {
  readonly id: string;
  readonly at: number;
  readonly wish: Wish;
  readonly chance: Chance;
}

/** Wish → in how many seeds it is made, and how often there. */
const kinds: readonly {
  readonly wish: Wish;
  readonly isOn: number;
  readonly countMin: number;
  readonly countMax: number;
}[] = [
  { wish: 'single', isOn: 1, countMin: 2, countMax: 14 },
  { wish: 'group', isOn: 0.4, countMin: 1, countMax: 3 },
  { wish: 'cancel', isOn: 0.6, countMin: 1, countMax: 6 },
  { wish: 'cancel-new', isOn: 0.4, countMin: 1, countMax: 5 },
  { wish: 'retry', isOn: 0.5, countMin: 1, countMax: 6 },
  { wish: 'rename', isOn: 0.3, countMin: 1, countMax: 1 },
  { wish: 'revoke', isOn: 0.1, countMin: 1, countMax: 1 },
  { wish: 'wait', isOn: 0.4, countMin: 1, countMax: 3 },
  { wish: 'follow', isOn: 0.4, countMin: 1, countMax: 3 },
  { wish: 'watch', isOn: 0.25, countMin: 1, countMax: 2 },
  { wish: 'decide', isOn: 0.4, countMin: 1, countMax: 4 },
  { wish: 'look', isOn: 0.3, countMin: 1, countMax: 3 },
  { wish: 'burst', isOn: 0.01, countMin: 1, countMax: 1 },
];

/** What `--focus` may name of wishes. */
export const wishKinds: ReadonlySet<string> = new Set(kinds.map(({ wish }) => wish));

/** Draws what is wanted in a run of `lengthMs`; wishes in `focus` are made in every seed. */
export function drawWishes(
  chance: Chance,
  { lengthMs, focus }: { readonly lengthMs: number; readonly focus: ReadonlySet<string> },
): readonly PlannedWish[] {
  const wishes: PlannedWish[] = [];
  for (const { wish, isOn, countMin, countMax } of kinds) {
    if (!chance.happens(isOn) && !focus.has(wish)) continue;
    const count = chance.int(countMin, countMax);
    for (let n = 0; n < count; n += 1) {
      const id = `w${wishes.length + 1}`;
      wishes.push({ id, at: chance.between(100, lengthMs), wish, chance: chance.fork() });
    }
  }
  return wishes;
}
