/*
 * Greetings of a hub that says where it may be found.
 */
import type { HelloFrame } from '../../protocol/frames.ts';

const store = '0123456789abcdef0123456789abcdef';

/** By the kinds of their golden lines. */
export const reachFrames: Readonly<Record<'hello:reach' | 'hello:public', HelloFrame>> = {
  'hello:reach': {
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
    reach: {
      addresses: [{ host: '192.0.2.7', port: 4444 }],
      rendezvous: [{ host: '192.0.2.7', port: 4445 }],
      nodes: [{ host: 'meet.example', port: 49_737 }],
      relay: { host: 'meet.example', port: 49_740, key: '0123456789abcdef'.repeat(4) },
    },
  },
  'hello:public': {
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
    reach: { addresses: [], rendezvous: [], nodes: 'public' },
  },
};
