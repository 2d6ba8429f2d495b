/*
 * Arbitrary valid values of everything that travels: each frame kind, each message kind, the control
 * conversation and what pairing codes hold.
 *
 * A value made here must be taken by its decoder and come back equal; the property tests hold that,
 * and the fuzz target starts its mutations from such values.
 */
import * as fc from 'fast-check';
import type { Frame } from '../../protocol/frames.ts';
import {
  artifactsCountMax,
  terminalColumnsMax,
  terminalsPerWorkerMax,
} from '../../protocol/limits.ts';
import type { DurableMessage } from '../../protocol/messages.ts';
import { type AttemptId, reconciles } from '../../protocol/model.ts';
import { stripControls } from '../../protocol/peer-text.ts';

const instantMax = 8.64e15;
const offsetMax = 2 ** 48 - 1;

/** Text as a peer may send it and get back: without what is stripped on arrival. */
export function anyText(lettersMax: number): fc.Arbitrary<string> {
  return fc
    .string({ unit: 'binary', maxLength: lettersMax })
    .map((text) => stripControls(text).slice(0, lettersMax).toWellFormed());
}

/** `J12.1`, from the least to the largest. */
export const anyAttempt: fc.Arbitrary<AttemptId> = fc
  .tuple(fc.integer({ min: 1, max: 999_999_999_999 }), fc.integer({ min: 1, max: 999_999 }))
  .map(([job, n]): AttemptId => `J${job}.${n}`);

