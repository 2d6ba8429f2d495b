/*
 * The writer of msgpack for the values that we make: plain maps, lists, texts, numbers, byte arrays.
 *
 * Every row, message and frame passes here, and msgpackr makes a list of the keys of each map to leave
 * out what is undefined. This writes the same bytes without that (test/protocol/value-writer.test.ts);
 * what it does not know it leaves to msgpackr. Invariant: bytes that were kept are never written again;
 * bytes that were lent are good until the next value is lent.
 */

/** Blocks that kept values share: as msgpackr's, so that a small value holds on to little. */
const blockBytes = 8192;

/** A new block is begun where less is left: most values fit, and one that does not is moved. */
const spareBytesMin = 1024;

/** Lent values share one block, unless a larger one was needed: that takes its place, or is given back. */
const lendBytes = 64 * 1024;

/** Largest block that is kept for lent values: a frame of log fits, and would else make its own each time. */
const lendBytesMax = 1024 * 1024;

interface Block {
  readonly bytes: Buffer;
  readonly view: DataView;
}

let keeping = openBlock(blockBytes);
let keptThrough = 0;
let lending = openBlock(lendBytes);

// What is being written. Apart, and not one object: a load less for each byte.
let block = keeping;
let { bytes, view } = block;
let start = 0;
let at = 0;

/** The bytes of a value, which are its own; undefined where it holds what is not written here. */
export function writeKept(value: unknown): Uint8Array | undefined {
  if (keeping.bytes.length - keptThrough < spareBytesMin) {
    keeping = openBlock(blockBytes);
    keptThrough = 0;
  }
  begin(keeping, keptThrough);
  if (!write(value)) return undefined;
  // One that was moved into a larger block has it for itself.
  if (block === keeping) keptThrough = at;
  return new Uint8Array(bytes.buffer, start, at - start);
}

/** The same for who copies at once. */
export function writeLent(value: unknown): Uint8Array | undefined {
  begin(lending, 0);
  const isWritten = write(value);
  if (bytes.length <= lendBytesMax) lending = block;
  return isWritten ? new Uint8Array(bytes.buffer, 0, at) : undefined;
}

function openBlock(size: number): Block {
  // Of its own: a slice of Node's pool would be a view into what others hold.
  const own = Buffer.allocUnsafeSlow(size);
  return { bytes: own, view: new DataView(own.buffer) };
}

function begin(into: Block, from: number): void {
  enter(into);
  start = from;
  at = from;
}

function enter(into: Block): void {
  block = into;
  bytes = into.bytes;
  view = into.view;
}

/** Makes room for so many more bytes. */
function reserve(count: number): void {
  if (at + count <= bytes.length) return;
  const larger = openBlock(Math.max(blockBytes, 2 * (at - start + count)));
  bytes.copy(larger.bytes, 0, start, at);
  enter(larger);
  at -= start;
  start = 0;
}

/** False where there is something that only msgpackr writes. */
function write(value: unknown): boolean {
  reserve(9);
  switch (typeof value) {
    case 'string':
      writeText(value);
      return true;
    case 'number':
      writeNumber(value);
      return true;
    case 'boolean':
      put(value ? 0xc3 : 0xc2);
      return true;
    case 'undefined':
      put(0xc0);
      return true;
    case 'object':
      return value === null ? writeNil() : writeObject(value);
    default:
      return false;
  }
}

function writeNil(): true {
  put(0xc0);
  return true;
}

function writeObject(value: object): boolean {
  if (Array.isArray(value)) return writeList(value);
  if (value instanceof Uint8Array) return writeBytes(value);
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype && writeMap(value as Readonly<Record<string, unknown>>);
}

function writeMap(value: Readonly<Record<string, unknown>>): boolean {
  // Counted as it is written; the head of nearly every map is one byte.
  const head = at - start;
  at += 1;
  let count = 0;
  for (const name in value) {
    const field = value[name];
    if (field === undefined) continue;
    count += 1;
    writeText(name);
    if (!write(field)) return false;
  }
  if (count < 0x10) bytes[start + head] = 0x80 | count;
  else widenHead(head, count);
  return true;
}

