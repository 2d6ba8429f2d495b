/*
 * The bytes of a log record on the disk.
 *
 * Header of 21 bytes, big-endian: stream (1), wall milliseconds (6), offset (6), length (4), CRC-32
 * of the 17 bytes before it and of the payload (4); then the payload. The checksum covers the
 * header because a torn file often ends in zeros, and 21 zeros would otherwise be a valid, empty
 * record. A record that does not check is where a log ends; it is never repaired or skipped.
 */
import { crc32 } from 'node:zlib';
import { logChunkBytesMax } from '../protocol/limits.ts';
import type { LogStream } from '../protocol/model.ts';
import { logPieceBytesMin } from './limits.ts';
import type { LogRecord } from './log.ts';
import { recordHeaderBytes } from './log-cap.ts';

const checkedHeaderBytes = recordHeaderBytes - 4;
const streams: readonly LogStream[] = ['stdout', 'stderr'];

/**
 * Records one after the other, ready to be written, as pieces of bytes. A large payload is a piece
 * itself and not copied; headers and small payloads are gathered.
 */
export function encodeRecords(records: readonly LogRecord[]): readonly Uint8Array[] {
  const gathered = records.reduce(
    (sum, { bytes }) => sum + recordHeaderBytes + (isPiece(bytes) ? 0 : bytes.length),
    0,
  );
  const out = Buffer.allocUnsafeSlow(gathered);
  const pieces: Uint8Array[] = [];
  let begin = 0;
  let at = 0;
  for (const record of records) {
    encodeHeader(out, at, record);
    at += recordHeaderBytes;
    if (isPiece(record.bytes)) {
      pieces.push(out.subarray(begin, at), record.bytes);
      begin = at;
    } else {
      out.set(record.bytes, at);
      at += record.bytes.length;
    }
  }
  if (begin < at) pieces.push(out.subarray(begin, at));
  return pieces;
}

function isPiece(bytes: Uint8Array): boolean {
  return bytes.length >= logPieceBytesMin;
}

function encodeHeader(out: Buffer, at: number, { stream, at: wallMs, offset, bytes }: LogRecord) {
  out.writeUInt8(streams.indexOf(stream), at);
  out.writeUIntBE(Math.trunc(wallMs), at + 1, 6);
  out.writeUIntBE(offset, at + 7, 6);
  out.writeUInt32BE(bytes.length, at + 13);
  const header = crc32(out.subarray(at, at + checkedHeaderBytes));
  out.writeUInt32BE(crc32(bytes, header), at + checkedHeaderBytes);
}

/** The record that begins at `at`, its bytes a view; undefined where it is not whole and sound. */
export function parseRecord(window: Buffer, at: number): LogRecord | undefined {
  if (window.length - at < recordHeaderBytes) return undefined;
  const stream = streams[window.readUInt8(at)];
  const length = window.readUInt32BE(at + 13);
  const begin = at + recordHeaderBytes;
  if (stream === undefined || length > logChunkBytesMax) return undefined;
  if (window.length - begin < length) return undefined;
  if (window.readUInt32BE(at + checkedHeaderBytes) !== checkRecord(window, at, length)) {
    return undefined;
  }
  const bytes = new Uint8Array(window.buffer, window.byteOffset + begin, length);
  return { stream, at: window.readUIntBE(at + 1, 6), offset: window.readUIntBE(at + 7, 6), bytes };
}

/** Bytes that a record takes on the disk. */
export function measureRecord(record: LogRecord): number {
  return recordHeaderBytes + record.bytes.length;
}

function checkRecord(buffer: Buffer, at: number, length: number): number {
  const begin = at + recordHeaderBytes;
  const header = crc32(buffer.subarray(at, at + checkedHeaderBytes));
  return crc32(buffer.subarray(begin, begin + length), header);
}
