/*
 * The keyboard for Ink without what the terminal says by itself.
 *
 * Ink reads when it is told that there is something, so whole chunks are looked at before it sees
 * them; a chunk that was all answer is passed over.
 */
import { dropReplies, noReply } from '../keys/terminal-replies.ts';

/** The stream with only what was typed in it. */
export function readTyped(stdin: NodeJS.ReadStream): NodeJS.ReadStream {
  let state = noReply;
  const read = (): unknown => {
    for (;;) {
      const chunk: unknown = stdin.read();
      if (typeof chunk !== 'string') return chunk;
      const next = dropReplies(state, chunk);
      state = next.state;
      if (next.typed !== '') return next.typed;
    }
  };
  return new Proxy(stdin, {
    get(target, key) {
      if (key === 'read') return read;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
