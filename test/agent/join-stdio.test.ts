/*
 * Pairing over the bytes of a process: the code comes first, the exchange after it, on the same stream.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findAgentHome, findPairing } from '../../agent/home.ts';
import { joinOverStdio } from '../../agent/join-stdio.ts';
import type { Program } from '../../agent/ports.ts';
import { AppError } from '../../protocol/errors.ts';
import { createKeyPair, formatKey } from '../../protocol/identity.ts';
import { createInvite, type NewInvite } from '../../protocol/invite.ts';
import { answerPair, type PairRequest } from '../../protocol/pairing.ts';
import { openSystemPorts } from '../../protocol/ports.ts';
import { answerOverStdio } from '../../protocol/transports/stdio.ts';

const ports = openSystemPorts();
const hub = createKeyPair(ports.random);
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wally-join-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

function invite(): NewInvite {
  return createInvite({
    kind: 'worker',
    hubKey: formatKey(hub.publicKey),
    addresses: [{ host: '127.0.0.1', port: 9 }],
    rendezvous: [],
    ttlMs: 60_000,
    ...ports,
  });
}

interface Joining {
  readonly hubEnd: Duplex;
  readonly said: string[];
  readonly status: Promise<number>;
}

function startJoin(): Joining {
  const [hubEnd, boxEnd] = duplexPair();
  const said: string[] = [];
  const program: Partial<Program> = {
    ports,
    pid: 1,
    hostname: 'workbench',
    bytes: () => ({ incoming: boxEnd, outgoing: boxEnd }),
    say: (line) => said.push(line),
  };
  const home = findAgentHome(directory);
  const parts = { program: program as Program, home, noticed: () => undefined };
  return { hubEnd, said, status: joinOverStdio(parts) };
}

/** The hub's part: lets in who has the one-time key, and decides. */
async function answer(
  bytes: Duplex,
  { oneTimeKey }: NewInvite,
  decide: (request: PairRequest) => Promise<string>,
): Promise<void> {
  const link = await answerOverStdio({
    bytes: { incoming: bytes, outgoing: bytes },
    keyPair: hub,
    timers: ports.timers,
    admits: (key) => key === oneTimeKey,
    patienceMs: 5000,
  });
  answerPair(link, ports.timers, decide);
}

test('join over stdio: the code and the exchange share one stream, and the home is paired', async () => {
  const code = invite();
  const { hubEnd, said, status } = startJoin();
  hubEnd.write(`${code.code}\n`);
  let asked: PairRequest | undefined;
  await answer(hubEnd, code, async (request) => {
    asked = request;
    return 'alice';
  });
  expect(await status).toBe(0);
  expect(said.at(-1)).toBe('Paired as alice.');
  expect(asked?.host).toBe('workbench');
  expect(await findPairing(findAgentHome(directory))).toMatchObject({
    hub: formatKey(hub.publicKey),
    name: 'alice',
    addresses: [{ host: '127.0.0.1', port: 9 }],
  });
});

test('join over stdio: what the hub refuses is the error, and the home stays unpaired', async () => {
  const code = invite();
  const { hubEnd, status } = startJoin();
  hubEnd.write(`${code.code}\n`);
  const refused = expect(status).rejects.toMatchObject({ code: 'INVITE_USED' });
  await answer(hubEnd, code, () => Promise.reject(new AppError('INVITE_USED')));
  await refused;
  expect(await findPairing(findAgentHome(directory))).toBeUndefined();
});

test('join over stdio: bytes that end before a code pair nothing', async () => {
  const { hubEnd, status } = startJoin();
  const refused = expect(status).rejects.toMatchObject({ code: 'INVITE_MALFORMED' });
  hubEnd.end('odl1_half');
  await refused;
});
