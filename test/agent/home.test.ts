/*
 * The agent's home: where things lie, what its config may say, and the pairing written whole.
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type AgentHome,
  findAgentHome,
  findPairing,
  type Pairing,
  readAgentConfig,
  savePairing,
} from '../../agent/home.ts';

const pairing: Pairing = {
  hub: 'ab'.repeat(32),
  name: 'alice',
  addresses: [{ host: '192.168.1.5', port: 49_100 }],
  rendezvous: [],
};

let home: AgentHome;

beforeEach(() => {
  home = findAgentHome(mkdtempSync(join(tmpdir(), 'odally-home-')));
});

afterEach(() => rmSync(home.directory, { recursive: true, force: true }));

describe('agent home', () => {
  test('agent home: it is the one named, and ~/.odally without a name', () => {
    expect(findAgentHome(undefined).directory).toBe(join(homedir(), '.odally'));
    expect(findAgentHome('').directory).toBe(join(homedir(), '.odally'));
    const { directory, ...paths } = findAgentHome('/srv/../srv/box');
    expect(directory).toBe('/srv/box');
    expect(Object.values(paths).every((path) => path.startsWith('/srv/box/'))).toBe(true);
    expect(new Set(Object.values(paths)).size).toBe(Object.keys(paths).length);
  });

  const keep = { audit_days: 730, audit_bytes_max: 256 * 1024 * 1024 };

  test('agent home: without a config every setting has its default', async () => {
    expect(await readAgentConfig(home)).toEqual({
      hub_addresses: [],
      has: [],
      grace_ms: 5000,
      logs: { bytes_max: 64 * 1024 * 1024 },
      harness: {},
      terminal: { allowed: true },
      disk: { watermark_bytes: 268_435_456, ballast_bytes: 67_108_864 },
      keep,
    });
  });

  test('agent home: settings of the config are taken', async () => {
    writeFileSync(
      home.config,
      'host = "box"\nslots = 2\nhub_addresses = ["127.0.0.1:7000"]\nhas = ["gpu"]\ngrace_ms = 0\n[logs]\nbytes_max = 65536\n[disk]\nwatermark_bytes = 1\n[harness.claude]\ncommand = ["claude", "-p"]\n',
    );
    expect(await readAgentConfig(home)).toEqual({
      host: 'box',
      slots: 2,
      hub_addresses: [{ host: '127.0.0.1', port: 7000 }],
      has: ['gpu'],
      grace_ms: 0,
      logs: { bytes_max: 65_536 },
      harness: { claude: { command: ['claude', '-p'] } },
      terminal: { allowed: true },
      disk: { watermark_bytes: 1, ballast_bytes: 67_108_864 },
      keep,
    });
  });

  test.each([
    ['slots = 0', 'slots'],
    ['slots = 257', 'slots'],
    ['slot = 1', 'slot'],
    ['[logs]\nbytes_max = 1', 'logs.bytes_max'],
    ['[disk]\nballast_bytes = -1', 'disk.ballast_bytes'],
    ['[terminal]\nallowed = "no"', 'terminal.allowed'],
    ['has = "gpu"', 'has'],
    ['slots =', 'line 1'],
  ])('agent home: a config that says %j is refused, and the place named', async (text, place) => {
    writeFileSync(home.config, text);
    await expect(readAgentConfig(home)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(place),
    });
  });

  test('agent home: a pairing is kept whole, for its owner’s eyes, and replaced whole', async () => {
    expect(await findPairing(home)).toBeUndefined();
    await savePairing(home, pairing, 1);
    expect(await findPairing(home)).toEqual(pairing);
    expect(statSync(home.pairing).mode & 0o777).toBe(0o600);
    await savePairing(home, { ...pairing, name: 'bob' }, 2);
    expect(await findPairing(home)).toMatchObject({ name: 'bob' });
    expect(readdirSync(home.directory)).toEqual(['pairing.json']);
  });

  test.each(['', '{', '{"hub":"ab"}', JSON.stringify({ ...pairing, hub: 'AB'.repeat(32) })])(
    'agent home: a damaged pairing is an error and not taken for none, %j',
    async (text) => {
      writeFileSync(home.pairing, text);
      await expect(findPairing(home)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    },
  );
});
