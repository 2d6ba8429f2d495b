/*
 * What the fuzz target starts from: the golden frames of every version, and generated valid ones.
 *
 * Entries name the family that they belong to, so that a mutant of a pairing code is tried as a
 * code and not only as a frame. The same seed gives the same corpus.
 */
import * as fc from 'fast-check';
import { encodeValue } from '../../protocol/codec.ts';
import { encodeFrame } from '../../protocol/frames.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { planEvents } from '../../store/journal.ts';
import type { KvOp } from '../../store/kv.ts';
import { readGolden } from '../wire/golden.ts';
import { messages } from '../wire/message-samples.ts';
import { anyControl, anyFrame, anyInviteFields, anyMessage } from './arbitraries.ts';
import { generatedPerKind } from './limits.ts';

/** What a target reads. `any` is every family. */
export type Family = 'frame' | 'message' | 'control' | 'invite' | 'row';

/** One valid value, encoded. */
export interface Specimen {
  readonly family: Family;
  readonly bytes: Uint8Array;
}

/** The corpus of a seed. */
export function openCorpus(seed: number): readonly Specimen[] {
  const draw = <T>(arbitrary: fc.Arbitrary<T>, count = generatedPerKind) =>
    fc.sample(arbitrary, { seed, numRuns: count });
  return [
    ...readGolden().map(({ sort, bytes }): Specimen => ({ family: sort, bytes })),
    ...Object.values(anyFrame).flatMap((arbitrary) =>
      draw(arbitrary).map((frame): Specimen => ({ family: 'frame', bytes: encodeFrame(frame) })),
    ),
    ...Object.values(anyMessage).flatMap((arbitrary) =>
      draw(arbitrary).map((message): Specimen => {
        return { family: 'message', bytes: encodeMessage(message) };
      }),
    ),
    ...draw(anyControl, generatedPerKind * 4).map((value): Specimen => {
      return { family: 'control', bytes: encodeValue(value) };
    }),
    ...draw(anyInviteFields).map((value): Specimen => {
      return { family: 'invite', bytes: encodeValue(value) };
    }),
    ...rows.map((value): Specimen => ({ family: 'row', bytes: value })),
  ];
}

const at = 1_800_000_000_000;
const spec = messages.assign?.kind === 'assign' ? messages.assign.spec : undefined;

/** One row of each kind that has a schema, as its owner writes it. */
const rows: readonly Uint8Array[] = [
  encodeValue({
    kind: 'command',
    id: 'J12',
    title: 'echo',
    createdAt: at,
    parent: null,
    spec,
    targeting: { on: null, need: ['git'] },
    attempts: [
      {
        n: 1,
        worker: 'ab'.repeat(32),
        state: {
          is: 'finished',
          times: { queuedAt: at, sentAt: at, acceptedAt: at, startedAt: at, finishedAt: at },
          end: { outcome: 'succeeded', at, usage: { exitCode: 0 }, logBytes: 6 },
        },
      },
    ],
  }),
  encodeValue({
    kind: 'group',
    id: 'J13',
    title: 'echo',
    createdAt: at,
    spec,
    children: ['J14', 'J15'],
    ended: { outcome: 'failed', at },
  }),
  encodeValue([
    encodeValue({
      attempt: 'J12.1',
      spec: spec ?? { command: [], env: {}, isIdempotent: false, lostAfterMs: 1 },
      issuedAt: at,
      state: {
        is: 'running',
        acceptedAt: at,
        startedAt: at,
        process: { pid: 7, start: '1', mark: 'm' },
      },
    }),
    'J9.1',
  ]),
  encodeValue({
    key: 'ab'.repeat(32),
    name: 'alice',
    formerNames: ['bob'],
    kind: 'odally',
    host: 'box',
    pairedAt: at,
    store: 'c'.repeat(32),
    lastSeenAt: at,
    capabilities: { os: 'linux', arch: 'x64', cpus: 2, memoryBytes: 1, has: ['git'] },
    revokedAt: null,
  }),
  encodeValue({ seq: 1, at, kind: 'attempt-started', job: 'J1', attempt: 'J1.1', note: 'x' }),
  ...planEvents([
    { seq: 1, at, kind: 'attempt-started', job: 'J1', attempt: 'J1.1', note: 'x' },
    { seq: 2, at, kind: 'worker-revoked', worker: 'ab'.repeat(32) },
  ]).map(getValue),
  encodeValue({ oneTimeKey: 'ab'.repeat(32), expiresAt: at, usedBy: null }),
  encodeValue(17),
];

function getValue(op: KvOp): Uint8Array {
  if (op.type !== 'put') throw new Error('a row is put');
  return op.value;
}
