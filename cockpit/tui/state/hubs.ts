/*
 * Looking into one hub after the other, or into all of them as one. Pure.
 *
 * Another hub is another world: rows, cards, logs and the way one came are left behind. What was chosen,
 * marked and narrowed in the lists of a hub is kept for when one comes back, and put back when its rows
 * are there. What the M2 typed, and how the screen looks, goes along.
 */
import type { HubNews } from '../../verbs/shapes.ts';
import { ask, still, type Update } from './effects.ts';
import { openState, type State, withList } from './model.ts';
import { tell } from './toast.ts';

/** What can be looked into, and what is. */
export interface HubsView {
  /** In order; empty where there is only the home's own hub, which needs no name. */
  readonly names: readonly string[];
  readonly at: number;
  /** How each is reached, while all are looked into as one. */
  readonly news: readonly HubNews[];
  /** The lists of hubs as they were left. */
  readonly left: Readonly<Record<string, State['lists']>>;
}

/** At start the first is looked into. */
export function openHubsView(names: readonly string[]): HubsView {
  return { names, at: 0, news: [], left: {} };
}

/** The name of the hub that is looked into; undefined where it needs none. */
export function hubName({ hubs }: State): string | undefined {
  return hubs.names[hubs.at];
}

/** Looks into another hub. */
export function lookInto(state: State, at: number): Update {
  const name = state.hubs.names[at];
  if (name === undefined || at === state.hubs.at) return still(state);
  const { pastLines, pastDispatches, hasWindow, focus, isZoomed, nextId, board } = state;
  const fresh: State = {
    ...openState(state),
    ...{ pastLines, pastDispatches, hasWindow, focus, isZoomed, nextId, board },
    link: { type: 'coming', name },
    hubs: { ...state.hubs, at, news: [], left: keepLists(state) },
  };
  return ask(fresh, { type: 'look-into', at });
}

/** The connection to the hub that was chosen is there. */
export function arrive(state: State, name: string): Update {
  return tell({ ...state, link: { type: 'live' } }, `this is ${name}`);
}

/** Puts back what was chosen in a list, when its rows are there for the first time. */
export function restoreLists(before: State, update: Update): Update {
  const left = before.hubs.left[hubName(before) ?? ''];
  if (left === undefined) return update;
  const restored = kinds
    .filter(([, has]) => !before[has] && update.state[has])
    .reduce((state, [id]) => withList(state, id, left[id]), update.state);
  return { ...update, state: restored };
}

const kinds = [
  ['team', 'hasTeam'],
  ['jobs', 'hasJobs'],
  ['inbox', 'hasInbox'],
] as const;

/** A list whose rows never came is kept as it was left before. */
function keepLists(state: State): HubsView['left'] {
  const { left } = state.hubs;
  const name = hubName(state) ?? '';
  const known = left[name] ?? state.lists;
  const lists = Object.fromEntries(
    kinds.map(([id, has]) => [id, state[has] ? state.lists[id] : known[id]]),
  );
  return { ...left, [name]: { ...state.lists, ...lists } };
}
