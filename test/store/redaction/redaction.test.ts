/*
 * Redaction: what is hidden, what is not, and that chunks make no difference.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  contextBytes,
  jwtHeaderBytesMax,
  secretPieceBytes,
} from '../../../store/redaction/limits.ts';
import { Redaction } from '../../../store/redaction/redaction.ts';
import { listSecretPatterns, type Secret } from '../../../store/redaction/secret-forms.ts';
import { tokenPatterns } from '../../../store/redaction/shapes.ts';

function redact(chunks: readonly Uint8Array[], secrets: readonly Secret[] = []): string {
  const redaction = new Redaction(secrets);
  const out = chunks.map((chunk) => Buffer.from(redaction.push('stdout', chunk)));
  return Buffer.concat([...out, redaction.flush('stdout')]).toString('latin1');
}

function whole(text: string, secrets: readonly Secret[] = []): string {
  return redact([Buffer.from(text, 'latin1')], secrets);
}

function letters(count: number, from = 'aB3dE5gH7jK9'): string {
  return from.repeat(Math.ceil(count / from.length)).slice(0, count);
}

/** Put together here, so that no tool takes this file for one that holds keys. */
const samples: readonly (readonly [
  label: string,
  before: string,
  secret: string,
  after: string,
])[] = [
  ['github', 'token ', `${'gh'}p_${letters(36)}`, ' used'],
  ['github', '', `${'github'}_pat_${letters(22)}_${letters(59)}`, '\n'],
  ['gitlab', '"', `${'gl'}pat-${letters(20)}`, '"'],
  ['slack', '', `${'xo'}xb-${'123456789012'}-${letters(24)}`, ','],
  ['slack', 'https://hooks.slack.com/services/', `T0000/B0000/${letters(24)}`, '\n'],
  ['npm', '//registry/:_authToken=', `${'np'}m_${letters(36)}`, '\n'],
  ['pypi', '', `${'py'}pi-AgE${letters(60)}`, '\n'],
  ['aws', 'id=', `${'AK'}IA${'ABCDEFGH23456789'}`, '\n'],
  ['aws', 'aws_secret_access_key = ', letters(40, 'aB3/+'), '\n'],
  ['google', 'key=', `${'AI'}za${letters(35)}`, '&x'],
  ['azure', 'AccountKey=', `${letters(86)}==`, ';'],
  ['api key', 'OPENAI_API_KEY=', `${'sk'}-proj-${letters(48)}`, '\n'],
  ['api key', '', `${'sk'}-ant-api03-${letters(90)}`, '\n'],
  ['stripe', '', `${'sk'}_live_${letters(24)}`, '\n'],
  ['hugging face', '', `${'hf'}_${letters(34)}`, '\n'],
  ['sendgrid', '', `${'SG'}.${letters(22)}.${letters(43)}`, '\n'],
  ['vault', '', `${'hv'}s.${letters(90)}`, '\n'],
  ['telegram', 'bot123456789:AA', letters(33), '\n'],
  ['pairing code', 'odally join ', `${'od'}l1_${letters(120)}`, '\n'],
  ['jwt', 'cookie=', `${'ey'}J${letters(30)}.${'ey'}J${letters(80)}.${letters(43)}`, ';'],
  ['bearer', 'Authorization: Bearer ', letters(40), '\r\n'],
  ['basic auth', 'Authorization: Basic ', 'dXNlcjpwYXNz', '\r\n'],
  ['basic auth', 'git clone https://me:', 'hunter2!x%40y', '@example.org/x.git'],
];

