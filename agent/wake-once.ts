/*
 * Many wakes of one turn as one: what changed is looked at together, after all of it is there.
 *
 * It holds nothing but whether one is coming, and never wakes by itself.
 */

/** A function that runs `wake` once, in a moment, however often it is called until then. */
export function gatherWakes(wake: () => void): () => void {
  let isComing = false;
  return () => {
    if (isComing) return;
    isComing = true;
    queueMicrotask(() => {
      isComing = false;
      wake();
    });
  };
}
