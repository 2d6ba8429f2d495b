/*
 * The agent's door for a hub that comes by ssh, and the bridge that brings it there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runBridge } from '../../agent/bridge.ts';
import type { Program } from '../../agent/ports.ts';
import { openStdioDoor } from '../../agent/stdio-door.ts';
import { createKeyPair, formatKey, type KeyPair } from '../../protocol/identity.ts';
import { openSystemPorts } from '../../protocol/ports.ts';
import type { Link, Listener } from '../../protocol/transports/link.ts';
import { answerOverStdio } from '../../protocol/transports/stdio.ts';
import { makeFrame, watchLink } from '../conformance/transport.ts';

const ports = openSystemPorts();
const hub = createKeyPair(ports.random);
const box = createKeyPair(ports.random);
const boxKey = formatKey(box.publicKey);
let home: string;
let door: Listener | undefined;
let notices: string[];
let taken: ((link: Link) => void)[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'wally-stdio-'));
  notices = [];
  taken = [];
});

afterEach(async () => {
  await door?.close();
  door = undefined;
  rmSync(home, { recursive: true });
});

async function openDoor(): Promise<void> {
  door = await openStdioDoor({
    path: join(home, 'stdio.sock'),
    keyPair: box,
    hub: formatKey(hub.publicKey),
    ports,
    accept: (link) => taken.shift()?.(link),
    noticed: (line) => notices.push(line),
  });
}

/** The bridge as a hub sees it: bytes, what it said, and its status. */
function startBridge(): { hubEnd: Duplex; said: string[]; status: Promise<number> } {
  const [hubEnd, boxEnd] = duplexPair();
  const said: string[] = [];
  const program: Partial<Program> = {
    ports,
    env: { ODALLY_HOME: home },
    bytes: () => ({ incoming: boxEnd, outgoing: boxEnd }),
    say: (line) => said.push(line),
  };
  return { hubEnd, said, status: runBridge(program as Program) };
}

const answer = (bytes: Duplex, keyPair: KeyPair) =>
  answerOverStdio({
    bytes: { incoming: bytes, outgoing: bytes },
    keyPair,
    timers: ports.timers,
    admits: (key) => key === boxKey,
    patienceMs: 5000,
  });

test('bridge: brings the hub to the agent, frames go both ways, and it ends with the link', async () => {
  await openDoor();
  const { hubEnd, status } = startBridge();
  const arrival = new Promise<Link>((resolve) => taken.push(resolve));
  const ours = await answer(hubEnd, hub);
  const theirs = await arrival;
  expect([ours.peerKey, theirs.peerKey]).toEqual([boxKey, formatKey(hub.publicKey)]);
  const [near, far] = [watchLink(ours), watchLink(theirs, (bytes) => theirs.send(bytes))];
  ours.send(makeFrame(1, 100_000));
  await near.until(() => near.frames.length === 1);
  ours.close('done');
  await far.until(() => far.reasons.length === 1);
  expect(far.reasons).toEqual(['closed by peer']);
  expect(await status).toBe(0);
});

test('bridge: a dropped ssh ends the link, and the door takes the next', async () => {
  await openDoor();
  for (let round = 0; round < 2; round += 1) {
    const { hubEnd, status } = startBridge();
    const arrival = new Promise<Link>((resolve) => taken.push(resolve));
    await answer(hubEnd, hub);
    const far = watchLink(await arrival);
    // As sshd does it: what the program reads ends.
    hubEnd.end();
    await far.until(() => far.reasons.length === 1);
    expect(await status).toBe(0);
  }
});

test('bridge: where no agent runs it says so and ends with status 3', async () => {
  const { said, status, hubEnd } = startBridge();
  expect(await status).toBe(3);
  expect(said.join()).toContain(`No agent runs on ${home}. [AGENT_UNREACHABLE]`);
  expect(hubEnd.read()).toBeNull();
});

test('stdio door: who is not the hub gets no link, and the agent says so', async () => {
  await openDoor();
  const { hubEnd, status } = startBridge();
  const other = createKeyPair(ports.random);
  await expect(answer(hubEnd, other)).rejects.toMatchObject({ code: 'LINK_LOST' });
  hubEnd.destroy();
  expect(await status).toBe(0);
  expect(notices).toEqual([expect.stringContaining('not the hub')]);
});
