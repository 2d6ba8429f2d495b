/*
 * A view that is asked again only when something that it looked at has changed. Pure.
 *
 * A log that streams changes the state thirty times a second, and most of the screen does not look at
 * it. Which fields of the state a view read is seen, not declared, so that no view can forget one.
 * The state is immutable: a field that is the same has the same in it.
 */
import type { State } from '../state/model.ts';

/** A view of the state in a place or a width. */
type View<Place, Picture> = (state: State, place: Place) => Picture;

/** The same view; the same picture as long as the fields it read and the place stay the same. */
export function rememberView<Place, Picture>(view: View<Place, Picture>): View<Place, Picture> {
  let last: Memory<Place, Picture> | undefined;
  return (state, place) => {
    if (last !== undefined && isSamePlace(last.place, place) && isSame(last.fields, state)) {
      return last.picture;
    }
    const fields = new Map<keyof State, unknown>();
    const picture = view(watchFields(state, fields), place);
    last = { fields, place, picture };
    return picture;
  };
}

interface Memory<Place, Picture> {
  readonly fields: ReadonlyMap<keyof State, unknown>;
  readonly place: Place;
  readonly picture: Picture;
}

function isSame(fields: ReadonlyMap<keyof State, unknown>, state: State): boolean {
  for (const [field, value] of fields) if (state[field] !== value) return false;
  return true;
}

/** A width, or a rectangle of the same sides. */
function isSamePlace(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  return typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b);
}

/** The state as it is; every field that is read, also by a copy, is noted. */
function watchFields(state: State, fields: Map<keyof State, unknown>): State {
  return new Proxy(state, {
    get(target, field) {
      const value = target[field as keyof State];
      fields.set(field as keyof State, value);
      return value;
    },
  });
}
