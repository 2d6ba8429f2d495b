/*
 * Samples of the frames about an agent's own life on its box: versions, holding work back,
 * leaving, and what work left.
 *
 * Part of `samples.ts`, with the same rule: a value whose line is committed never changes.
 */
import type { Frame } from '../../protocol/frames.ts';

const store = '0123456789abcdef0123456789abcdef';

/** Frames by kind. */
export const boxFrames = {
  'tree-ask': { t: 'tree-ask', id: 7, attempt: 'J4.1', discard: false },
  tree: { t: 'tree', id: 7 },
  'tree:kept': {
    t: 'tree',
    id: 7,
    kept: { directory: '/srv/odally/trees/J4.1', changes: 0, commits: 1 },
  },
  'hello:upgraded': {
    t: 'hello',
    protoMin: 1,
    protoMax: 1,
    role: 'agent',
    version: '0.2.0',
    store,
    incarnation: 3,
    forStore: null,
    received: 0,
    queued: 0,
    isOpen: false,
    wallMs: 0,
    build: '0.2.0-0123456789ab',
    draining: 'upgrade',
    upgrade: {
      from: '0.1.0-ba9876543210',
      to: '0.2.0-0123456789ab',
      as: 'rolled-back',
      code: 'UPGRADE_ROLLED_BACK',
      message: 'It did not come up.',
      at: 1_800_000_000_006,
    },
  },
  draining: { t: 'draining', why: 'leave' },
  'draining:over': { t: 'draining', why: null },
  'leave-ask': { t: 'leave-ask', id: 7, discard: ['J12.1', 'all'], isPlan: false },
  leave: {
    t: 'leave',
    id: 7,
    as: 'refused',
    owed: [{ attempt: 'J12.1', what: 'running' }],
    code: 'LEAVE_OWED',
    message: 'J12.1 runs.',
  },
  'leave:bare': { t: 'leave', id: 8, as: 'leaving', owed: [] },
  bye: { t: 'bye', reason: 'It leaves its box.' },
} satisfies Readonly<Record<string, Frame>>;
