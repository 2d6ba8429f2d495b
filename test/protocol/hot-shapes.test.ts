/*
 * The quick verdicts against the schemas: they never say yes where a schema says no or gives back
 * something else, and they do say yes to what travels all the time.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frameSchema } from '../../protocol/frames.ts';
import { isHotCommand, isHotFact, isHotFrame } from '../../protocol/hot-shapes.ts';
import { logChunkBytesMax } from '../../protocol/limits.ts';
import { commandMessageSchema, factMessageSchema } from '../../protocol/messages.ts';
import { outcomes, reconciles } from '../../protocol/model.ts';

const runs = { numRuns: 2000 };

const attempt = fc
  .tuple(fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: 1, max: 99 }))
  .map(([job, n]) => `J${job}.${n}`);
const instant = fc.integer({ min: 0, max: 8_640_000_000_000 });
const text = fc.string({ maxLength: 70 });
/** No plain object can carry this one; the codec renames it before anything here is asked. */
const name = text.filter((word) => word !== '__proto__');
const plain = { noNullPrototype: true } as const;
const optional = { requiredKeys: [] as [], ...plain };

const spec = fc
  .tuple(
    fc.record(
      {
        command: fc.array(text, { minLength: 1, maxLength: 4 }),
        env: fc.dictionary(name, text, { noNullPrototype: true }),
        isIdempotent: fc.boolean(),
        lostAfterMs: fc.integer({ min: 1 }),
      },
      plain,
    ),
    fc.record(
      {
        ...{ cwd: text, repo: text, deadlineMs: fc.integer({ min: 1 }) },
        ...{ stopAfterMs: fc.integer({ min: 1 }), mayReplace: fc.boolean() },
        reconcile: fc.constantFrom(...reconciles),
      },
      optional,
    ),
  )
  .map(([must, may]) => ({ ...must, ...may }));

const command = fc.oneof(
  fc.record({ kind: fc.constant('cancel'), attempt, at: instant }, plain),
  fc.record(
    { kind: fc.constant('assign'), attempt, spec, issuedAt: instant, expiresAt: instant },
    { requiredKeys: ['kind', 'attempt', 'spec', 'issuedAt'], ...plain },
  ),
);

const usage = fc.record(
  {
    exitCode: fc.integer(),
    cpuMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
    memoryBytesPeak: fc.nat(),
  },
  optional,
);

const fact = fc.oneof(
  fc.record({ kind: fc.constantFrom('accepted', 'started'), attempt, at: instant }, plain),
  fc.record({ kind: fc.constant('started'), attempt, at: instant, acceptedAt: instant }, plain),
  fc.record(
    {
      ...{ kind: fc.constant('finished'), attempt, at: instant, usage, logBytes: fc.nat() },
      ...{ outcome: fc.constantFrom(...outcomes), startedAt: instant },
      acceptedAt: instant,
      code: fc.string({ maxLength: 64 }),
    },
    { requiredKeys: ['kind', 'attempt', 'at', 'outcome', 'usage', 'logBytes'], ...plain },
  ),
);

const moment = fc.double({ min: 0, max: 8.64e15, noNaN: true });

const load = fc.record(
  {
    cpuLoad: fc.double({ min: 0, max: 1_000_000, noNaN: true }),
    ...{ memoryFreeBytes: fc.nat(), diskFreeBytes: fc.nat() },
  },
  { requiredKeys: ['cpuLoad', 'memoryFreeBytes'], ...plain },
);

/** Records with gaps between them, and where they end. */
const records = fc
  .array(
    fc.record({
      gap: fc.nat(3),
      stream: fc.constantFrom('stdout', 'stderr'),
      at: instant,
      bytes: fc.uint8Array(),
    }),
    { maxLength: 5 },
  )
  .map((list) => {
    let next = 7;
    const placed = list.map(({ gap, ...rest }) => {
      const offset = next + gap;
      next = offset + rest.bytes.length;
      return { offset, ...rest };
    });
    return { from: 7, records: placed, next };
  });

const logFrame = fc.tuple(attempt, records).map(([of, { from, records: list, next }]): Fields => {
  return { t: 'log', attempt: of, from, records: list, next };
});

const store = fc.stringMatching(/^[0-9a-f]{32}$/);
const word = fc.stringMatching(/^[ -~]{0,32}$/);

const capabilities = fc.record(
  {
    ...{ os: word, arch: word, cpus: fc.nat(100_000), memoryBytes: fc.nat() },
    ...{ has: fc.array(word), harnesses: fc.array(word, { maxLength: 8 }), node: word },
  },
  { requiredKeys: ['os', 'arch', 'cpus', 'memoryBytes', 'has'], ...plain },
);

const held = fc.record(
  { attempt, state: fc.constantFrom('accepted', 'starting', 'running', 'finished') },
  plain,
);

const hello = fc
  .tuple(
    fc.record(
      {
        ...{ t: fc.constant('hello'), role: fc.constantFrom('hub', 'agent') },
        ...{ protoMin: fc.integer({ min: 1 }), protoMax: fc.integer({ min: 1 }), version: word },
        ...{ store, forStore: fc.option(store), incarnation: fc.integer({ min: 1 }) },
        ...{ received: fc.nat(), queued: fc.nat(), isOpen: fc.boolean(), wallMs: moment },
      },
      plain,
    ),
    fc.record(
      {
        ...{ name: word, host: word, capabilities, inventory: fc.array(held) },
        ...{ takesMany: fc.boolean(), takesWhole: fc.boolean(), build: word },
      },
      optional,
    ),
  )
  .map(([must, may]): Fields => ({ ...must, ...may }));

