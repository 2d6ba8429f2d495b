/*
 * Searching: what is a hit, in which order hits come, and that no pattern stops the hub.
 */
import { describe, expect, test } from 'vitest';
import { type FindPlan, findLines, type Hit } from '../../../cockpit/logs/find.ts';
import { patternLettersMax, searchOverlapBytes } from '../../../cockpit/logs/limits.ts';
import {
  createGlance,
  parsePattern,
  stripSequences,
  testLine,
} from '../../../cockpit/logs/pattern.ts';
import { RegexThread } from '../../../cockpit/logs/regex-thread.ts';
import { Tester } from '../../../cockpit/logs/tester.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import type { Log } from '../../../store/log.ts';
import { numberedLines, restless, writeLog } from './output.ts';

const thread = new RegexThread(openSystemPorts().timers);

async function find(
  logs: readonly Log[],
  typed: string,
  more: Partial<FindPlan> = {},
): Promise<readonly Hit[]> {
  const hits: Hit[] = [];
  await findLines({
    logs,
    from: logs.map((log) => (more.direction === 'back' ? log.end : 0)),
    direction: 'on',
    text: { keeps: 'pieces', bytesMax: 4096, overlapBytes: searchOverlapBytes },
    rest: restless,
    tester: new Tester(parsePattern(typed), thread),
    hitsMax: 1000,
    namedMax: 1000,
    async say(progress) {
      hits.push(...progress.hits);
      return true;
    },
    ...more,
  });
  return hits;
}

function isHit(typed: string, text: string): boolean {
  const pattern = parsePattern(typed);
  if (pattern.kind === 'regex') return new RegExp(pattern.source, pattern.flags).test(text);
  return testLine(pattern, { text: Buffer.from(text), stream: 'stdout', isTurn: false });
}

function isOf(level: 'error' | 'warning', text: string, stderr = { isTurn: false }): boolean {
  const stream = stderr.isTurn ? 'stderr' : 'stdout';
  return testLine({ kind: 'level', level }, { text: Buffer.from(text), stream, ...stderr });
}

describe('pattern', () => {
  test('pattern: a small letter finds both cases, a capital only itself', () => {
    expect(isHit('error', 'An ERROR')).toBe(true);
    expect(isHit('Error', 'An ERROR')).toBe(false);
    expect(isHit('größe', 'GRÖSSE GRÖßE')).toBe(true);
    expect(isHit('/^e\\S+r$/', 'ERROR')).toBe(true);
    expect(isHit('/^E\\S+r$/', 'ERROR')).toBe(false);
  });

  test('pattern: text is plain, between slashes it is a regular expression', () => {
    expect(isHit('a.c', 'abc')).toBe(false);
    expect(isHit('/a.c/', 'abc')).toBe(true);
    expect(isHit('/', 'a/b')).toBe(true);
    expect(isHit('/usr/bin', '/usr/bin/env')).toBe(true);
    expect(isHit('/\\p{Lu}x/', 'Äx')).toBe(true);
  });

  test('pattern: none, one that is too long and one that is broken are refused', () => {
    const refused = expect.objectContaining({ code: 'USAGE_ARGUMENT' });
    expect(() => parsePattern('')).toThrow(refused);
    expect(() => parsePattern('x'.repeat(patternLettersMax + 1))).toThrow(refused);
    expect(() => parsePattern('/(/')).toThrow(refused);
  });

  test('pattern: a line is tested without what colours it', () => {
    expect(isHit('failure', 'fail\x1b[1;31mure\x1b[0m')).toBe(true);
    expect(isHit('31m', '\x1b[31mred\x1b[m')).toBe(false);
    expect(stripSequences('a\x1b]0;title\x07b\x1b]8;;u\x1b\\c\x1b(0d\x1b')).toBe('abcd');
  });

  test('pattern: what tells of an error, of a warning, or of neither', () => {
    for (const text of [
      'ERROR: no',
      'ValueError: x',
      'thread panicked at',
      'Traceback (most recent call last):',
      'FAILED test_x',
      'java.lang.NullPointerException',
      '2 errors',
    ]) {
      expect([text, isOf('error', text), isOf('warning', text)]).toEqual([text, true, true]);
    }
    for (const text of ['0 errors', 'no error', 'terrors', 'default', 'without error']) {
      expect([text, isOf('error', text)]).toEqual([text, false]);
    }
    expect([isOf('error', 'warning: x'), isOf('warning', 'warning: x')]).toEqual([false, true]);
    expect(isOf('error', 'Compiling', { isTurn: true })).toBe(true);
  });
});

test('pattern: no line of a level is passed over at a glance', () => {
  const glance = createGlance({ kind: 'level', level: 'warning' });
  const words =
    'error errors err fail fails failed failing failure failures fatal panic panicked exception traceback abort aborted critical segfault killed oom-killer unhandled warn warns warning warnings deprecated TypeError SomeWarning';
  const phrases = ['segmentation fault', 'core dumped', 'out of memory', 'undefined reference'];
  const more = ['permission denied', 'no such file', 'IOException'];
  for (const text of [...words.split(' '), ...phrases, ...more]) {
    expect([text, isOf('warning', text), glance?.(Buffer.from(text))]).toEqual([text, true, true]);
  }
  expect(glance?.(Buffer.from('all is well\n'))).toBe(false);
});

