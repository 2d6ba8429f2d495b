/*
 * A key as two people compare it: six words of one list, the same on both boxes.
 *
 * Read over a phone or a shoulder, so words and not digits. They stand for 66 bits of the key's
 * hash: who wants another key with the same words has to make 2^66 keys, and an invite lives for a
 * day at most. Never enough to trust by itself. Pure. Source: RFC 8032 keys; BIP 39 for the list.
 */
import { createHash } from 'node:crypto';
import { fingerprintWords } from './fingerprint-words.ts';
import type { PeerKey } from './model.ts';

const wordsCount = 6;
const bitsPerWord = 11n;

/** Six words with a blank between: `candy maple cake sugar pudding cream`. */
export function formatFingerprint(key: PeerKey): string {
  let bits = BigInt(`0x${createHash('sha256').update(key).digest('hex')}`);
  return Array.from({ length: wordsCount }, () => {
    const word = fingerprintWords[Number(bits & ((1n << bitsPerWord) - 1n))];
    bits >>= bitsPerWord;
    return word;
  }).join(' ');
}
