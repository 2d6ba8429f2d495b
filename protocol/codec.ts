/*
 * msgpack, the one encoding of frames, messages and stored rows; the only importer of msgpackr.
 *
 * Plain maps only (no records, no shared structures, no extension types), so that stored bytes can
 * be read by any instance for ever. Arriving bytes are scanned before they are decoded: msgpackr
 * would otherwise build Errors, Sets and Dates that a peer asked for, and recurse without bound.
 * Invariant: decodeValue(encodeValue(x)) equals x for JSON values and byte arrays.
 * Source: msgpack specification; traps in msgpackr 2.1.3 (issues 34, 164, 193, 200).
 */
import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from 'msgpackr';
import { AppError } from './errors.ts';
import { frameDepthMax } from './limits.ts';
import { writeKept, writeLent } from './value-writer.ts';

/** Elements in one decoded value, maps counting twice; a log chunk or an inventory needs far fewer. */
export const elementCountMax = 65_536;

const options = {
  useRecords: false,
  encodeUndefinedAsNil: true,
  moreTypes: false,
  structuredClone: false,
  skipValues: [undefined],
  int64AsType: 'number',
};
type PackrOptions = ConstructorParameters<typeof Packr>[0];
const packr = new Packr({ ...options, copyBuffers: true } as PackrOptions);
const lender = new Packr(options as PackrOptions);
const viewer = new Packr({ ...options, copyBuffers: false } as PackrOptions);

/** What msgpackr hands back with this mode: the whole of its buffer, and where in it the value is. */
interface ReusedBuffer extends Uint8Array {
  readonly start: number;
  readonly end: number;
}

/**
 * Encodes a JSON-like value that may hold byte arrays; fields that are undefined are left out. The
 * bytes are nobody else's: the writer goes on behind them in its block and never comes back.
 */
export function encodeValue(value: unknown): Uint8Array {
  const written = writeKept(value);
  if (written !== undefined) return written;
  const packed = packr.pack(value);
  return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
}

/**
 * The same for a taker that copies at once: the bytes are good until the next value is lent. Large
 * values go into one buffer again and again, where the packer above makes one of four times the size.
 */
export function lendEncoded(value: unknown): Uint8Array {
  const written = writeLent(value);
  if (written !== undefined) return written;
  const packed = lender.pack(
    value,
    REUSE_BUFFER_MODE + RESET_BUFFER_MODE,
  ) as unknown as ReusedBuffer;
  return new Uint8Array(packed.buffer, packed.byteOffset + packed.start, packed.end - packed.start);
}

/** Decodes exactly one value that fills `bytes`. Errors: FRAME_INVALID. */
export function decodeValue(bytes: Uint8Array): unknown {
  return decodeWith(packr, bytes);
}

/** The same, but byte arrays in the value are views of `bytes`, which it therefore owns from now on. */
export function decodeOwned(bytes: Uint8Array): unknown {
  return decodeWith(viewer, bytes);
}

function decodeWith(decoder: Packr, bytes: Uint8Array): unknown {
  scanValue(bytes);
  try {
    return decoder.unpack(bytes);
  } catch (error) {
    // The library's message quotes decoded content, so it is kept as a cause and not shown.
    throw new AppError('FRAME_INVALID', 'The bytes are not a msgpack value.', { cause: error });
  }
}

/** Refuses anything but one plain, shallow, complete value, without building it. */
function scanValue(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // What is still to come of each container that is open; its length is the depth.
  const open: number[] = [1];
  // One for the whole scan: a value has hundreds of heads, and all messages pass here.
  const head: Head = { next: 0, children: 0 };
  let at = 0;
  let elements = 0;
  for (let left = open.at(-1); left !== undefined; left = open.at(-1)) {
    if (left === 0) {
      open.pop();
      continue;
    }
    open[open.length - 1] = left - 1;
    elements += 1;
    if (elements > elementCountMax) refuse('too many elements');
    if (at >= bytes.length) refuse('cut short');
    readHead(view, at, head);
    at = head.next;
    if (at > bytes.length) refuse('cut short');
    if (head.children > 0) {
      if (open.length > frameDepthMax) refuse('nested too deep');
      open.push(head.children);
    }
  }
  if (at !== bytes.length) refuse('bytes left over');
}

/** Where the next item begins and how many items are inside this one. */
interface Head {
  next: number;
  children: number;
}

/** Reads one msgpack head into `head`. */
function readHead(view: DataView, at: number, head: Head): void {
  const type = view.getUint8(at);
  head.next = at + 1;
  head.children = 0;
  if (type <= 0x7f || type >= 0xe0) return;
  if (type <= 0x8f) head.children = (type & 0x0f) * 2;
  else if (type <= 0x9f) head.children = type & 0x0f;
  else if (type <= 0xbf) head.next += type & 0x1f;
  else if (fixedSizes[type] !== undefined) head.next += fixedSizes[type];
  else readSizedHead(view, type, head);
}

function readSizedHead(view: DataView, type: number, head: Head): void {
  const sized = sizedHeads[type];
  if (sized === undefined) return refuse(`type ${type.toString(16)} is not allowed`);
  if (head.next + sized.width > view.byteLength) return refuse('cut short');
  const size = readSize(view, head.next, sized.width);
  head.next += sized.width;
  if (sized.holds === 'bytes') head.next += size;
  else head.children = sized.holds === 'map' ? size * 2 : size;
}

/** Type byte → bytes after it, for nil, booleans, floats and integers. 0xc1 and extensions are absent. */
const fixedSizes: Readonly<Record<number, number>> = {
  192: 0,
  194: 0,
  195: 0,
  202: 4,
  203: 8,
  204: 1,
  205: 2,
  206: 4,
  207: 8,
  208: 1,
  209: 2,
  210: 4,
  211: 8,
};

interface SizedHead {
  readonly width: 1 | 2 | 4;
  readonly holds: 'bytes' | 'array' | 'map';
}

/** Type byte → width of its length field, for bin, str, array and map. */
const sizedHeads: Readonly<Record<number, SizedHead>> = {
  196: { width: 1, holds: 'bytes' },
  197: { width: 2, holds: 'bytes' },
  198: { width: 4, holds: 'bytes' },
  217: { width: 1, holds: 'bytes' },
  218: { width: 2, holds: 'bytes' },
  219: { width: 4, holds: 'bytes' },
  220: { width: 2, holds: 'array' },
  221: { width: 4, holds: 'array' },
  222: { width: 2, holds: 'map' },
  223: { width: 4, holds: 'map' },
};

function readSize(view: DataView, at: number, width: 1 | 2 | 4): number {
  if (width === 1) return view.getUint8(at);
  return width === 2 ? view.getUint16(at) : view.getUint32(at);
}

function refuse(why: string): never {
  throw new AppError('FRAME_INVALID', `A value was refused: ${why}.`);
}