describe('shapes', () => {
  test.each(samples)('%s is hidden after %j', (...[label, before, secret, after]) => {
    expect(whole(before + secret + after)).toBe(`${before}[redacted ${label}]${after}`);
  });

  test.each(['\\n', '\\t', 'x%3D', '%20', '\\u001b[32m', '\x1b[m'])(
    'what stands behind %j begins a word',
    (before) => {
      expect(whole(`a${before}${'gh'}p_${letters(36)}`)).toBe(`a${before}[redacted github]`);
    },
  );

  test('a word in colour is still a word of its own', () => {
    const token = `${'sk'}-${letters(40)}`;
    expect(whole(`\x1b[38;2;1;22;133m${token}\x1b[0m`)).toBe(
      '\x1b[38;2;1;22;133m[redacted api key]\x1b[0m',
    );
  });

  test.each([
    'a task-management-system-with-a-very-long-name-of-its-own',
    'https://localhost:3000/path and http://user@host/ and ssh://git@github.com:22/x',
    'ghp_short and glpat-short and AKIA1234 and eyJhbGciOi.nothing',
    'sha512-z7lTnr2hCkVTq3XWlpDlFnfgpJ2d6AFGsjvsMz4kEzSNzvKZVfvxdHvkGOMmDxXJ1b0gzoWd2EMUoaWA6dYqWA==',
    'commit 3f786850e387550fdab836ed7e6dc881de23001b',
    'BEGIN TRANSACTION; -----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
    '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----',
    'Bearer of news; Basic authentication',
    'SHA256:AAjj8Zd0RhQv9bBvBzQvCkq4bVQv9bBvBzQvCkq4bVQ',
  ])('%j is left alone', (text) => {
    expect(whole(text)).toBe(text);
  });

  test('a private key is hidden with all its lines, and what follows is not', () => {
    const body = `${letters(64)}\n`.repeat(20);
    const key = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n${body}-----END RSA PRIVATE KEY-----`;
    expect(whole(`key:\n${key}\nnext line\n`)).toBe(
      'key:\n-----BEGIN RSA PRIVATE KEY-----[redacted private key]\nnext line\n',
    );
    const inline = key.replaceAll('\n', '\\n');
    expect(whole(`{"key":"${inline}","x":1}`)).toBe(
      '{"key":"-----BEGIN RSA PRIVATE KEY-----[redacted private key]","x":1}',
    );
  });

  test('every shape is found by a sample', () => {
    const tried = new Set(samples.map(([label]) => label));
    const untried = new Set(
      tokenPatterns.map(({ label }) => label).filter((label) => !tried.has(label)),
    );
    expect([...untried].sort()).toEqual([
      'age',
      'atlassian',
      'digitalocean',
      'docker',
      'grafana',
      'private key',
      'tailscale',
      'terraform',
    ]);
  });
});

const secret = { name: 'DB_PASSWORD', value: 'p+ss w/rd?"é' };

describe('values', () => {
  test('a value is hidden as it is, URL-encoded, in JSON and in base64 at every place', () => {
    const { value } = secret;
    const forms = [
      Buffer.from(value).toString('latin1'),
      encodeURIComponent(value),
      encodeURIComponent(value).replaceAll(/%../g, (hex) => hex.toLowerCase()),
      new URLSearchParams({ x: value }).toString().slice(2),
      Buffer.from(JSON.stringify(value).slice(1, -1)).toString('latin1'),
    ];
    for (const form of forms) expect(whole(`<${form}>`, [secret])).toBe('<[redacted DB_PASSWORD]>');
    for (const before of ['', 'u', 'us', 'use', 'user:']) {
      for (const encoding of ['base64', 'base64url'] as const) {
        const text = Buffer.from(`${before}${value}`).toString(encoding);
        const out = whole(text, [secret]);
        expect(out).toContain('[redacted DB_PASSWORD]');
        expect(out.replace('[redacted DB_PASSWORD]', '').length).toBeLessThan(
          before.length * 2 + 4,
        );
      }
    }
  });

  test('a long value is found in any part, and a line of it by itself', () => {
    const value = Array.from({ length: 40 }, (_, at) => `line ${at} ${letters(50)}`).join('\n');
    const long = { name: 'KEY', value };
    expect(whole(value, [long]).replaceAll(/\[redacted KEY\]/g, '')).toBe('');
    expect(whole(`  line 7 ${letters(50)}  `, [long])).toBe('  [redacted KEY]  ');
    const piece = value.slice(secretPieceBytes, 2 * secretPieceBytes);
    expect(whole(`>${piece}<`, [long])).toBe('>[redacted KEY]<');
  });

  test('a value that is too short to be told from words has no pattern', () => {
    expect(listSecretPatterns([{ name: 'A', value: 'short' }])).toEqual([]);
    expect(whole('short', [{ name: 'A', value: 'short' }])).toBe('short');
  });

  test('values that overlap are hidden as one', () => {
    const secrets = ['abcdefgh', 'efghijkl', 'ijklmnop'].map((value) => ({ name: value, value }));
    expect(whole('-abcdefghijklmnop-', secrets)).toBe('-[redacted abcdefgh]-');
    expect(whole('-abcabcabcabc-', [{ name: 'X', value: 'abcabc' }])).toBe('-[redacted X]-');
  });
});

describe('streams', () => {
  test('what can be no beginning of a secret leaves at once, and the rest with the byte that tells', () => {
    const redaction = new Redaction([{ name: 'X', value: 'hunter22' }]);
    const push = (text: string) =>
      Buffer.from(redaction.push('stdout', Buffer.from(text))).toString();
    expect(push('Password: ')).toBe('Password: ');
    expect(push('still building')).toBe('still building');
    expect(push(' the hunt')).toBe(' the ');
    expect(push('ed\n')).toBe('hunted\n');
    expect(push('hunter2')).toBe('');
    expect(push('2')).toBe('[redacted X]');
    expect(push('!')).toBe('!');
    expect(push('hunter')).toBe('');
    expect(Buffer.from(redaction.flush('stdout')).toString()).toBe('hunter');
  });

  test('the two streams are read apart', () => {
    const redaction = new Redaction([{ name: 'X', value: 'hunter22' }]);
    redaction.push('stdout', Buffer.from('hunt'));
    expect(Buffer.from(redaction.push('stderr', Buffer.from('er22 '))).toString()).toBe('er22 ');
    expect(Buffer.from(redaction.push('stdout', Buffer.from('er22'))).toString()).toBe(
      '[redacted X]',
    );
  });

  test('bytes without anything to hide are given on as they came', () => {
    const bytes = Buffer.from('nothing to see here\n'.repeat(1000));
    expect(new Redaction([]).push('stdout', bytes).buffer).toBe(bytes.buffer);
  });

  test('what is held is bounded, whatever comes', () => {
    const redaction = new Redaction([]);
    let heldMax = 0;
    let came = 0;
    let left = 0;
    for (const text of ['eyJ', ...Array(4000).fill('a'), '://', ...Array(2000).fill('b')]) {
      came += text.length;
      left += redaction.push('stdout', Buffer.from(text)).length;
      heldMax = Math.max(heldMax, came - left);
    }
    expect(heldMax).toBeLessThan(jwtHeaderBytesMax + contextBytes);
  });

  test('a reason and the name of a file are cleaned like output', () => {
    const redaction = new Redaction([secret]);
    expect(redaction.clean(`dist/${'gh'}p_${letters(36)}.txt`)).toBe('dist/[redacted github].txt');
    expect(redaction.clean('plain é')).toBe('plain é');
  });
});

const anyPiece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...samples.map(([, before, token, after]) => (before || ' ') + token + after),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'alpha1beta',
      'beta2gamma',
      'alph',
      'YWxwaGExYmV0YQ==',
      'xhbHBoYTFiZXRh',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'gh',
      'ghp_',
      'sk-',
      'eyJ',
      '://',
      ':',
      '@',
      '.',
      '-',
      '-----BEGIN ',
      'PRIVATE KEY-----',
      '-----END ',
      '\n',
      ' ',
      '\x1b[1m',
    ),
  },
  { weight: 2, arbitrary: fc.string({ maxLength: 8 }) },
);
const anyStream = fc
  .array(anyPiece, { maxLength: 14 })
  .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));
const known = [
  { name: 'A', value: 'alpha1beta' },
  { name: 'B', value: 'beta2gamma' },
];

/** Those that are tokens whatever stands before them. */
const unbound = samples
  .filter(([label]) =>
    /^(github|gitlab|slack|npm|pypi|google|stripe|vault|pairing code)$/.test(label),
  )
  .filter(([, before]) => before.length < 12)
  .map(([, , token]) => token);

function cut(bytes: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...chunks, bytes.subarray(at)];
}

describe('properties', () => {
  test('however the stream is cut, what leaves is the same', () => {
    fc.assert(
      fc.property(
        anyStream,
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }),
        (bytes, sizes) => {
          const once = redact([bytes], known);
          expect(redact(cut(bytes, sizes), known)).toBe(once);
          expect(
            redact(
              [...bytes].map((byte) => Buffer.from([byte])),
              known,
            ),
          ).toBe(once);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('no value survives in any of its forms, and nothing else but shapes is touched', () => {
    const forms = listSecretPatterns(known).map(({ head }) => Buffer.from(head).toString('latin1'));
    fc.assert(
      fc.property(
        anyStream,
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }),
        (bytes, sizes) => {
          const out = redact(cut(bytes, sizes), known);
          for (const form of forms) expect(out.includes(form)).toBe(false);
          for (const token of unbound) expect(out.includes(token)).toBe(false);
          // What is left stands in the input, in order.
          let at = 0;
          const text = bytes.toString('latin1');
          for (const part of out.split(/\[redacted [\w ]+\]/)) {
            const found = text.indexOf(part, at);
            expect(found).toBeGreaterThanOrEqual(at);
            at = found + part.length;
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
