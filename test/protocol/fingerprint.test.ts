/*
 * Fingerprints in words: the same for ever, six words, and another for every key.
 */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { formatFingerprint } from '../../protocol/fingerprint.ts';
import { fingerprintWords } from '../../protocol/fingerprint-words.ts';

test('words: they are the list of BIP 39 in its order, by its published hash', () => {
  const hash = createHash('sha256')
    .update(`${fingerprintWords.join('\n')}\n`)
    .digest('hex');
  expect(hash).toBe('2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda');
  expect(new Set(fingerprintWords.map((word) => word.slice(0, 4))).size).toBe(2048);
});

test('fingerprint: one key has the same six words in every version', () => {
  expect(formatFingerprint('ab'.repeat(32))).toBe('battle crew neither crawl slogan shove');
});

test('fingerprint: a thousand keys share none, and every word of one depends on the key', () => {
  const keys = Array.from({ length: 1000 }, (_, at) => at.toString(16).padStart(64, '0'));
  const all = keys.map(formatFingerprint);
  expect(new Set(all).size).toBe(1000);
  expect(all.every((words) => words.split(' ').length === 6)).toBe(true);
  for (const place of [0, 1, 2, 3, 4, 5]) {
    expect(new Set(all.map((words) => words.split(' ')[place])).size).toBeGreaterThan(700);
  }
});
