/*
 * A value that is made at its first use and kept: for facts that several askers share.
 *
 * It is for what lives as short as its askers; nothing is ever made anew.
 */

/** Makes it once, however often and by however many it is asked for. A failure is kept too. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
