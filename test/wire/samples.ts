/*
 * One value of every frame kind and every message kind of protocol version 1, with every field.
 *
 * The golden file holds their bytes. A value here is never changed once its line is committed: a
 * new field comes as a further sample under a name of its own. The types demand every kind.
 */
import type { Frame } from '../../protocol/frames.ts';
import { type DurableMessage, encodeMessage } from '../../protocol/messages.ts';

type Samples<T, K extends string> = Readonly<Record<K, T>>;

/** The letters of `word` as bytes. */
function bytes(word: string): Uint8Array {
  return new TextEncoder().encode(word);
}

/** Messages by kind. */
export const messages: Samples<DurableMessage, DurableMessage['kind'] | `${string}:${string}`> = {
  assign: {
    kind: 'assign',
    attempt: 'J12.1',
    spec: {
      command: ['/bin/echo', 'héllo'],
      cwd: '/srv',
      repo: '/srv/repo',
      env: { LANG: 'C', EMPTY: '' },
      deadlineMs: 1_800_000,
      isIdempotent: true,
      lostAfterMs: 86_400_000,
      stopAfterMs: 3_600_000,
    },
    issuedAt: 1_800_000_000_000,
    expiresAt: 1_800_001_800_000,
  },
  'assign:bare': {
    kind: 'assign',
    attempt: 'J1.1',
    spec: { command: ['true'], env: {}, isIdempotent: false, lostAfterMs: 1 },
    issuedAt: 0,
  },
  'assign:replace': {
    kind: 'assign',
    attempt: 'J2.1',
    spec: {
      command: ['true'],
      env: {},
      isIdempotent: true,
      lostAfterMs: 60_000,
      stopAfterMs: 20_000,
      mayReplace: true,
      reconcile: 'first-finished',
    },
    issuedAt: 1,
  },
  'assign:artifacts': {
    kind: 'assign',
    attempt: 'J3.1',
    spec: {
      command: ['make'],
      env: {},
      isIdempotent: false,
      lostAfterMs: 60_000,
      artifacts: ['dist/**/*.tar', 'report.txt'],
    },
    issuedAt: 1,
  },
  cancel: { kind: 'cancel', attempt: 'J12.1', at: 1_800_000_000_001 },
  accepted: { kind: 'accepted', attempt: 'J12.1', at: 1_800_000_000_002 },
  started: { kind: 'started', attempt: 'J12.1', at: 1_800_000_000_003 },
  finished: {
    kind: 'finished',
    attempt: 'J999999999999.999999',
    at: 1_800_000_000_004,
    outcome: 'failed',
    code: 'JOB_SPAWN',
    reason: 'It was ended by SIGKILL.',
    startedAt: 1_800_000_000_003,
    usage: { exitCode: -1, signal: 'SIGKILL', cpuMs: 12.5, memoryBytesPeak: 5_000_000_000 },
    logBytes: 70_000,
  },
  'finished:bare': {
    kind: 'finished',
    attempt: 'J1.2',
    at: 1,
    outcome: 'lost',
    usage: {},
    logBytes: 0,
  },
  'finished:artifacts': {
    kind: 'finished',
    attempt: 'J3.1',
    at: 2,
    outcome: 'succeeded',
    usage: { exitCode: 0 },
    logBytes: 0,
    artifacts: {
      kept: [{ path: 'dist/wally.tar', bytes: 5_000_000_000, sha256: '0f'.repeat(32) }],
      missed: [{ path: 'report.txt', code: 'ARTIFACT_UNKNOWN' }],
    },
  },
};

const store = '0123456789abcdef0123456789abcdef';

