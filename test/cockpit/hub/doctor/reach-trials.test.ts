/*
 * The checks of the ways to workers, each broken in a hub that runs.
 */
import { describe } from 'vitest';
import { flapsMax, flapsWithinMs } from '../../../../cockpit/hub/doctor/limits.ts';
import { blockedAfterMs } from '../../../../cockpit/manager/ladder.ts';
import { helloMsMax, unopenedMax, unopenedWithinMs } from '../../../../protocol/limits.ts';
import { type Trial, tryChecks } from '../../../kit/doctor-trial.ts';
import { alice } from '../hub-bench.ts';
import { type HubPatient, openHubPatient } from './hub-patient.ts';

const loopback = [{ host: '127.0.0.1', port: 4444 }];

const trials: Record<string, Trial<HubPatient>> = {
  'link-blocked': {
    breaks: ({ ports }) => ports.advance(2 * blockedAfterMs),
    seen: /can't be reached: it has not dialled since the hub started; no ssh to its box is known/,
    mend: async ({ hub, join }) => {
      for (const { key } of hub.workers.list()) await join(key);
    },
  },
  'link-flaps': {
    breaks: async ({ join, rest }) => {
      for (let count = 0; count <= flapsMax; count += 1) {
        const peer = await join(alice);
        peer.close();
        await rest();
      }
    },
    seen: /Its links ended \d+ times in the last 10 minutes/,
    mend: ({ ports }) => ports.advance(flapsWithinMs),
  },
  'session-half-open': {
    breaks: async ({ dial, ports }) => {
      for (let count = 0; count <= unopenedMax; count += 1) {
        dial(alice);
        // It never says hello.
        await ports.advance(helloMsMax);
      }
    },
    seen: /4 links of alice came and never opened in the last 10 minutes, the last for LINK_TIMEOUT/,
    mend: ({ ports }) => ports.advance(unopenedWithinMs),
  },
  'hub-nat-random': {
    breaks: async ({ hub, ports }) => {
      Object.assign(hub.door, { nodes: 'public', hasRandomNat: () => true });
      await ports.advance(2 * blockedAfterMs);
    },
    seen: /Each node of the rendezvous sees this hub at another port; alice, bob cannot meet it/,
    mend: ({ hub }) => {
      const relay = { host: '10.0.0.1', port: 4, key: 'ab'.repeat(32) };
      Object.assign(hub.door, { relay });
    },
  },
  'rendezvous-silent': {
    breaks({ hub }) {
      let count = 0;
      const announce = () => {
        count = 3;
      };
      Object.assign(hub.door, { meetingNodeCount: () => count, announce });
    },
    seen: /None of the nodes that \[swarm\] rendezvous names has answered/,
    fix: 'anywhere',
  },
  'hub-not-dialable': {
    breaks({ hub }) {
      Object.assign(hub.door, { addresses: loopback });
      hub.ways.linked(alice, 'stdio');
    },
    seen: /listens for this box alone, and alice can only be had by ssh/,
    mend: ({ hub }) => hub.ways.linked(alice, 'swarm'),
  },
};

describe('checks of reach', () => {
  tryChecks(openHubPatient, trials);
});
