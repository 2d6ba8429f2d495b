/*
 * LevelDB's log files as they lie on the disk: every record that is whole, and every place where one is not.
 *
 * LevelDB itself passes over damage in silence. Here each gap is told, and what follows it in the same block is still
 * looked for. A record of one damaged byte is mended. Zeros up to the end are room that was never written over
 * (`level-room.ts`), and no gap. Pure. Source: LevelDB, doc/log_format.md.
 */
import { crc32c, mendByte, unmask } from './checksum.ts';

const blockBytes = 32_768;
const headerBytes = 7;

/** One whole record. */
export interface LogRecord {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly isMended: boolean;
}

/** Bytes that are no whole record. `tail`: nothing whole follows them. */
export interface LogGap {
  readonly at: number;
  readonly bytes: number;
  readonly kind: 'middle' | 'tail';
}

/** What a log holds. */
export interface LogContent {
  readonly records: readonly LogRecord[];
  readonly gaps: readonly LogGap[];
  /** Does LevelDB refuse a MANIFEST like this? One that was torn at its end it takes as far as it goes. */
  readonly isRefused: boolean;
}

interface Piece {
  readonly at: number;
  readonly end: number;
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly isMended: boolean;
}

/** Reads a log, or a MANIFEST, which has the same form. */
export function readLevelLog(file: Uint8Array): LogContent {
  const records: LogRecord[] = [];
  const holes: { at: number; end: number }[] = [];
  let open: Piece[] = [];
  let isRefused = false;
  const drop = () => {
    for (const { at, end } of open) holes.push({ at, end });
    open = [];
  };
  const room = findRoom(file);
  for (let block = 0; block < room; block += blockBytes) {
    const end = Math.min(file.length, block + blockBytes);
    for (let at = block; at + headerBytes <= end && at < room; ) {
      const piece = readPiece(file, at, end);
      if (piece === undefined) {
        // Its length may be right, so what follows it is looked for; a checksum tells whether it is something.
        const length = readLength(file, at);
        const stop = isBlank(file, at)
          ? findBegin(file, at, end)
          : Math.min(end, at + headerBytes + length);
        isRefused ||= !isTorn(file, at) && (open.length > 0 || !isUnwritten(file, at));
        holes.push({ at, end: stop });
        drop();
        at = stop;
        continue;
      }
      at = piece.end;
      const begins = piece.type === 1 || piece.type === 2;
      isRefused ||= begins === open.length > 0;
      if (begins) drop();
      if (!begins && open.length === 0) {
        holes.push({ at: piece.at, end: piece.end });
        continue;
      }
      open.push(piece);
      if (piece.type === 1 || piece.type === 4) {
        records.push(join(open));
        open = [];
      }
    }
  }
  drop();
  const last = records.at(-1)?.at ?? -1;
  return { records, gaps: joinHoles(holes, last), isRefused };
}

/** Does the record at this place claim more than the file has, as one does that was being written? */
function isTorn(file: Uint8Array, at: number): boolean {
  const isLastBlock =
    file.length % blockBytes !== 0 && at >= file.length - (file.length % blockBytes);
  return isLastBlock && at + headerBytes + readLength(file, at) > file.length;
}

/** Such a place LevelDB takes for one that was never written, and skips without a word. */
function isUnwritten(file: Uint8Array, at: number): boolean {
  return readLength(file, at) === 0 && file[at + 6] === 0;
}

/** Where the zeros begin that go on to the end. A record may end with some of them, and never is nothing else. */
function findRoom(file: Uint8Array): number {
  let at = file.length;
  while (at > 0 && file[at - 1] === 0) at -= 1;
  return at;
}

function isBlank(file: Uint8Array, at: number): boolean {
  return file.subarray(at, at + headerBytes).every((byte) => byte === 0);
}

/** Where the next record begins behind zeros, which may be its own first bytes too; else the end of the block. */
function findBegin(file: Uint8Array, from: number, end: number): number {
  let zerosEnd = from;
  while (zerosEnd < end && file[zerosEnd] === 0) zerosEnd += 1;
  for (let at = Math.max(from + 1, zerosEnd - headerBytes + 1); at <= zerosEnd; at += 1) {
    const piece = at + headerBytes > end ? undefined : readPiece(file, at, end);
    if (piece !== undefined && !piece.isMended) return at;
  }
  return Math.max(zerosEnd, from + 1);
}

function readLength(file: Uint8Array, at: number): number {
  return (file[at + 4] ?? 0) + (file[at + 5] ?? 0) * 256;
}

function join(pieces: readonly Piece[]): LogRecord {
  return {
    at: pieces[0]?.at ?? 0,
    bytes: Buffer.concat(pieces.map(({ bytes }) => bytes)),
    isMended: pieces.some(({ isMended }) => isMended),
  };
}

function readPiece(file: Uint8Array, at: number, end: number): Piece | undefined {
  const view = new DataView(file.buffer, file.byteOffset + at);
  const length = view.getUint16(4, true);
  const type = view.getUint8(6);
  const stop = at + headerBytes + length;
  if (stop > end) return undefined;
  // The type is a part of what is summed.
  const summed = file.subarray(at + 6, stop);
  const wanted = unmask(view.getUint32(0, true));
  const isSound = crc32c(summed) === wanted;
  const whole = isSound ? summed : mendByte(summed, wanted);
  const kind = whole?.[0] ?? 0;
  if (whole === undefined || kind < 1 || kind > 4) return undefined;
  if (type !== kind && isSound) return undefined;
  return { at, end: stop, type: kind, bytes: whole.subarray(1), isMended: !isSound };
}

function joinHoles(
  holes: readonly { readonly at: number; readonly end: number }[],
  last: number,
): readonly LogGap[] {
  const gaps: LogGap[] = [];
  for (const { at, end } of holes.toSorted((a, b) => a.at - b.at)) {
    const before = gaps.at(-1);
    const isNext = before !== undefined && before.at + before.bytes >= at;
    if (isNext) gaps[gaps.length - 1] = { ...before, bytes: end - before.at };
    else gaps.push({ at, bytes: end - at, kind: at > last ? 'tail' : 'middle' });
  }
  return gaps;
}
