/*
 * The golden file as data: what was ever written on the wire, byte for byte.
 *
 * A line of version-1.txt is `frame KIND HEX` or `message KIND HEX`; lines are added, never changed.
 */
import { readFileSync } from 'node:fs';

/** One golden line. */
export interface GoldenLine {
  readonly sort: 'frame' | 'message';
  readonly kind: string;
  readonly bytes: Uint8Array;
}

/** Every line of protocol version 1. Errors: throws where a line is of neither sort. */
export function readGolden(): readonly GoldenLine[] {
  return readFileSync(new URL('version-1.txt', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [sort = '', kind = '', hex = ''] = line.split(' ');
      if (sort !== 'frame' && sort !== 'message') throw new Error(`a golden ${sort}?`);
      return { sort, kind, bytes: new Uint8Array(Buffer.from(hex, 'hex')) };
    });
}