const instant = fc.integer({ min: 0, max: instantMax });
const fraction = fc.double({ min: 0, max: instantMax, noNaN: true }).map((value) => value + 0);
const cursor = fc.maxSafeNat();
const seq = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const duration = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const hex = (digits: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
    .map((letters) => letters.join(''));
const bytes = (most: number) => fc.uint8Array({ maxLength: most });

/** A record whose optional fields may be missing, never undefined. */
function record<T extends object, K extends keyof T>(
  model: { [P in keyof T]: fc.Arbitrary<T[P]> },
  optional: readonly K[],
) {
  const requiredKeys = (Object.keys(model) as (keyof T)[]).filter(
    (key) => !optional.includes(key as K),
  );
  return fc.record(model, { requiredKeys, noNullPrototype: true });
}

const anySpec = record(
  {
    command: fc.array(fc.string({ maxLength: 60 }).map(wellFormed), { minLength: 1, maxLength: 6 }),
    cwd: fc.string({ maxLength: 80 }).map(wellFormed),
    repo: fc.string({ maxLength: 80 }).map(wellFormed),
    env: fc.dictionary(anyName(), fc.string({ maxLength: 40 }).map(wellFormed), {
      maxKeys: 6,
      noNullPrototype: true,
    }),
    deadlineMs: duration,
    isIdempotent: fc.boolean(),
    lostAfterMs: duration,
    stopAfterMs: duration,
    mayReplace: fc.boolean(),
    reconcile: fc.constantFrom(...reconciles),
  },
  ['cwd', 'repo', 'deadlineMs', 'stopAfterMs', 'mayReplace', 'reconcile'],
);

const anyUsage = record(
  {
    exitCode: fc.integer({ min: -255, max: 255 }),
    signal: fc.constantFrom('SIGKILL', 'SIGTERM', ''),
    cpuMs: fraction,
    memoryBytesPeak: cursor,
  },
  ['exitCode', 'signal', 'cpuMs', 'memoryBytesPeak'],
);

/** Durable messages by kind. */
export const anyMessage: { readonly [K in DurableMessage['kind']]: fc.Arbitrary<DurableMessage> } =
  {
    assign: record(
      {
        kind: fc.constant('assign'),
        attempt: anyAttempt,
        spec: anySpec,
        issuedAt: instant,
        expiresAt: instant,
      },
      ['expiresAt'],
    ) as fc.Arbitrary<DurableMessage>,
    cancel: fc.record({ kind: fc.constant('cancel'), attempt: anyAttempt, at: instant }),
    accepted: fc.record({ kind: fc.constant('accepted'), attempt: anyAttempt, at: instant }),
    started: fc.record({ kind: fc.constant('started'), attempt: anyAttempt, at: instant }),
    finished: record(
      {
        kind: fc.constant('finished'),
        attempt: anyAttempt,
        at: instant,
        outcome: fc.constantFrom('succeeded', 'failed', 'cancelled', 'expired', 'refused', 'lost'),
        code: anyText(64),
        reason: anyText(200),
        startedAt: instant,
        usage: anyUsage,
        logBytes: cursor,
      },
      ['code', 'reason', 'startedAt'],
    ) as fc.Arbitrary<DurableMessage>,
  };

const anyHello = record(
  {
    t: fc.constant('hello'),
    protoMin: fc.integer({ min: 1, max: 9 }),
    protoMax: fc.integer({ min: 1, max: 9 }),
    role: fc.constantFrom('hub', 'agent'),
    version: anyText(64),
    store: hex(32),
    incarnation: seq,
    forStore: fc.option(hex(32)),
    received: cursor,
    queued: cursor,
    isOpen: fc.boolean(),
    wallMs: fraction,
    name: anyText(64),
    host: anyText(256),
    takesMany: fc.boolean(),
    build: anyText(96),
    draining: anyText(16),
    capabilities: fc.record({
      os: anyText(64),
      arch: anyText(64),
      cpus: fc.integer({ min: 0, max: 100_000 }),
      memoryBytes: fraction,
      has: fc.array(anyText(64), { maxLength: 8 }),
    }),
    inventory: fc.array(
      fc.record({
        attempt: anyAttempt,
        state: fc.constantFrom('accepted', 'starting', 'running', 'finished'),
      }),
      { maxLength: 12 },
    ),
  },
  ['name', 'host', 'takesMany', 'build', 'draining', 'capabilities', 'inventory'],
) as fc.Arbitrary<Frame>;

/** A log frame whose records lie in place. */
const anyLog: fc.Arbitrary<Frame> = fc
  .record({
    attempt: anyAttempt,
    from: fc.integer({ min: 0, max: offsetMax - 100_000 }),
    pieces: fc.array(
      fc.record({
        gap: fc.nat(1000),
        stream: fc.constantFrom('stdout' as const, 'stderr' as const),
        at: fc.integer({ min: 0, max: offsetMax }),
        bytes: bytes(300),
      }),
      { maxLength: 12 },
    ),
    tail: fc.nat(1000),
  })
  .map(({ attempt, from, pieces, tail }) => {
    let end = from;
    const records = pieces.map(({ gap, ...piece }) => {
      const offset = end + gap;
      end = offset + piece.bytes.length;
      return { offset, ...piece };
    });
    return { t: 'log', attempt, from, records, next: end + tail };
  });

const anyFinding = fc.record({
  id: anyText(64),
  severity: fc.constantFrom('error', 'warning'),
  seen: anyText(400),
  wanted: anyText(400),
  advice: anyText(400),
});

/** Frames by kind. */
export const anyFrame: { readonly [K in Frame['t']]: fc.Arbitrary<Frame> } = {
  hello: anyHello,
  data: record(
    {
      t: fc.constant('data'),
      seq,
      body: fc.uint8Array({ minLength: 1, maxLength: 600 }),
      more: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12 }),
    },
    ['more'],
  ) as fc.Arbitrary<Frame>,
  ended: fc.record({
    t: fc.constant('ended'),
    reports: fc.array(fc.uint8Array({ minLength: 1, maxLength: 80 }), { maxLength: 12 }),
  }),
  'ended-kept': fc.record({
    t: fc.constant('ended-kept'),
    attempts: fc.array(anyAttempt, { maxLength: 12 }),
  }),
  ack: fc.record({
    t: fc.constant('ack'),
    received: cursor,
    need: fc.array(seq, { maxLength: 32 }),
  }),
  ping: record(
    {
      t: fc.constant('ping'),
      at: fraction,
      load: fc.record({ cpuLoad: fc.nat(99), memoryFreeBytes: fc.nat(), diskFreeBytes: fc.nat() }),
    },
    ['load'],
  ) as fc.Arbitrary<Frame>,
  pong: record({ t: fc.constant('pong'), at: fraction, queued: cursor }, [
    'queued',
  ]) as fc.Arbitrary<Frame>,
  'log-ask': fc.record({ t: fc.constant('log-ask'), attempt: anyAttempt }),
  log: anyLog,
  'log-ack': fc.record({
    t: fc.constant('log-ack'),
    attempt: anyAttempt,
    offset: cursor,
    isReset: fc.boolean(),
  }),
  'tree-ask': fc.record({
    t: fc.constant('tree-ask'),
    id: cursor,
    attempt: anyAttempt,
    discard: fc.boolean(),
  }),
  tree: record(
    {
      t: fc.constant('tree'),
      id: cursor,
      kept: fc.record({ directory: anyText(400), changes: cursor, commits: cursor }),
    },
    ['kept'],
  ) as fc.Arbitrary<Frame>,
  'artifact-ask': fc.record({
    t: fc.constant('artifact-ask'),
    attempt: anyAttempt,
    index: fc.nat(artifactsCountMax),
  }),
  artifact: fc.record({
    t: fc.constant('artifact'),
    attempt: anyAttempt,
    index: fc.nat(artifactsCountMax),
    from: cursor,
    bytes: bytes(300),
  }),
  'artifact-ack': fc.record({
    t: fc.constant('artifact-ack'),
    attempt: anyAttempt,
    index: fc.nat(artifactsCountMax),
    offset: cursor,
    isReset: fc.boolean(),
    isDone: fc.boolean(),
  }),
  pair: fc.record({ t: fc.constant('pair'), key: hex(64), host: anyText(256) }),
  paired: fc.record({ t: fc.constant('paired'), name: anyText(64) }),
  'doctor-ask': fc.record({ t: fc.constant('doctor-ask'), id: cursor, fix: fc.boolean() }),
  doctor: fc.record({
    t: fc.constant('doctor'),
    id: cursor,
    findings: fc.array(anyFinding, { maxLength: 3 }),
    fixed: fc.array(anyFinding, { maxLength: 3 }),
  }),
  policy: fc.record({
    t: fc.constant('policy'),
    is: fc.constantFrom('open', 'ruled', 'broken'),
    lines: fc.array(anyText(200), { maxLength: 8 }),
  }),
  'terminal-open': record(
    {
      t: fc.constant('terminal-open'),
      id: cursor,
      columns: fc.integer({ min: 1, max: terminalColumnsMax }),
      rows: fc.integer({ min: 1, max: terminalColumnsMax }),
      term: anyText(64),
      attempt: anyAttempt,
      directory: anyText(80),
    },
    ['attempt', 'directory'],
  ) as fc.Arbitrary<Frame>,
  'terminal-opened': fc.record({
    t: fc.constant('terminal-opened'),
    id: cursor,
    directory: anyText(80),
  }),
  'terminal-data': fc.record({
    t: fc.constant('terminal-data'),
    id: cursor,
    from: cursor,
    bytes: bytes(300),
  }),
  'terminal-ack': fc.record({ t: fc.constant('terminal-ack'), id: cursor, offset: cursor }),
  'terminal-size': fc.record({
    t: fc.constant('terminal-size'),
    id: cursor,
    columns: fc.integer({ min: 1, max: terminalColumnsMax }),
    rows: fc.integer({ min: 1, max: terminalColumnsMax }),
  }),
  'terminal-close': fc.record({ t: fc.constant('terminal-close'), id: cursor }),
  'terminal-end': record(
    {
      t: fc.constant('terminal-end'),
      id: cursor,
      at: cursor,
      exitCode: fc.integer(),
      signal: anyText(32),
      code: anyText(64),
      message: anyText(80),
    },
    ['exitCode', 'signal', 'code', 'message'],
  ) as fc.Arbitrary<Frame>,
  'terminal-held': fc.record({
    t: fc.constant('terminal-held'),
    ids: fc.array(cursor, { maxLength: terminalsPerWorkerMax }),
  }),
  draining: fc.record({
    t: fc.constant('draining'),
    why: fc.option(anyText(16)),
  }) as fc.Arbitrary<Frame>,
  'leave-ask': fc.record({
    t: fc.constant('leave-ask'),
    id: cursor,
    discard: fc.array(anyText(32), { maxLength: 8 }),
    isPlan: fc.boolean(),
  }),
  leave: record(
    {
      t: fc.constant('leave'),
      id: cursor,
      as: anyText(16),
      owed: fc.array(fc.record({ attempt: anyAttempt, what: anyText(16) }), { maxLength: 8 }),
      code: anyText(64),
      message: anyText(300),
    },
    ['code', 'message'],
  ) as fc.Arbitrary<Frame>,
  bye: fc.record({ t: fc.constant('bye'), reason: anyText(256) }),
  nak: fc.record({ t: fc.constant('nak'), code: anyText(64), message: anyText(300) }),
};

