/*
 * Pairing codes: all that a box needs to become an odally, or a cockpit to look in, in one line to copy.
 *
 * `odl1_`, for a cockpit `wal1_`, and base64url of a msgpack array and a checksum. It holds the hub's key, a 16-byte secret,
 * where to find the hub, and when it ends. Both sides derive a one-time key pair from the secret:
 * the one stranger whom the hub's firewall lets in, until expiry or first use. Whoever holds a code
 * can pair, so it is short-lived and shown once. The checksum finds slips of copying; it is no
 * defence. Invariant: parseInvite(createInvite(x).code) gives x back, and nothing else parses.
 */
import { createHash } from 'node:crypto';
import { decodeValue, encodeValue } from './codec.ts';
import { AppError } from './errors.ts';
import { formatKey, type KeyPair, keyBytes, keyPairFromSeed, parseKey } from './identity.ts';
import { inviteMsMax } from './limits.ts';
import type { PeerKey } from './model.ts';
import type { Clock, Random } from './ports.ts';
import type { ReadonlyReach, RelayPlace } from './reach.ts';
import type { Address } from './transports/address.ts';

/** Whom a code lets in: a box that works, or a screen that looks in and asks. */
export type InviteKind = 'worker' | 'cockpit';

/** Every code starts with one of these; the digit is the version of the format. */
export const invitePrefixes: Readonly<Record<InviteKind, string>> = {
  worker: 'odl1_',
  cockpit: 'wal1_',
};

/** Of whose keys a secret is: a code whose beginning was changed opens nothing. */
const keyDomains: Readonly<Record<InviteKind, string>> = {
  worker: 'odally one-time key 1\0',
  cockpit: 'wally one-time key 1\0',
};

/** Longest code that is looked at; one with the most addresses of the longest names is shorter. */
export const inviteCodeCharsMax = 8192;

/** Addresses of the hub, and of rendezvous, in one code. A box has fewer. */
export const inviteAddressesMax = 8;

const secretBytes = 16;
const checksumBytes = 4;

/** Longest host name. Source: RFC 1035. */
const hostCharsMax = 253;

/** What to put into a new code. */
export interface InvitePlan extends ReadonlyReach {
  readonly kind: InviteKind;
  readonly hubKey: PeerKey;
  readonly ttlMs: number;
  readonly random: Random;
  readonly clock: Clock;
}

/** A new code, and what the hub keeps of it: never the code itself. */
export interface NewInvite {
  readonly code: string;
  /** The key with which the box will knock, once. */
  readonly oneTimeKey: PeerKey;
  readonly expiresAt: number;
}

/** What a code says. */
export interface Invite extends ReadonlyReach {
  readonly kind: InviteKind;
  readonly hubKey: PeerKey;
  readonly oneTimeKey: PeerKey;
  readonly oneTimeKeyPair: KeyPair;
  readonly expiresAt: number;
}

/** Makes a code that is good for `ttlMs` from now. Errors: USAGE_ARGUMENT for a time out of bounds. */
export function createInvite(plan: InvitePlan): NewInvite {
  if (!(plan.ttlMs > 0 && plan.ttlMs <= inviteMsMax)) {
    throw new AppError(
      'USAGE_ARGUMENT',
      'A pairing code lives longer than 0 and at most 24 hours.',
    );
  }
  const hubKey = parseKey(plan.hubKey);
  const secret = plan.random.bytes(secretBytes);
  const expiresAt = Math.floor(plan.clock.wallMs() + plan.ttlMs);
  const addresses = plan.addresses.slice(0, inviteAddressesMax).map(packAddress);
  const rendezvous = plan.rendezvous.slice(0, inviteAddressesMax).map(packAddress);
  // Absent where there is neither, so that an older agent can read the code.
  const further = packFurther(plan);
  const payload = encodeValue([hubKey, secret, expiresAt, addresses, rendezvous, ...further]);
  const body = Buffer.concat([payload, checksum(payload)]).toString('base64url');
  const { publicKey } = deriveKeyPair(plan.kind, hubKey, secret);
  return { code: invitePrefixes[plan.kind] + body, oneTimeKey: formatKey(publicKey), expiresAt };
}

/** Reads a code, also one that was broken over lines. Errors: INVITE_MALFORMED. */
export function parseInvite(code: string): Invite {
  try {
    const { kind, payload } = unwrapPayload(code);
    return parseFields(kind, decodeValue(payload));
  } catch (error) {
    throw new AppError('INVITE_MALFORMED', undefined, { cause: error });
  }
}

/** Does this look like a code, whole or not? For words that may be one. */
export function isInviteLike(word: string): boolean {
  return Object.values(invitePrefixes).some((prefix) => word.startsWith(prefix));
}

