/*
 * The ladders of workers as the hub performs them: over a fake ssh, with real streams and handshakes.
 */
import { duplexPair } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Ssh, SshChannel } from '../../../cockpit/fleet/ssh.ts';
import type { EventNote } from '../../../cockpit/hub/change.ts';
import { sshOpeningMax } from '../../../cockpit/hub/limits.ts';
import { planStdioCommand } from '../../../cockpit/hub/ssh-way.ts';
import { WorkerWays } from '../../../cockpit/hub/worker-ways.ts';
import { sshAfterStartMs } from '../../../cockpit/manager/ladder.ts';
import { AppError } from '../../../protocol/errors.ts';
import { createKeyPair, formatKey } from '../../../protocol/identity.ts';
import type { PeerKey } from '../../../protocol/model.ts';
import { openSystemPorts } from '../../../protocol/ports.ts';
import type { Link } from '../../../protocol/transports/link.ts';
import { answerOverStdio, callOverStdio } from '../../../protocol/transports/stdio.ts';
import { stdioMark } from '../../../protocol/transports/stdio-guard.ts';
import { watchLink } from '../../conformance/transport.ts';
import { FakePorts, settle } from '../../protocol/fake-ports.ts';

const system = openSystemPorts();
const hub = createKeyPair(system.random);
const box = createKeyPair(system.random);
const alice = formatKey(box.publicKey);

type Ending = Awaited<SshChannel['ended']>;

/** One ssh that was opened, with the box at its other end. */
interface Opened {
  readonly command: string;
  readonly boxEnd: ReturnType<typeof duplexPair>[number];
  isClosed: boolean;
  end(how: Partial<Ending>): void;
}

let ports: FakePorts;
let opened: Opened[];
let attached: { readonly link: Link; end(reason: string): void }[];
let events: EventNote[];
let places: Map<PeerKey, { target: string; home?: string }>;
let ways: WorkerWays;
let changes: number;

const ssh: Ssh = {
  run: () => Promise.reject(new AppError('SSH_FAILED')),
  open(_target, command) {
    const [stream, boxEnd] = duplexPair();
    const ended = Promise.withResolvers<Ending>();
    const one: Opened = {
      command,
      boxEnd,
      isClosed: false,
      end(how) {
        boxEnd.end();
        ended.resolve({ code: 255, stdout: '', stderr: '', ...how });
      },
    };
    opened.push(one);
    const close = () => {
      one.isClosed = true;
      stream.destroy();
      boxEnd.destroy();
    };
    return { stream, ended: ended.promise, close };
  },
};

beforeEach(() => {
  ports = new FakePorts();
  ports.roll = 0;
  [opened, attached, events, changes] = [[], [], [], 0];
  places = new Map([[alice, { target: 'me@workbench' }]]);
  ways = new WorkerWays({
    ...{ ssh, ports },
    answer: (bytes, only) =>
      answerOverStdio({
        bytes,
        keyPair: hub,
        timers: system.timers,
        admits: (key) => key === only,
        patienceMs: 5000,
      }),
    attach: (_worker, link) =>
      new Promise((end) => {
        watchLink(link);
        attached.push({ link, end });
      }),
    boxes: {
      find: (worker) => {
        const place = places.get(worker);
        return place === undefined ? undefined : { worker, ssh: place };
      },
    },
    note: (event) => events.push(event),
    changed: () => {
      changes += 1;
    },
  });
});

afterEach(() => ways.stop());

/** Waits for what real streams do. */
async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await new Promise((resolve) => setImmediate(resolve));
}

/** The agent's part at the other end of the newest ssh. */
async function answerAsAgent(): Promise<Link> {
  const { boxEnd } = opened.at(-1) as Opened;
  boxEnd.write('Last login: today\n');
  boxEnd.write(stdioMark);
  const link = await callOverStdio({
    bytes: { incoming: boxEnd, outgoing: boxEnd },
    keyPair: box,
    hubKey: formatKey(hub.publicKey),
    timers: system.timers,
  });
  watchLink(link);
  return link;
}

async function openSsh(): Promise<void> {
  ways.add(alice);
  await ports.advance(sshAfterStartMs);
  await until(() => opened.length === 1);
}

test('ways: an agent that stays away is fetched over ssh, and its session gets the link', async () => {
  await openSsh();
  expect(ways.view(alice).word).toBe('none');
  await answerAsAgent();
  await until(() => attached.length === 1);
  expect(attached[0]?.link.peerKey).toBe(alice);
  ways.linked(alice, 'stdio');
  expect(ways.view(alice)).toMatchObject({ word: 'ssh', reason: null });
  expect(events).toEqual([
    { kind: 'link-ssh', worker: alice, note: 'it has not dialled since the hub started' },
  ]);
  expect(changes).toBe(1);
});

