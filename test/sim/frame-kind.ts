/*
 * A look into frames, for traces and for telling pings from the rest.
 *
 * The kind is read off the bytes without decoding, because it is asked for every frame; a frame
 * whose first field is not its kind is `other`. Describing one decodes it and is for traces only.
 */
import { decodeOwned } from '../../protocol/codec.ts';
import { decodeCommand, decodeFact } from '../../protocol/messages.ts';

/** `hello`, `data`, `ping`, … */
export function readFrameKind(bytes: Uint8Array): string {
  const start = bytes[0] === 0xde ? 3 : 1;
  // A string of one letter, `t`, and then a short string.
  if (bytes[start] !== 0xa1 || bytes[start + 1] !== 0x74) return 'other';
  const length = (bytes[start + 2] ?? 0) & 0x1f;
  const from = start + 3;
  for (const kind of kinds) if (kind.length === length && isText(bytes, from, kind)) return kind;
  const kind = Buffer.from(bytes.subarray(from, from + length)).toString('latin1');
  if (kinds.length < kindsMax) kinds.push(kind);
  return kind;
}

/** The kinds seen so far: to make the same few words anew for every frame is slow. */
const kinds: string[] = [];

/** More than there are; a kind that garbage made up is not worth more. */
const kindsMax = 64;

function isText(bytes: Uint8Array, from: number, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (bytes[from + at] !== text.charCodeAt(at)) return false;
  }
  return true;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * One frame under way, as all its observers see it: several ask for what it says, when it leaves and when
 * it comes, so it is read once, and only if somebody asks. Its bytes are nobody else's to change.
 */
export class Parcel {
  /** `garbage` where the bytes have no sense. */
  readonly kind: string;
  readonly bytes: Uint8Array;
  #fields: Fields | undefined;

  constructor(bytes: Uint8Array, kind: string = readFrameKind(bytes)) {
    this.kind = kind;
    this.bytes = bytes;
  }

  /** What it says, byte arrays as views of its bytes; nothing where it has no sense. */
  get fields(): Fields {
    this.#fields ??= readFrame(this.bytes);
    return this.#fields;
  }

  /** Is it the hello of a side for which the link is open? */
  get isOpenHello(): boolean {
    return this.kind === 'hello' && this.fields.isOpen === true;
  }
}

const noFields: Fields = {};

/** The fields of a frame or message, its byte arrays views of it; none for bytes of no sense. */
export function readFrame(bytes: Uint8Array): Fields {
  try {
    const value = decodeOwned(bytes);
    return typeof value === 'object' && value !== null ? (value as Fields) : noFields;
  } catch {
    return noFields;
  }
}

/** The messages of a `data` frame, with their numbers; none where it is no sound one. */
export function listMessages(
  frame: Fields,
): readonly { readonly seq: number; readonly body: Uint8Array }[] {
  const more = Array.isArray(frame.more) ? (frame.more as readonly unknown[]) : [];
  return [frame.body, ...more].flatMap((body, at) =>
    body instanceof Uint8Array ? [{ seq: Number(frame.seq) + at, body }] : [],
  );
}

/** One line for a trace. */
export function describeFrame(bytes: Uint8Array): string {
  const value = readFrame(bytes);
  if (value === noFields) return `${bytes.length} bytes of no sense`;
  const { t, body, more, reports, records, capabilities: _box, ...rest } = value;
  const parts = [String(t)];
  if (Object.keys(rest).length > 0) parts.push(JSON.stringify(rest));
  if (body instanceof Uint8Array) parts.push(describeMessage(body));
  for (const list of [more, reports]) {
    if (!Array.isArray(list)) continue;
    for (const next of list) if (next instanceof Uint8Array) parts.push(describeMessage(next));
  }
  if (Array.isArray(records)) parts.push(records.map(describeRecord).join(' '));
  return parts.join(' ');
}

/** One durable message. */
function describeMessage(bytes: Uint8Array): string {
  try {
    return describeSound(bytes);
  } catch {
    return `${bytes.length} bytes of no message`;
  }
}

function describeSound(bytes: Uint8Array): string {
  const { kind } = decodeOwned(bytes) as { readonly kind: string };
  if (kind === 'cancel') return `cancel ${decodeCommand(bytes).attempt}`;
  if (kind === 'assign') {
    const command = decodeCommand(bytes);
    return `assign ${command.attempt}`;
  }
  const fact = decodeFact(bytes);
  const outcome = fact.kind === 'finished' ? ` ${fact.outcome} log ${fact.logBytes}` : '';
  return `${fact.kind} ${fact.attempt}${outcome}`;
}

function describeRecord(record: { readonly offset: number; readonly bytes: Uint8Array }): string {
  return `[${record.offset}+${record.bytes.length}]`;
}
