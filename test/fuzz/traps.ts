/*
 * Bytes that have broken msgpack decoders before, and those that broke ours: kept for ever.
 *
 * The large ones are made here; what the fuzz target found is in known.txt, a line `HEX why`.
 * Source: msgpackr issues 34, 164, 183, 193, 200, CVE-2023-52079; reliability facts, item 5.
 */
import { readFileSync } from 'node:fs';

/** A trap by its name. */
export interface Trap {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Every trap. */
export function listTraps(): readonly Trap[] {
  return [
    { name: '72 KB of array16 heads', bytes: repeat([0xdc, 0xff, 0xff], 24_000) },
    { name: '200,000 arrays of one', bytes: repeat([0x91], 200_000) },
    { name: 'a megabyte of maps of one', bytes: repeat([0x81, 0xa0], 524_288) },
    {
      name: 'a megabyte of empty arrays',
      bytes: join([0xdd, 0, 0x0f, 0xff, 0xfb], repeat([0x90], 0xffffb)),
    },
    {
      name: 'a megabyte of nothing',
      bytes: join([0xdd, 0, 0x0f, 0xff, 0xfb], repeat([0xc0], 0xffffb)),
    },
    { name: 'array32 of 2^32-1', bytes: Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff) },
    { name: 'map32 of 2^32-1', bytes: Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff) },
    { name: 'bin32 of 2^32-1', bytes: Uint8Array.of(0xc6, 0xff, 0xff, 0xff, 0xff, 1) },
    { name: 'str32 of 2^32-1', bytes: Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61) },
    { name: 'ext 0x70, a reference to itself', bytes: Uint8Array.of(0xd6, 0x70, 0, 0, 0, 0) },
    { name: 'ext 0x72, a record', bytes: Uint8Array.of(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1) },
    { name: 'ext 0x62, bundled strings', bytes: Uint8Array.of(0xd6, 0x62, 0, 0, 0, 9, 0x90) },
    {
      name: 'ext 0x65, an Error',
      bytes: Uint8Array.of(0xd4, 0x65, 0, 0x93, 0xa1, 0x61, 0xa1, 0x62, 0xc0),
    },
    { name: 'ext 0x73, a Set', bytes: Uint8Array.of(0xd4, 0x73, 0, 0x91, 1) },
    { name: 'ext 0xff, a Date', bytes: Uint8Array.of(0xd6, 0xff, 0, 0, 0, 0) },
    { name: 'a key __proto__', bytes: mapOf('__proto__', [0x81, 0xa1, 0x61, 1]) },
    {
      name: 'a key constructor',
      bytes: mapOf('constructor', [0x81, 0xa9, ...letters('prototype'), 0x80]),
    },
    { name: 'a key that is a map', bytes: Uint8Array.of(0x81, 0x80, 1) },
    { name: 'a key that is bytes', bytes: Uint8Array.of(0x81, 0xc4, 1, 0xff, 1) },
    { name: 'a key twice', bytes: Uint8Array.of(0x82, 0xa1, 0x74, 1, 0xa1, 0x74, 2) },
    { name: 'letters that are no UTF-8', bytes: Uint8Array.of(0xa4, 0xff, 0xc0, 0x80, 0xed) },
    ...readKnown(),
  ];
}

function readKnown(): readonly Trap[] {
  const text = readFileSync(new URL('known.txt', import.meta.url), 'utf8').trimEnd();
  return text.split('\n').map((line) => {
    const [hex = '', ...why] = line.split(' ');
    return { name: why.join(' '), bytes: new Uint8Array(Buffer.from(hex, 'hex')) };
  });
}

function repeat(head: readonly number[], count: number): Uint8Array {
  return new Uint8Array(Buffer.concat(new Array<Buffer>(count).fill(Buffer.from(head))));
}

function mapOf(key: string, value: readonly number[]): Uint8Array {
  return Uint8Array.of(0x81, 0xa0 + key.length, ...letters(key), ...value);
}

function letters(text: string): readonly number[] {
  return [...new TextEncoder().encode(text)];
}

function join(head: readonly number[], rest: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(head), rest]));
}