/** A map of many fields: what follows its head makes room for a larger one. */
function widenHead(head: number, count: number): void {
  const more = count < 0x10000 ? 2 : 4;
  reserve(more);
  const from = start + head;
  bytes.copyWithin(from + 1 + more, from + 1, at);
  const end = at + more;
  at = from;
  writeSize(count, 0xde);
  at = end;
}

function writeList(values: readonly unknown[]): boolean {
  if (values.length < 0x10) put(0x90 | values.length);
  else writeSize(values.length, 0xdc);
  for (const value of values) if (!write(value)) return false;
  return true;
}

function writeBytes(value: Uint8Array): true {
  const count = value.length;
  reserve(5 + count);
  if (count < 0x100) put(0xc4, count);
  else writeSize(count, 0xc5);
  bytes.set(value, at);
  at += count;
  return true;
}

function writeNumber(value: number): void {
  if (value >>> 0 === value) return writeNatural(value);
  if (value >> 0 === value) return writeNegative(value);
  put(0xcb);
  view.setFloat64(at, value);
  at += 8;
}

function writeNatural(value: number): void {
  if (value < 0x80) return put(value);
  if (value < 0x100) return put(0xcc, value);
  writeSize(value, 0xcd);
}

function writeNegative(value: number): void {
  if (value >= -0x20) return put(0x100 + value);
  if (value >= -0x80) return put(0xd0, 0x100 + value);
  put(value >= -0x8000 ? 0xd1 : 0xd2);
  if (value >= -0x8000) view.setInt16(at, value);
  else view.setInt32(at, value);
  at += value >= -0x8000 ? 2 : 4;
}

/** A head of two bytes of size, or with the next type of four. */
function writeSize(size: number, type: number): void {
  if (size < 0x10000) {
    view.setUint8(at, type);
    view.setUint16(at + 1, size);
    at += 3;
  } else {
    view.setUint8(at, type + 1);
    view.setUint32(at + 1, size);
    at += 5;
  }
}

function put(first: number, second?: number): void {
  bytes[at] = first;
  at += 1;
  if (second === undefined) return;
  bytes[at] = second;
  at += 1;
}

/** Letters up to which a loop is faster than a call. */
const lettersLooped = 0x40;

function writeText(text: string): void {
  const { length } = text;
  reserve(5 + 3 * length);
  const headBytes = length < 0x20 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
  const from = at + headBytes;
  const isShort = length < lettersLooped;
  const count = isShort ? loopText(text, from) : bytes.write(text, from, 'utf8');
  const needed = count < 0x20 ? 1 : count < 0x100 ? 2 : count < 0x10000 ? 3 : 5;
  // Letters of more than a byte made it longer than was thought.
  if (needed > headBytes) bytes.copyWithin(at + needed, from, from + count);
  writeTextHead(count, headBytes);
  at += count;
}

/** As large as was left room for, or as is needed if that is more. */
function writeTextHead(count: number, headBytes: number): void {
  if (count < 0x20 && headBytes === 1) put(0xa0 | count);
  else if (count < 0x100) put(0xd9, count);
  else writeSize(count, 0xda);
}

/** Half of a pair alone becomes three bytes, as it does in msgpackr, which reads it back. */
function loopText(text: string, from: number): number {
  const into = bytes;
  let to = from;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      into[to] = unit;
      to += 1;
      continue;
    }
    const code = text.codePointAt(index) ?? unit;
    if (code > 0xffff) index += 1;
    to = putCode(code, to);
  }
  return to - from;
}

function putCode(code: number, from: number): number {
  let to = from;
  if (code < 0x800) {
    bytes[to] = 0xc0 | (code >> 6);
  } else {
    if (code < 0x10000) {
      bytes[to] = 0xe0 | (code >> 12);
    } else {
      bytes[to] = 0xf0 | (code >> 18);
      to += 1;
      bytes[to] = 0x80 | ((code >> 12) & 0x3f);
    }
    to += 1;
    bytes[to] = 0x80 | ((code >> 6) & 0x3f);
  }
  bytes[to + 1] = 0x80 | (code & 0x3f);
  return to + 2;
}