describe('find', () => {
  test('find: hits come in order from a place on, or back, and stop at their count', async () => {
    const log = await writeLog([{ text: numberedLines(0, 30) }]);
    const offsets = (hits: readonly Hit[]) => hits.map(({ offset }) => offset);
    expect(offsets(await find([log], 'line 2'))).toEqual([
      14,
      ...Array.from({ length: 10 }, (_, index) => 70 + 80 + 8 * index),
    ]);
    expect(offsets(await find([log], 'line 2', { hitsMax: 2 }))).toEqual([14, 150]);
    expect(offsets(await find([log], 'line 2', { direction: 'back', hitsMax: 2 }))).toEqual([
      222, 214,
    ]);
    expect(offsets(await find([log], 'line 2', { from: [15], hitsMax: 1 }))).toEqual([150]);
  });

  test('find: a hit anywhere in a line of megabytes is one hit of that line, both ways', async () => {
    const long = `${'x'.repeat(5_000_000)}needle${'x'.repeat(100_000)}needle`;
    const log = await writeLog([{ text: 'short\n' }, { text: long }, { text: '\nneedle\n' }]);
    const wanted = [6, 6 + long.length + 1];
    expect((await find([log], 'needle')).map(({ offset }) => offset)).toEqual(wanted);
    const back = await find([log], 'needle', { direction: 'back' });
    expect(back.map(({ offset }) => offset)).toEqual(wanted.toReversed());
  });

  test('find: what is passed over at a glance hides no hit, wherever it is torn', async () => {
    const words = ['needle', 'NEEDLE', 'hay', 'ne\x1b[1medle', 'error: x', '', 'hä'];
    const lines = Array.from({ length: 3000 }, (_, n) => words[(n * n) % words.length] ?? '');
    const whole = `${lines.join('\n')}\n`;
    const pieces = [];
    for (let at = 0, size = 1; at < whole.length; at += size, size = (size * 7) % 97 || 5) {
      pieces.push({ text: whole.slice(at, at + size) });
    }
    const log = await writeLog(pieces);
    for (const typed of ['needle', 'NEEDLE', 'hä', 'x', 'nothing']) {
      const pattern = parsePattern(typed);
      const text = { keeps: 'pieces', bytesMax: 4096, overlapBytes: 10 } as const;
      const mayHit = createGlance(pattern);
      const slow = await find([log], typed, { hitsMax: 9999, namedMax: 9999 });
      for (const direction of ['on', 'back'] as const) {
        const more = { direction, text: { ...text, mayHit }, hitsMax: 9999, namedMax: 9999 };
        const quick = await find([log], typed, more);
        expect([typed, quick.length]).toEqual([typed, slow.length]);
      }
    }
    expect((await find([log], 'needle', { hitsMax: 9999, namedMax: 9999 })).length).toBeGreaterThan(
      9,
    );
  });

  test('find: in several logs hits come by their instants', async () => {
    const one = await writeLog([
      { text: 'hit\n', at: 10 },
      { text: 'hit\n', at: 30 },
    ]);
    const two = await writeLog([{ text: 'miss\nhit\n', at: 20 }]);
    expect(await find([one, two], 'hit')).toEqual([
      { log: 0, offset: 0, at: 10 },
      { log: 1, offset: 5, at: 20 },
      { log: 0, offset: 4, at: 30 },
    ]);
  });

  test('find: it says how far it came, and ends when nobody listens', async () => {
    const log = await writeLog([{ text: `${'y'.repeat(99)}\n`.repeat(200_000) }]);
    const said: number[] = [];
    const end = await findLines({
      ...{ logs: [log], from: [0], direction: 'on', rest: restless, hitsMax: 9, namedMax: 9 },
      text: { keeps: 'pieces', bytesMax: 4096, overlapBytes: 10 },
      tester: new Tester(parsePattern('z'), thread),
      say: async ({ readBytes }) => said.push(readBytes) < 2,
    });
    expect(end).toEqual({ hitCount: 0, isWhole: false });
    expect(said.length).toBe(2);
    expect(said[1]).toBeLessThan(log.end);
  });
});

describe('regular expressions', () => {
  test('regex: hits are found in a thread of its own', async () => {
    const log = await writeLog([{ text: numberedLines(0, 3000) }]);
    expect((await find([log], '/^line 2\\d{3}$/')).length).toBe(1000);
  });

  test('regex: one that never ends is given up, and those after it are answered', async () => {
    const endless = parsePattern('/(a+)+$/');
    const harmless = parsePattern('/b/');
    if (endless.kind !== 'regex' || harmless.kind !== 'regex') throw new Error('both are regexes');
    const given = thread.test(endless, [`${'a'.repeat(60)}!`]);
    const after = thread.test(harmless, ['abc', 'xyz']);
    await expect(given).rejects.toMatchObject({ code: 'SEARCH_SLOW' });
    expect(await after).toEqual([true, false]);
  }, 20_000);

  test('regex: what waits when the hub stops is refused', async () => {
    const own = new RegexThread(openSystemPorts().timers);
    const pattern = parsePattern('/(a+)+$/');
    if (pattern.kind !== 'regex') throw new Error('it is a regex');
    const waiting = own.test(pattern, [`${'a'.repeat(60)}!`]);
    await Promise.all([
      expect(waiting).rejects.toMatchObject({ code: 'HUB_STOPPING' }),
      own.close(),
    ]);
    await expect(own.test(pattern, ['a'])).rejects.toMatchObject({ code: 'HUB_STOPPING' });
  });
});
