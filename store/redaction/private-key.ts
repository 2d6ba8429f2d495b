/*
 * The body of a private key, from after its first line to the end of its last.
 *
 *   body ── five dashes ──▶ name ── dashes ──▶ over        any byte that has no place there: over
 *
 * A key may be broken over chunks, indented, or stand in one line with `\n` for its ends of lines. What
 * only mentions a first line loses no more than the words that follow on it. Source: RFC 7468, 1421, 9580.
 */
import { privateKeyBytesMax } from './limits.ts';
import { byteClass, type Swallow } from './pattern.ts';

const body = byteClass('A-Z', 'a-z', '0-9', '+/=', '\\', ' \t\r\n', ':,.()-');
const name = byteClass('A-Z', ' ');
const dash = 0x2d;

/** For one key. */
export function createKeySwallow(): Swallow {
  let left = privateKeyBytesMax;
  let where: 'body' | 'name' | 'last dashes' | 'over' = 'body';
  let dashes = 0;
  const step = (byte: number): boolean => {
    if (where === 'body') {
      dashes = byte === dash ? dashes + 1 : 0;
      if (dashes === 5) where = 'name';
      return body[byte] === 1;
    }
    if (where === 'name' && name[byte] === 1) return true;
    if (where === 'name') dashes = 0;
    where = 'last dashes';
    dashes += 1;
    return byte === dash && dashes <= 5;
  };
  return {
    take: (data, from) => {
      let at = from;
      while (at < data.length && where !== 'over') {
        if (left === 0 || !step(data[at] ?? 0)) where = 'over';
        else {
          left -= 1;
          at += 1;
        }
      }
      return at;
    },
  };
}