/** Is the code over? Clocks of two boxes differ, so only the hub's judgement counts. */
export function isExpired(invite: { readonly expiresAt: number }, nowMs: number): boolean {
  return nowMs >= invite.expiresAt;
}

function packFurther({ nodes, relay }: Pick<InvitePlan, 'nodes' | 'relay'>): readonly unknown[] {
  if (nodes === undefined && relay === undefined) return [];
  const met =
    nodes === 'public' ? nodes : (nodes ?? []).slice(0, inviteAddressesMax).map(packAddress);
  return [[met, ...(relay === undefined ? [] : [[parseKey(relay.key), ...packAddress(relay)]])]];
}

function packAddress(address: Address): readonly [string, number] {
  return [address.host, address.port];
}

function checksum(payload: Uint8Array): Uint8Array {
  return createHash('sha256').update(payload).digest().subarray(0, checksumBytes);
}

/** The hub's key is part of the seed, so that a secret is worth nothing at any other hub. */
function deriveKeyPair(kind: InviteKind, hubKey: Uint8Array, secret: Uint8Array): KeyPair {
  const hash = createHash('sha256').update(keyDomains[kind]);
  return keyPairFromSeed(hash.update(hubKey).update(secret).digest());
}

function unwrapPayload(code: string): { readonly kind: InviteKind; readonly payload: Uint8Array } {
  expect(code.length <= inviteCodeCharsMax, 'too long');
  const text = code.replace(/\s+/g, '');
  const kind = kinds.find((each) => text.startsWith(invitePrefixes[each]));
  expect(kind !== undefined, 'no prefix');
  const body = text.slice(invitePrefixes[kind].length);
  const bytes = Buffer.from(body, 'base64url');
  expect(bytes.toString('base64url') === body, 'not base64url');
  expect(bytes.byteLength > checksumBytes, 'cut short');
  const payload = bytes.subarray(0, -checksumBytes);
  expect(bytes.subarray(-checksumBytes).equals(checksum(payload)), 'wrong checksum');
  return { kind, payload };
}

const kinds: readonly InviteKind[] = ['worker', 'cockpit'];

function parseFields(kind: InviteKind, value: unknown): Invite {
  expect(Array.isArray(value) && (value.length === 5 || value.length === 6), 'five or six fields');
  const [hubKey, secret, expiresAt, addresses, rendezvous, further] = value as readonly unknown[];
  expect(hubKey instanceof Uint8Array && hubKey.byteLength === keyBytes, 'a hub key');
  expect(secret instanceof Uint8Array && secret.byteLength === secretBytes, 'a secret');
  expect(Number.isSafeInteger(expiresAt), 'an end');
  const oneTimeKeyPair = deriveKeyPair(kind, hubKey, secret);
  return {
    kind,
    hubKey: formatKey(hubKey),
    oneTimeKey: formatKey(oneTimeKeyPair.publicKey),
    oneTimeKeyPair,
    addresses: parseAddresses(addresses),
    rendezvous: parseAddresses(rendezvous),
    ...(further === undefined ? {} : parseFurther(further)),
    expiresAt: expiresAt as number,
  };
}

function parseFurther(value: unknown): Pick<Invite, 'nodes' | 'relay'> {
  expect(Array.isArray(value) && value.length >= 1 && value.length <= 2, 'nodes and a relay');
  const [met, carrier] = value as readonly unknown[];
  const nodes = met === 'public' ? met : [...parseAddresses(met)];
  return {
    ...(nodes.length === 0 ? {} : { nodes }),
    ...(carrier === undefined ? {} : { relay: parseRelay(carrier) }),
  };
}

function parseRelay(value: unknown): RelayPlace {
  expect(Array.isArray(value) && value.length === 3, 'a relay');
  const [key, ...place] = value as readonly unknown[];
  expect(key instanceof Uint8Array && key.byteLength === keyBytes, 'the key of a relay');
  return { key: formatKey(key), ...parseAddress(place) };
}

function parseAddresses(value: unknown): readonly Address[] {
  expect(Array.isArray(value) && value.length <= inviteAddressesMax, 'a list of addresses');
  return value.map(parseAddress);
}

function parseAddress(value: unknown): Address {
  expect(Array.isArray(value) && value.length === 2, 'host and port');
  const [host, port] = value as readonly unknown[];
  expect(typeof host === 'string' && host.length >= 1 && host.length <= hostCharsMax, 'a host');
  expect(Number.isInteger(port), 'a port');
  const number = port as number;
  expect(number >= 1 && number <= 65_535, 'a port in range');
  return { host, port: number };
}

/** Refuses input; the reason ends up as the cause and is not shown. */
function expect(isMet: boolean, what: string): asserts isMet {
  if (!isMet) throw new AppError('INVITE_MALFORMED', `Expected in a pairing code: ${what}.`);
}
