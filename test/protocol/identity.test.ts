/*
 * Identities: the same keys as hyperdht's, and a seed file that is made once and never lost.
 */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createKeyPair,
  formatKey,
  keyPairFromSeed,
  loadOrCreateIdentity,
  parseKey,
  shortKey,
} from '../../protocol/identity.ts';
import { openSystemPorts } from '../../protocol/ports.ts';
import { loadSwarmPackages } from '../../protocol/transports/dht-node.ts';

const { random } = openSystemPorts();
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wally-identity-'));
});

afterAll(() => rm(root, { recursive: true }));

test('key pair: a seed gives the keys that hyperdht makes of it', async () => {
  const { DHT } = await loadSwarmPackages();
  for (const seed of [new Uint8Array(32), new Uint8Array(32).fill(255), random.bytes(32)]) {
    const theirs = DHT.keyPair(Buffer.from(seed));
    const ours = keyPairFromSeed(seed);
    expect(formatKey(ours.publicKey)).toBe(formatKey(theirs.publicKey));
    expect(formatKey(ours.secretKey)).toBe(formatKey(theirs.secretKey));
  }
});

test('key pair: a known seed gives the public key of RFC 8032', () => {
  const seed = parseKey('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
  expect(formatKey(keyPairFromSeed(seed).publicKey)).toBe(
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  );
});

test('key pair: two new ones differ, and a seed of another size is a fault of ours', () => {
  expect(createKeyPair(random).publicKey).not.toEqual(createKeyPair(random).publicKey);
  expect(() => keyPairFromSeed(new Uint8Array(31))).toThrow('invariant broken');
});

test('key text: it comes back as the same bytes, and anything else is refused', () => {
  const { publicKey } = createKeyPair(random);
  const text = formatKey(publicKey);
  expect(parseKey(text)).toEqual(publicKey);
  expect(parseKey(text.toUpperCase())).toEqual(publicKey);
  expect(shortKey(text)).toBe(text.slice(0, 8));
  for (const wrong of ['', text.slice(1), `${text}0`, `${text.slice(1)}g`, ` ${text}`]) {
    expect(() => parseKey(wrong)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  }
});

test('identity file: it is made for its owner alone and gives the same identity again', async () => {
  const file = join(root, 'new-home', 'key');
  const made = await loadOrCreateIdentity(file, random);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(root, 'new-home'))).mode & 0o777).toBe(0o700);
  expect(await readFile(file, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
  expect(await readdir(join(root, 'new-home'))).toEqual(['key']);
  expect(await loadOrCreateIdentity(file, random)).toEqual(made);
});

test('identity file: a damaged one is reported and left as it is', async () => {
  const whole = 'ab'.repeat(32);
  for (const text of ['', whole.slice(2), `${whole}00\n`, `${whole}\n\n`, 'z'.repeat(64)]) {
    const file = join(root, `damaged-${text.length}`);
    await writeFile(file, text);
    const loading = loadOrCreateIdentity(file, random);
    await expect(loading).rejects.toMatchObject({ code: 'KEY_INVALID' });
    expect(await readFile(file, 'utf8')).toBe(text);
  }
});

test('identity file: makers at the same moment end with one identity', async () => {
  const file = join(root, 'shared', 'key');
  const makers = Array.from({ length: 8 }, () => loadOrCreateIdentity(file, random));
  const keys = (await Promise.all(makers)).map(({ publicKey }) => formatKey(publicKey));
  expect(new Set(keys).size).toBe(1);
  expect(await readdir(join(root, 'shared'))).toEqual(['key']);
});

test('identity file: a home that cannot be made is said so', async () => {
  await writeFile(join(root, 'file'), '');
  const loading = loadOrCreateIdentity(join(root, 'missing', '..', 'file', 'x', 'key'), random);
  await expect(loading).rejects.toMatchObject({ name: 'AppError' });
});