/** What a screen says to a hub and a hub to a screen, before it is encoded. */
export const anyControl: fc.Arbitrary<unknown> = fc.oneof(
  fc.record({
    t: fc.constant('ask'),
    id: fc.nat(9),
    verb: fc.constantFrom('status', 'dispatch', 'jobs', 'logs', 'watch', 'none'),
    args: fc.jsonValue({ maxDepth: 3 }),
  }),
  fc.record({ t: fc.constant('more'), id: fc.nat(9), count: fc.integer({ min: 1, max: 99 }) }),
  fc.record({ t: fc.constant('drop'), id: fc.nat(9) }),
  fc.record({ t: fc.constant('room'), id: fc.nat(9), count: fc.integer({ min: 1, max: 99 }) }),
  fc.record({
    t: fc.constantFrom('part', 'item', 'done', 'give'),
    id: fc.nat(9),
    json: fc.json().map((text) => new TextEncoder().encode(text)),
  }),
  fc.record({
    t: fc.constant('fail'),
    id: fc.nat(9),
    code: fc.constantFrom('JOB_UNKNOWN', 'NO_SUCH_CODE'),
    message: anyText(80),
  }),
);

/** What a pairing code holds, before checksum and letters. */
export const anyInviteFields: fc.Arbitrary<unknown> = fc.tuple(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  cursor,
  fc.array(fc.tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 })), { maxLength: 3 }),
  fc.array(fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 })), { maxLength: 3 }),
);

function wellFormed(text: string): string {
  return text.toWellFormed();
}

/** A name of the environment; `__proto__` is renamed by the codec and has a test of its own. */
function anyName(): fc.Arbitrary<string> {
  return fc.stringMatching(/^[A-Za-z_]{1,12}$/).filter((name) => name !== '__proto__');
}
