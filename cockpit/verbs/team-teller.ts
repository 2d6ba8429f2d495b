/*
 * What one follower is told of the team: all of it, or the rows that look otherwise than it was told.
 *
 * Of five thousand workers a few change in a moment, and to say all each time is a megabyte. Ages are no
 * change, for whoever shows one counts on by itself. Workers that come, go or have another place are told
 * with all. Invariant: what was told, applied in order, is the team.
 */
import type { TeamRow, WatchItem } from './shapes.ts';

type TeamItem = Extract<WatchItem, { type: 'team' | 'team-changed' }>;

/** Remembers what was told. */
export class TeamTeller {
  readonly #tells: 'all' | 'changes';
  /** Each row as a text, by its worker's key, in order. */
  #told: ReadonlyMap<string, string> = new Map();

  constructor(tells: 'all' | 'changes') {
    this.#tells = tells;
  }

  /** All of it. */
  tellAll(team: readonly TeamRow[]): TeamItem {
    if (this.#tells === 'changes') this.#told = describe(team);
    return { type: 'team', team };
  }

  /** What there is to say now. Nothing changed is something to say as well: that is so at this moment. */
  tell(team: readonly TeamRow[]): TeamItem {
    if (this.#tells === 'all') return { type: 'team', team };
    const before = this.#told;
    const now = describe(team);
    this.#told = now;
    const order = [...before.keys()];
    const isSame = order.length === team.length && team.every(({ key }, at) => key === order[at]);
    if (!isSame) return { type: 'team', team };
    const changed = team.filter(({ key }) => before.get(key) !== now.get(key));
    return { type: 'team-changed', team: changed };
  }
}

function describe(team: readonly TeamRow[]): ReadonlyMap<string, string> {
  return new Map(team.map(({ lastSeenMs: _age, ...row }) => [row.key, JSON.stringify(row)]));
}
