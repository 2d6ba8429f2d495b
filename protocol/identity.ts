/*
 * Ed25519 identities: key pairs, their text forms, and the file that keeps a seed.
 *
 * Built on node:crypto, so that a program that only shows a key loads no native library; the keys
 * are the same as those of sodium and hyperdht. The seed file is 32 bytes in hex, mode 0600. It is
 * made once and never overwritten: a damaged one is reported, because a new key means pairing anew.
 * Source: RFC 8032; RFC 8410 for the fixed head of a PKCS #8 Ed25519 key.
 */
import { createPrivateKey } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, assert, hasSystemCode, wrapError } from './errors.ts';
import type { PeerKey } from './model.ts';
import type { Random } from './ports.ts';
import { syncDirectory } from './sync-directory.ts';

/** Bytes of a seed and of a public key. */
export const keyBytes = 32;

/** An identity with its secret. `secretKey` is the seed and then the public key, as sodium has it. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A new key pair from `random`, which must be fit for keys. */
export function createKeyPair(random: Random): KeyPair {
  return keyPairFromSeed(random.bytes(keyBytes));
}

/** The key pair of a 32-byte seed; the same seed always gives the same pair. */
export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  assert(seed.byteLength === keyBytes, 'a seed has 32 bytes');
  const der = Buffer.concat([pkcs8Head, seed]);
  // As a JWK the private key names its public one; a public key object of its own takes half as long again.
  const { x } = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({
    format: 'jwk',
  });
  assert(x !== undefined, 'an Ed25519 key names its public half');
  const publicKey = new Uint8Array(Buffer.from(x, 'base64url'));
  const secretKey = new Uint8Array(2 * keyBytes);
  secretKey.set(seed);
  secretKey.set(publicKey, keyBytes);
  return { publicKey, secretKey };
}

/** A public key as the rest of the product knows it. */
export function formatKey(publicKey: Uint8Array): PeerKey {
  return Buffer.from(publicKey).toString('hex');
}

/** The bytes of a key that was written as 64 hex characters. Errors: KEY_INVALID. */
export function parseKey(text: string): Uint8Array {
  if (/^[0-9a-f]{64}$/i.test(text)) return new Uint8Array(Buffer.from(text, 'hex'));
  throw new AppError('KEY_INVALID', 'A key is 64 hexadecimal characters.');
}

/** Enough of a key for people to tell peers apart; never enough to trust one. */
export function shortKey(key: PeerKey): string {
  return key.slice(0, 8);
}

/**
 * The identity kept in `file`; made, with its directory, when there is none.
 * Errors: KEY_INVALID for a file that is not a seed, HOME_UNWRITABLE when none can be made.
 */
export async function loadOrCreateIdentity(file: string, random: Random): Promise<KeyPair> {
  const existing = await readSeed(file);
  if (existing) return keyPairFromSeed(existing);
  const seed = random.bytes(keyBytes);
  const aside = `${file}.${Buffer.from(random.bytes(4)).toString('hex')}.new`;
  if (await createSeedFile({ file, aside, seed })) return keyPairFromSeed(seed);
  // Another process made the file at the same moment; its seed is the identity.
  const winner = await readSeed(file);
  if (!winner) throw new AppError('KEY_INVALID');
  return keyPairFromSeed(winner);
}

async function readSeed(file: string): Promise<Uint8Array | undefined> {
  try {
    const text = await readFile(file, 'latin1');
    return parseKey(text.endsWith('\n') ? text.slice(0, -1) : text);
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) return undefined;
    throw new AppError('KEY_INVALID', `The key file ${file} cannot be used.`, { cause: error });
  }
}

interface SeedFile {
  readonly file: string;
  /** Name for the half-written file, in the same directory. */
  readonly aside: string;
  readonly seed: Uint8Array;
}

/**
 * Writes aside, syncs and links, so that a crash never leaves half a key under the name; a link
 * never replaces what is there. Says false when there was something.
 */
async function createSeedFile({ file, aside, seed }: SeedFile): Promise<boolean> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(aside, `${Buffer.from(seed).toString('hex')}\n`, {
      flag: 'wx',
      mode: 0o600,
      flush: true,
    });
    const isNew = await linkNew(aside, file);
    // Without this the name may be gone after a loss of power, and a new key would be made.
    await syncDirectory(dirname(file));
    return isNew;
  } catch (error) {
    throw wrapError(error, 'HOME_UNWRITABLE');
  }
}

async function linkNew(aside: string, file: string): Promise<boolean> {
  try {
    await link(aside, file);
    return true;
  } catch (error) {
    if (hasSystemCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlink(aside);
  }
}
