/*
 * Making a bad frame out of a good one: each way in which bytes have broken decoders before.
 *
 * All chance is from the given draws, so that a seed gives the same bytes for ever. A mutant may
 * happen to be valid; that is no fault. Source: reliability facts, fuzz plan, items 3 and 5.
 */
import type { Chance } from '../sim/chance.ts';
import { mutantBytesMax } from './limits.ts';

type Mutator = (bytes: Uint8Array, chance: Chance, other: Uint8Array) => Uint8Array;

/** Heads that announce: arrays, maps, strings, bytes and extensions with length fields. */
const magic = [
  0xc0, 0xc1, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcf, 0xd0, 0xd3, 0xd4, 0xd5,
  0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0x80, 0x8f, 0x90, 0x9f, 0xbf, 0xff,
];

const lengths = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0xffffffff];

const mutators: readonly Mutator[] = [
  flipBits,
  flipBits,
  setMagic,
  truncate,
  splice,
  editLength,
  duplicatePiece,
  removePiece,
  insertBytes,
  repeatHead,
  boastCount,
  insertKey,
  editNumber,
];

/** Some bytes that are nearly `bytes`; `other` is a second frame to splice with. */
export function mutate(bytes: Uint8Array, other: Uint8Array, chance: Chance): Uint8Array {
  let mutant = bytes;
  // Mostly one fault: several at once are mostly refused for the first.
  const count = chance.happens(0.7) ? 1 : chance.int(2, 4);
  for (let step = 0; step < count; step += 1) {
    mutant = chance.pick(mutators)(mutant, chance, other).subarray(0, mutantBytesMax);
  }
  return mutant;
}

function flipBits(bytes: Uint8Array, chance: Chance): Uint8Array {
  const out = bytes.slice();
  for (let left = chance.int(1, 4); left > 0; left -= 1) {
    const at = chance.int(0, Math.max(0, out.length - 1));
    if (at < out.length) out[at] = (out[at] ?? 0) ^ (1 << chance.int(0, 7));
  }
  return out;
}

function setMagic(bytes: Uint8Array, chance: Chance): Uint8Array {
  const out = bytes.slice();
  if (out.length > 0) out[chance.int(0, out.length - 1)] = chance.pick(magic);
  return out;
}

function truncate(bytes: Uint8Array, chance: Chance): Uint8Array {
  return bytes.slice(0, chance.int(0, bytes.length));
}

function splice(bytes: Uint8Array, chance: Chance, other: Uint8Array): Uint8Array {
  const head = bytes.subarray(0, chance.int(0, bytes.length));
  return join(head, other.subarray(chance.int(0, other.length)));
}

/** A length field where there is one, else any four bytes. */
function editLength(bytes: Uint8Array, chance: Chance): Uint8Array {
  const out = bytes.slice();
  const heads: number[] = [];
  for (let at = 0; at < out.length; at += 1) if (widthOf(out[at] ?? 0) > 0) heads.push(at);
  const at = heads.length === 0 ? chance.int(0, out.length) : chance.pick(heads);
  const width = widthOf(out[at] ?? 0) || 4;
  const value = chance.pick(lengths);
  for (let byte = 0; byte < width && at + 1 + byte < out.length; byte += 1) {
    out[at + 1 + byte] = (value >>> (8 * (width - 1 - byte))) & 0xff;
  }
  return out;
}

function widthOf(type: number): number {
  if ([0xc4, 0xc7, 0xd9].includes(type)) return 1;
  if ([0xc5, 0xc8, 0xda, 0xdc, 0xde].includes(type)) return 2;
  return [0xc6, 0xc9, 0xdb, 0xdd, 0xdf].includes(type) ? 4 : 0;
}

function duplicatePiece(bytes: Uint8Array, chance: Chance): Uint8Array {
  const from = chance.int(0, bytes.length);
  const to = chance.int(from, Math.min(bytes.length, from + 64));
  return join(bytes.subarray(0, to), bytes.subarray(from));
}

function removePiece(bytes: Uint8Array, chance: Chance): Uint8Array {
  const from = chance.int(0, bytes.length);
  return join(bytes.subarray(0, from), bytes.subarray(from + chance.int(1, 16)));
}

function insertBytes(bytes: Uint8Array, chance: Chance): Uint8Array {
  const at = chance.int(0, bytes.length);
  const fresh = chance.bytes(chance.int(1, 12));
  return join(bytes.subarray(0, at), fresh, bytes.subarray(at));
}

/** Containers in containers: what once aborted processes of 512 MB. */
function repeatHead(bytes: Uint8Array, chance: Chance): Uint8Array {
  const at = chance.int(0, bytes.length);
  const head = chance.pick([[0x91], [0x81, 0xa0], [0xdc, 0xff, 0xff], [0xde, 0xff, 0xff], [0x9f]]);
  // Seldom the big ones, which cost a hundred times the rest.
  const count = chance.happens(0.02) ? chance.int(1000, 100_000) : chance.int(1, 200);
  const bomb = new Uint8Array(head.length * count);
  for (let byte = 0; byte < bomb.length; byte += 1) bomb[byte] = head[byte % head.length] ?? 0;
  return join(bytes.subarray(0, at), bomb, bytes.subarray(at));
}

/** A container or text that announces far more than comes. */
function boastCount(bytes: Uint8Array, chance: Chance): Uint8Array {
  const at = chance.int(0, bytes.length);
  const type = chance.pick([0xdd, 0xdf, 0xdb, 0xc6, 0xc9]);
  const boast = Uint8Array.of(type, ...[24, 16, 8, 0].map((by) => (0xffffffff >>> by) & 0xff));
  return join(bytes.subarray(0, at), boast, bytes.subarray(at + chance.int(0, 4)));
}

const keys = ['__proto__', 'constructor', 'prototype', 'toString', 't', 'length', 'kind', 'then'];

/** One more entry in the outermost map, under a name that objects know too. */
function insertKey(bytes: Uint8Array, chance: Chance): Uint8Array {
  const type = bytes[0] ?? 0;
  if (type < 0x80 || type > 0x8e) return setMagic(bytes, chance);
  const key = new TextEncoder().encode(chance.pick(keys));
  const value = chance.pick([[0xc0], [0x81, 0xa1, 0x61, 0x01], [0xa1, 0x78], [0x90]]);
  const entry = Uint8Array.of(0xa0 + key.length, ...key, ...value);
  const isFirst = chance.happens(0.5);
  const head = Uint8Array.of(type + 1);
  const rest = bytes.subarray(1);
  return isFirst ? join(head, entry, rest) : join(head, rest, entry);
}

/** A number, where one seems to be, becomes one that few expect: negative, huge, broken, not one. */
function editNumber(bytes: Uint8Array, chance: Chance): Uint8Array {
  const value = new Uint8Array(9);
  const view = new DataView(value.buffer);
  value[0] = chance.pick([0xcb, 0xcf, 0xd3]);
  if (value[0] === 0xcb) {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, -0, 2 ** 53, 1e308, 5e-324];
    view.setFloat64(1, chance.pick(odd));
  } else {
    view.setBigUint64(1, chance.pick([0n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]));
  }
  const at = chance.int(0, bytes.length);
  return join(bytes.subarray(0, at), value, bytes.subarray(at + chance.pick([1, 2, 5, 9])));
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
