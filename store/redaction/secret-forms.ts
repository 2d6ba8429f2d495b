/*
 * The forms in which a known value may stand in a log: as it is, URL-encoded, and in base64.
 *
 * Base64 depends on where in a longer text the value began, so each of its three cores is looked for,
 * without the letters at the ends that depend on the neighbours (they carry less than a byte of the
 * value). A long value is looked for in pieces and each longer line of it by itself, so that it is found
 * in indented and cut output too. Pure. Source: RFC 4648, RFC 3986.
 */
import { secretBytesMin } from '../../protocol/limits.ts';
import { secretLineBytesMin, secretPieceBytes } from './limits.ts';
import { byteClass, type Pattern } from './pattern.ts';

/** A value that must not be seen, and what it is called. */
export interface Secret {
  readonly name: string;
  readonly value: string;
}

const base64Letter = byteClass('A-Z', 'a-z', '0-9', '+/', '_', '-');

/** All patterns of these values; a value that is too short has none. */
export function listSecretPatterns(secrets: readonly Secret[]): readonly Pattern[] {
  if (secrets.length === 0) return [];
  const seen = new Set<string>();
  const patterns: Pattern[] = [];
  const add = (label: string, head: Uint8Array, parts: Pattern['parts']) => {
    const name = Buffer.from(head).toString('latin1');
    if (seen.has(name)) return;
    seen.add(name);
    patterns.push({ label, head, parts });
  };
  for (const { name, value } of secrets) {
    for (const piece of cutPieces(value)) {
      for (const form of listEscaped(piece)) add(name, form, []);
      for (const core of listBase64(piece)) {
        // The letter after it holds the last bits of the value.
        add(name, core, [{ of: base64Letter, min: 0, max: 1 }]);
      }
    }
  }
  return patterns;
}

/** The value in pieces, and its longer lines. */
function cutPieces(value: string): readonly Buffer[] {
  const bytes = Buffer.from(value);
  if (bytes.length < secretBytesMin) return [];
  const lines = value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== value && Buffer.byteLength(line) >= secretLineBytesMin);
  return [bytes, ...lines.map((line) => Buffer.from(line))].flatMap(cutLong);
}

function cutLong(bytes: Buffer): readonly Buffer[] {
  const count = Math.max(1, Math.floor(bytes.length / secretPieceBytes));
  // The last is the longer one, so that none is too short to be looked for.
  return Array.from({ length: count }, (_, at) =>
    bytes.subarray(
      at * secretPieceBytes,
      at === count - 1 ? undefined : (at + 1) * secretPieceBytes,
    ),
  );
}

function listEscaped(bytes: Buffer): readonly Uint8Array[] {
  const text = bytes.toString('latin1');
  const percent = (keep: RegExp, space: string) =>
    text.replaceAll(keep, (letter) =>
      letter === ' '
        ? space
        : `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
  const component = percent(/[^A-Za-z0-9_.!~*'()-]/g, '%20');
  const form = percent(/[^A-Za-z0-9_.*-]/g, '+');
  const lower = (escaped: string) =>
    escaped.replaceAll(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase());
  const json = JSON.stringify(bytes.toString()).slice(1, -1);
  return [
    bytes,
    Buffer.from(json),
    ...[component, form, lower(component), lower(form)].map((each) => Buffer.from(each, 'latin1')),
  ];
}

function listBase64(bytes: Buffer): readonly Uint8Array[] {
  return [0, 1, 2].flatMap((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    const from = Math.ceil((before * 8) / 6);
    const to = Math.floor((padded.length * 8) / 6);
    const core = padded.toString('base64').slice(from, to);
    const safe = core.replaceAll('+', '-').replaceAll('/', '_');
    return [Buffer.from(core), Buffer.from(safe)];
  });
}
