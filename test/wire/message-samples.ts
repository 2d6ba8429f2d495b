/*
 * One value of every message kind of protocol version 1, with every field.
 *
 * As for frames: the golden file holds their bytes, and a value here is never changed once its line is
 * committed. The types demand every kind.
 */
import type { DurableMessage } from '../../protocol/messages.ts';

type Samples<T, K extends string> = Readonly<Record<K, T>>;

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
  'assign:prompt': {
    kind: 'assign',
    attempt: 'J4.1',
    spec: {
      command: [],
      prompt: { harness: 'claude', text: 'Füge einen Test hinzu.\nMehr nicht.' },
      repo: { path: '~/src/app', base: 'origin/main' },
      env: {},
      isIdempotent: false,
      lostAfterMs: 60_000,
    },
    issuedAt: 1,
  },
  'assign:secrets': {
    kind: 'assign',
    attempt: 'J5.1',
    spec: {
      command: ['make'],
      env: { CI: '1', TOKEN: 'hunter22' },
      isIdempotent: false,
      lostAfterMs: 60_000,
      secrets: ['TOKEN'],
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
  'started:whole': {
    kind: 'started',
    attempt: 'J12.1',
    at: 1_800_000_000_003,
    acceptedAt: 1_800_000_000_002,
  },
  'finished:whole': {
    kind: 'finished',
    attempt: 'J12.1',
    at: 1_800_000_000_004,
    outcome: 'succeeded',
    startedAt: 1_800_000_000_003,
    usage: { exitCode: 0 },
    logBytes: 0,
    acceptedAt: 1_800_000_000_002,
  },
  'finished:repeat': {
    kind: 'finished',
    attempt: 'J12.1',
    at: 1_800_000_000_004,
    outcome: 'succeeded',
    startedAt: 1_800_000_000_003,
    usage: { exitCode: 0 },
    logBytes: 0,
    acceptedAt: 1_800_000_000_002,
    isRepeat: true,
  },
  'finished:kept': {
    kind: 'finished',
    attempt: 'J4.1',
    at: 2,
    outcome: 'succeeded',
    usage: { exitCode: 0 },
    logBytes: 0,
    kept: {
      directory: '/srv/odally/trees/J4.1',
      changes: 2,
      commits: 1,
      note: 'a rebase is under way',
    },
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