/** Frames by kind. */
export const frames: Samples<Frame, Frame['t'] | `${string}:${string}`> = {
  hello: {
    t: 'hello',
    protoMin: 1,
    protoMax: 1,
    role: 'agent',
    version: '0.1.0',
    store,
    incarnation: 3,
    forStore: 'fedcba9876543210fedcba9876543210',
    received: 17,
    queued: 18,
    isOpen: true,
    wallMs: 1_800_000_000_000.5,
    name: 'alice',
    host: 'box-1',
    capabilities: {
      os: 'linux',
      arch: 'x64',
      cpus: 8,
      memoryBytes: 16_000_000_000,
      has: ['git', 'node'],
    },
    inventory: [
      { attempt: 'J12.1', state: 'running' },
      { attempt: 'J13.2', state: 'finished' },
    ],
  },
  'hello:many': {
    t: 'hello',
    protoMin: 1,
    protoMax: 1,
    role: 'hub',
    version: '0.1.0',
    store,
    incarnation: 1,
    forStore: null,
    received: 0,
    queued: 0,
    isOpen: false,
    wallMs: 0,
    takesMany: true,
  },
  'hello:bare': {
    t: 'hello',
    protoMin: 1,
    protoMax: 1,
    role: 'hub',
    version: '0.1.0',
    store,
    incarnation: 1,
    forStore: null,
    received: 0,
    queued: 0,
    isOpen: false,
    wallMs: 0,
  },
  data: { t: 'data', seq: 300, body: encodeMessage(messages.cancel as DurableMessage) },
  'data:many': {
    ...{ t: 'data', seq: 300, body: encodeMessage(messages.cancel as DurableMessage) },
    more: [encodeMessage(messages.accepted as DurableMessage), Uint8Array.of(0xc0)],
  },
  ack: { t: 'ack', received: 297, need: [298, 299] },
  ping: { t: 'ping', at: 1234.25 },
  pong: { t: 'pong', at: 1234.25 },
  'pong:queued': { t: 'pong', at: 1234.25, queued: 300 },
  'pong:wall': { t: 'pong', at: 1234.25, queued: 300, wallMs: 1764111111222.5 },
  'log-ask': { t: 'log-ask', attempt: 'J12.1' },
  log: {
    t: 'log',
    attempt: 'J12.1',
    from: 0,
    records: [
      { offset: 0, stream: 'stdout', at: 1_800_000_000_000, bytes: bytes('hello\n') },
      { offset: 70_000, stream: 'stderr', at: 1_800_000_000_001, bytes: bytes('oops\n') },
    ],
    next: 70_005,
  },
  'log-ack': { t: 'log-ack', attempt: 'J12.1', offset: 70_005, isReset: false },
  'log-ack:window': {
    t: 'log-ack',
    attempt: 'J12.1',
    offset: 70_005,
    isReset: false,
    window: 4_194_304,
  },
  'artifact-ask': { t: 'artifact-ask', attempt: 'J12.1', index: 3 },
  artifact: { t: 'artifact', attempt: 'J12.1', index: 3, from: 65_536, bytes: bytes('tar') },
  'artifact:gone': {
    t: 'artifact',
    attempt: 'J12.1',
    index: 4,
    from: 0,
    bytes: bytes(''),
    code: 'ARTIFACT_GONE',
  },
  'artifact-ack': {
    t: 'artifact-ack',
    attempt: 'J12.1',
    index: 3,
    offset: 65_539,
    isReset: false,
    isDone: true,
  },
  pair: { t: 'pair', key: 'ab'.repeat(32), host: 'box-1' },
  paired: { t: 'paired', name: 'alice' },
  'doctor-ask': { t: 'doctor-ask', id: 7, fix: true },
  doctor: {
    t: 'doctor',
    id: 7,
    findings: [
      {
        id: 'disk-low',
        severity: 'error',
        seen: '12 MiB are free.',
        wanted: '64 MiB or more.',
        advice: 'Make room.',
      },
    ],
    fixed: [],
  },
  'terminal-open': {
    t: 'terminal-open',
    id: 7,
    columns: 120,
    rows: 40,
    term: 'xterm-256color',
    attempt: 'J12.1',
    directory: '~/src/wally',
  },
  'terminal-open:bare': { t: 'terminal-open', id: 0, columns: 1, rows: 1, term: '' },
  'terminal-opened': { t: 'terminal-opened', id: 7, directory: '/srv/wally' },
  'terminal-data': { t: 'terminal-data', id: 7, from: 70_000, bytes: bytes('ls\r') },
  'terminal-ack': { t: 'terminal-ack', id: 7, offset: 70_003 },
  'terminal-size': { t: 'terminal-size', id: 7, columns: 80, rows: 24 },
  'terminal-close': { t: 'terminal-close', id: 7 },
  'terminal-end': { t: 'terminal-end', id: 7, at: 70_100, exitCode: 130, signal: 'SIGINT' },
  'terminal-end:refused': {
    t: 'terminal-end',
    id: 8,
    at: 0,
    code: 'TERMINAL_REFUSED',
    message: 'The box lets nobody open a terminal.',
  },
  'terminal-held': { t: 'terminal-held', ids: [7, 300] },
  nak: { t: 'nak', code: 'FRAME_UNKNOWN', message: 'I do not know "hug".' },
};