test('ways: when the agent dials in by itself, the ssh is ended', async () => {
  await openSsh();
  await answerAsAgent();
  await until(() => attached.length === 1);
  ways.linked(alice, 'stdio');
  ways.linked(alice, 'swarm');
  expect(opened[0]?.isClosed).toBe(true);
  expect(ways.view(alice).word).toBe('direct');
  expect(events.map(({ kind }) => kind)).toEqual(['link-ssh', 'link-direct']);
});

test('ways: what ssh says of itself is why the worker is blocked', async () => {
  await openSsh();
  const failure = new AppError('SSH_AUTH', 'ssh could not get onto me@workbench: no key');
  opened[0]?.end({ failure });
  await until(() => ways.view(alice).word === 'blocked');
  expect(ways.view(alice).reason).toBe(
    'it has not dialled since the hub started; ssh: ssh could not get onto me@workbench: no key',
  );
  expect(events.map(({ kind }) => kind)).toEqual(['link-blocked']);
  await ports.advance(5000);
  await until(() => opened.length === 2);
});

test.each([
  ['where ssh itself went well', { code: 3 }],
  [
    'where ssh was ended right after it',
    { code: 255, failure: new AppError('SSH_FAILED', 'ssh could not get onto it: Start it.') },
  ],
])('ways: what the box says is why, %s', async (_, how) => {
  await openSsh();
  const stderr = 'Banner\nodally: No agent runs on /h. [AGENT_UNREACHABLE]\nStart it.\n';
  opened[0]?.end({ ...how, stderr });
  await until(() => ways.view(alice).word === 'blocked');
  expect(ways.view(alice).reason).toContain('ssh: No agent runs on /h. [AGENT_UNREACHABLE]');
});

test('ways: a box where another worker answers is not taken for this one', async () => {
  const other = formatKey(createKeyPair(system.random).publicKey);
  places.set(other, { target: 'me@workbench' });
  ways.add(other);
  await ports.advance(sshAfterStartMs);
  await until(() => opened.length === 1);
  await answerAsAgent().catch(() => undefined);
  await until(() => ways.view(other).word === 'blocked');
  expect(attached).toEqual([]);
  expect(ways.view(other).reason).toContain('did not prove to be who it should be');
});

test('ways: a link that the session refuses is told as a failed ssh', async () => {
  await openSsh();
  await answerAsAgent();
  await until(() => attached.length === 1);
  attached[0]?.end('PEER_VERSION');
  await until(() => ways.view(alice).word === 'blocked');
  expect(opened[0]?.isClosed).toBe(true);
});

test('ways: a worker that is revoked leaves no ssh behind, nor does the end', async () => {
  await openSsh();
  ways.remove(alice);
  expect(opened[0]?.isClosed).toBe(true);
  ways.add(alice);
  await ports.advance(sshAfterStartMs);
  await until(() => opened.length === 2);
  ways.stop();
  expect(opened[1]?.isClosed).toBe(true);
  expect(ports.timerCount).toBe(0);
});

test('ways: a place that becomes known is tried, one that is forgotten is not', async () => {
  places.clear();
  ways.add(alice);
  await ports.advance(40_000);
  expect(ways.view(alice).word).toBe('blocked');
  places.set(alice, { target: 'me@workbench' });
  ways.boxChanged(alice);
  await ports.advance(1);
  await until(() => opened.length === 1);
  places.clear();
  ways.boxChanged(alice);
  expect(opened[0]?.isClosed).toBe(true);
});

test('ways: only a few are opened at once, and the others get their turn', async () => {
  const workers = Array.from({ length: sshOpeningMax + 3 }, () =>
    formatKey(createKeyPair(system.random).publicKey),
  );
  for (const worker of workers) {
    places.set(worker, { target: 'me@many' });
    ways.add(worker);
  }
  await ports.advance(sshAfterStartMs);
  await settle();
  expect(opened).toHaveLength(sshOpeningMax);
  for (const one of opened.slice(0, 3)) one.end({});
  await until(() => opened.length === sshOpeningMax + 3);
});

test('ways: the command finds the agent in its home, wherever that is', () => {
  expect(planStdioCommand({})).toContain('ODALLY_HOME="$HOME/.odally"');
  expect(planStdioCommand({ home: '/srv/o' })).toContain('ODALLY_HOME="/srv/o"');
});

test('ways: a link that broke is counted, one of a worker that is refused at each dial is not', async () => {
  await openSsh();
  for (const as of ['broken', 'refused', 'refused'] as const) {
    ways.linked(alice, 'swarm');
    ways.unlinked(alice, 'LINK_TIMEOUT', as);
  }
  expect(ways.view(alice).ends).toEqual([Math.round(ports.clock.wallMs())]);
});
