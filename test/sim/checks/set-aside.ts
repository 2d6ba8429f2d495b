/*
 * No message of a sound peer is set aside: nothing in these worlds throws at one, or dies of one.
 *
 * Processes are killed and disks fail with messages in every state of being handled, again and again. None of that is
 * the message's doing, so none may be taken for poison. What a rogue says is another matter.
 */
import type { Check } from './check.ts';

/** See the header. */
export const setAsideCheck: Check = {
  title: 'no message is set aside',
  judge({ history, world }) {
    const sound = world.boxes.filter(({ name }) => history.stains.get(name)?.has('rogue') !== true);
    const atHub = sound.flatMap(({ key, name }) =>
      world.hub.disk.listKeys(`q/${key}/`).map((row) => `the hub has one of ${name}: ${row}`),
    );
    const atBoxes = sound.flatMap(({ disk, name }) =>
      disk.listKeys('q/').map((row) => `${name} has one of the hub: ${row}`),
    );
    return [...atHub, ...atBoxes].map((message) => ({ message }));
  },
};