const frame = fc.oneof(
  logFrame,
  hello,
  fc.record(
    {
      ...{ t: fc.constant('data'), seq: fc.integer({ min: 1 }) },
      body: fc.uint8Array({ minLength: 1 }),
    },
    plain,
  ),
  fc.record(
    {
      ...{ t: fc.constant('ack'), received: fc.nat() },
      need: fc.array(fc.integer({ min: 1 }), { maxLength: 32 }),
    },
    plain,
  ),
  fc.record({ t: fc.constant('ping'), at: moment, load }, { requiredKeys: ['t', 'at'], ...plain }),
  fc.record(
    { t: fc.constant('pong'), at: moment, queued: fc.nat(), wallMs: moment },
    { requiredKeys: ['t', 'at'], ...plain },
  ),
  fc.record(
    {
      ...{ t: fc.constant('log-ack'), attempt, offset: fc.nat() },
      ...{ isReset: fc.boolean(), window: fc.nat() },
    },
    { requiredKeys: ['t', 'attempt', 'offset', 'isReset'], ...plain },
  ),
);

/** What a broken or newer peer may put into any place. */
const junk = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    undefined,
    true,
    -0,
    -1,
    0.5,
    Number.NaN,
    Infinity,
    2 ** 53,
    1e300,
  ),
  fc.constantFrom<unknown>('', 'J0.1', 'J1.1', 'J1', 'x'.repeat(5000), 'finished', 'ping', 'lost'),
  fc.constantFrom<unknown>([], {}, [[]], new Uint8Array(0), Object.create(null), new Map(), [1, 0]),
  fc.constant<unknown>(Array.from({ length: 33 }, () => 1)),
  fc.integer(),
  fc.double(),
);

type Fields = Record<string, unknown>;

/** One field of the value, or of a map in it, is replaced, added or taken away. */
function damaged(sound: fc.Arbitrary<Fields>): fc.Arbitrary<Fields> {
  const change = fc.record({ pick: fc.nat(), inside: fc.boolean(), how: fc.nat(2), junk });
  return fc.tuple(sound, change).map(([value, { pick, inside, how, junk: put }]) => {
    const copy: Fields = structuredClone(value);
    const maps = Object.values(copy)
      .flat()
      .filter((field) => typeof field === 'object' && field?.constructor === Object);
    const target = inside ? ((maps[pick % Math.max(1, maps.length)] as Fields) ?? copy) : copy;
    const names = Object.keys(target);
    const name = names[pick % Math.max(1, names.length)] ?? 'x';
    if (how === 0) target[name] = put;
    else if (how === 1) delete target[name];
    else target[['more', 'signal', 'reason', 'expiresAt', 'stopAfterMs'][pick % 5] ?? ''] = put;
    return copy;
  });
}

describe('hot shapes', () => {
  test('frames: a log whose records overlap, or lie outside of it, is left to the schema', () => {
    const record = { stream: 'stdout', at: 0, bytes: new Uint8Array(10) };
    const at = (...offsets: readonly number[]) => ({
      ...{ t: 'log', attempt: 'J1.1', from: 5, next: 30 },
      records: offsets.map((offset) => ({ ...record, offset })),
    });
    expect([at(5, 15), at(5, 20), at()].map(isHotFrame)).toEqual([true, true, true]);
    expect([at(4), at(5, 14), at(21)].map(isHotFrame)).toEqual([false, false, false]);
    const large = { ...record, offset: 5, bytes: new Uint8Array(logChunkBytesMax + 1) };
    expect(isHotFrame({ ...at(), records: [large], next: 2 ** 20 })).toBe(false);
    expect(isHotFrame({ ...at(), next: 2 ** 48 })).toBe(false);
  });

  test.each([
    ['frames', frame, isHotFrame],
    ['commands', command, isHotCommand],
    ['facts', fact, isHotFact],
  ] as const)('%s: what is sound is known at once', (_name, sound, isHot) => {
    fc.assert(
      fc.property(sound as fc.Arbitrary<Fields>, (value) => isHot(value)),
      runs,
    );
  });

  test.each([
    ['frames', { sound: frame, isHot: isHotFrame, schema: frameSchema }],
    ['commands', { sound: command, isHot: isHotCommand, schema: commandMessageSchema }],
    ['facts', { sound: fact, isHot: isHotFact, schema: factMessageSchema }],
  ] as const)('%s: yes means that the schema gives an equal value', (_name, kind) => {
    const values = kind.sound as fc.Arbitrary<Fields>;
    fc.assert(
      fc.property(fc.oneof(values, damaged(values), damaged(damaged(values))), (value) => {
        if (kind.isHot(value)) expect(kind.schema.parse(value)).toStrictEqual(value);
      }),
      runs,
    );
  });

  test('anything at all: what is no map is left to the schema', () => {
    for (const isHot of [isHotFrame, isHotCommand, isHotFact]) {
      for (const value of [null, undefined, 1, 'x', [], new Uint8Array(3), new Map()]) {
        expect(isHot(value)).toBe(false);
      }
    }
  });
});
