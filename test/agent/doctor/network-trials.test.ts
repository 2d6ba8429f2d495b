/*
 * The checks of the way to the hub, each broken for real: a socket that answers nothing, links that never open.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { savePairing } from '../../../agent/home.ts';
import { KeepLink } from '../../../agent/loops/keep-link.ts';
import { createKeyPair } from '../../../protocol/identity.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import type { Reach } from '../../../protocol/reach.ts';
import { Session } from '../../../protocol/session.ts';
import type { Link } from '../../../protocol/transports/link.ts';
import { createLinkPair } from '../../../protocol/transports/memory.ts';
import { openAgentSwarm } from '../../../protocol/transports/swarm.ts';
import { type Trial, tryChecks } from '../../kit/doctor-trial.ts';
import { makeHello, ownStore, RawPeer } from '../../protocol/raw-peer.ts';
import { Host, zero } from '../../protocol/session-bench.ts';
import { type AgentPatient, openAgentPatient, pairedHub, soundLink } from './agent-patient.ts';

const ports = openSystemPorts();
let cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

/** A loop that dials so, once; its patient's agent tells of it. */
async function dialOnce(patient: AgentPatient, dial: () => Promise<Link>): Promise<Session> {
  const host = new Host();
  const identity = { role: 'agent', version: '1', store: ownStore, incarnation: 1 } as const;
  const load = { read: () => undefined, told: () => undefined };
  const session = new Session({ host, ports, identity, load, knownStore: null, marks: zero });
  let dialled: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    dialled = resolve;
  });
  let count = 0;
  const loop = new KeepLink({
    session,
    ports,
    dial: async () => {
      count += 1;
      if (count > 1) {
        loop.stop();
        dialled();
      }
      return dial();
    },
  });
  void loop.start();
  await over;
  cleanups.push(() => session.stop('over'));
  const { kv, health, storeId, held, trouble, guard, trail } = patient.live as NonNullable<
    AgentPatient['live']
  >;
  patient.live = {
    ...{ kv, health, storeId, held, trouble, guard, trail, hasRandomNat: false },
    get way() {
      return loop.way;
    },
  };
  return session;
}

async function pair({ home }: AgentPatient, reach: Reach): Promise<void> {
  await savePairing(home, { hub: pairedHub, name: 'alice', ...reach }, 1);
}

/** A link whose hub greets. */
async function greet(session: Session): Promise<void> {
  const [near, far] = createLinkPair('a', 'b');
  void session.attach(near);
  new RawPeer(far).say(makeHello({ role: 'hub' }));
  while (session.connection === undefined) await new Promise((resolve) => setImmediate(resolve));
}

let session: Session;

const trials: Record<string, Trial<AgentPatient>> = {
  'hub-udp-silent': {
    breaks: async (patient) => {
      const silent = createSocket('udp4').bind(0, '127.0.0.1');
      await once(silent, 'listening');
      const swarm = await openAgentSwarm({ ports });
      cleanups.push(
        () => silent.close(),
        () => swarm.close(),
      );
      const { port } = silent.address();
      const reach = { addresses: [{ host: '127.0.0.1', port }], rendezvous: [] };
      await pair(patient, reach);
      const keyPair = createKeyPair(ports.random);
      session = await dialOnce(patient, () =>
        swarm.dial({ hubKey: pairedHub, keyPair, ...reach, timeoutMs: 300 }),
      );
    },
    seen: /No packet to 127.0.0.1:\d+ was answered; the hub is not linked/,
    mend: () => greet(session),
  },
  'hub-half-open': {
    breaks: async (patient) => {
      const dial = async () => {
        const [near, far] = createLinkPair('a', 'b');
        new RawPeer(far).close();
        return near;
      };
      session = await dialOnce(patient, dial);
      while (session.unopened.length < 4) await session.attach(await dial());
    },
    seen: /[45] links to the hub came and never opened in the last 10 minutes, the last for closed by peer/,
    mend: (patient) => Object.assign(patient, { live: { ...patient.live, ...soundLink } }),
  },
  'nat-random': {
    breaks: async (patient) => {
      await pair(patient, { addresses: [], rendezvous: [], nodes: 'public' });
      const way = { ...soundLink.way, carrier: null };
      Object.assign(patient, { live: { ...patient.live, way, hasRandomNat: true } });
    },
    seen: /Each node of the rendezvous sees this box at another port, and no relay is known/,
    mend: (patient) => {
      const relay = { host: '127.0.0.1', port: 4, key: 'ab'.repeat(32) };
      return pair(patient, { addresses: [], rendezvous: [], nodes: 'public', relay });
    },
  },
};

describe('checks of the way to the hub', () => {
  tryChecks(openAgentPatient, trials);

  test('hub-udp-silent: a hub that comes by ssh is missed only where it could be dialled', async () => {
    const patient = await openAgentPatient();
    cleanups.push(() => patient.close());
    const way = { carrier: 'stdio', isUnanswered: true, unopened: [] } as const;
    Object.assign(patient, { live: { ...patient.live, way } });
    const find = async (host: string) => {
      await pair(patient, { addresses: [{ host, port: 4 }], rendezvous: [] });
      const { findings } = await patient.diagnose({ mode: 'look' });
      return findings.filter(({ id }) => id === 'hub-udp-silent').map(({ seen }) => seen);
    };
    expect(await find('127.0.0.1')).toEqual([]);
    expect(await find('10.0.0.7')).toEqual([
      'No packet to 10.0.0.7:4 was answered; the hub came by ssh.',
    ]);
  });

  test('hub-refused: a box that was revoked hears no word of UDP', async () => {
    const patient = await openAgentPatient();
    cleanups.push(() => patient.close());
    await pair(patient, { addresses: [{ host: '10.0.0.7', port: 4 }], rendezvous: [] });
    const way = { carrier: null, isUnanswered: true, unopened: [] } as const;
    Object.assign(patient, { live: { ...patient.live, way, trouble: 'WORKER_REVOKED' } });
    const { findings } = await patient.diagnose({ mode: 'look' });
    expect(findings).toMatchObject([
      { id: 'hub-refused', advice: expect.stringMatching(/runs on, for nobody: `odally stop`/) },
    ]);
  });
});
