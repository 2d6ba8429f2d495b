/*
 * Pairing codes: what goes in comes out, and nothing else is taken for one.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeValue } from '../../protocol/codec.ts';
import { createKeyPair, formatKey } from '../../protocol/identity.ts';
import {
  createInvite,
  type InvitePlan,
  inviteAddressesMax,
  isExpired,
  isInviteLike,
  parseInvite,
} from '../../protocol/invite.ts';
import { inviteMsMax } from '../../protocol/limits.ts';
import { type Clock, openSystemPorts } from '../../protocol/ports.ts';

const { random } = openSystemPorts();
const nowMs = 1_800_000_000_000;
const clock: Clock = { monotonicMs: () => 0, uptimeMs: () => 0, wallMs: () => nowMs };
const malformed = expect.objectContaining({ code: 'INVITE_MALFORMED' });

const plan: InvitePlan = {
  kind: 'worker',
  hubKey: formatKey(createKeyPair(random).publicKey),
  addresses: [
    { host: '192.168.1.5', port: 49_100 },
    { host: 'hub.example.org', port: 1 },
  ],
  rendezvous: [{ host: '10.0.0.1', port: 65_535 }],
  ttlMs: 600_000,
  random,
  clock,
};

test('invite: a code gives back what it was made of, and the key that the hub expects', () => {
  const made = createInvite(plan);
  const read = parseInvite(made.code);
  expect(read).toMatchObject({
    hubKey: plan.hubKey,
    oneTimeKey: made.oneTimeKey,
    addresses: plan.addresses,
    rendezvous: plan.rendezvous,
    expiresAt: nowMs + plan.ttlMs,
  });
  expect(formatKey(read.oneTimeKeyPair.publicKey)).toBe(made.oneTimeKey);
  expect(made.code).toMatch(/^odl1_[A-Za-z0-9_-]+$/);
  expect(made.code.length).toBeLessThan(250);
});

test('invite: nodes and a relay are carried where there are some, and cost nothing where not', () => {
  const nodes = [{ host: 'meet.example', port: 49_737 }];
  const relay = {
    host: '198.51.100.3',
    port: 49_740,
    key: formatKey(createKeyPair(random).publicKey),
  };
  for (const further of [{ nodes, relay }, { nodes }, { relay }, { nodes: 'public' } as const]) {
    const read = parseInvite(createInvite({ ...plan, ...further }).code);
    expect({ nodes: read.nodes, relay: read.relay }).toEqual({
      nodes: undefined,
      relay: undefined,
      ...further,
    });
  }
  // What an agent of before nodes reads is what it always read.
  const body = createInvite(plan).code.slice('odl1_'.length);
  const fields = decodeValue(new Uint8Array(Buffer.from(body, 'base64url').subarray(0, -4)));
  expect(fields).toHaveLength(5);
});

test('invite: two codes of one hub have different keys, and so has one secret at two hubs', () => {
  expect(createInvite(plan).oneTimeKey).not.toBe(createInvite(plan).oneTimeKey);
  const fixed = { ...random, bytes: (count: number) => new Uint8Array(count) };
  const other = formatKey(createKeyPair(random).publicKey);
  const one = createInvite({ ...plan, random: fixed });
  const two = createInvite({ ...plan, random: fixed, hubKey: other });
  expect(one.oneTimeKey).not.toBe(two.oneTimeKey);
});

test('invite: a code for a cockpit says so, and opens nothing with the beginning of another', () => {
  const fixed = { ...random, bytes: (count: number) => new Uint8Array(count) };
  const made = createInvite({ ...plan, kind: 'cockpit', random: fixed });
  expect(made.code).toMatch(/^wal1_/);
  expect(parseInvite(made.code)).toMatchObject({ kind: 'cockpit', oneTimeKey: made.oneTimeKey });
  expect(isInviteLike(made.code.slice(0, 9))).toBe(true);
  expect(isInviteLike('work')).toBe(false);
  const changed = parseInvite(made.code.replace('wal1_', 'odl1_'));
  expect(changed.kind).toBe('worker');
  expect(changed.oneTimeKey).not.toBe(made.oneTimeKey);
  expect(changed.oneTimeKey).toBe(createInvite({ ...plan, random: fixed }).oneTimeKey);
});

test('invite: white space around and inside a code does no harm', () => {
  const { code, oneTimeKey } = createInvite(plan);
  const wrapped = `\n  ${code.slice(0, 40)}\r\n${code.slice(40)}\t\n`;
  expect(parseInvite(wrapped).oneTimeKey).toBe(oneTimeKey);
});

test('invite: a code cut short, lengthened or with one letter changed is malformed', () => {
  const { code } = createInvite(plan);
  for (let length = 0; length < code.length; length += 1) {
    expect(() => parseInvite(code.slice(0, length))).toThrow(malformed);
  }
  expect(() => parseInvite(`${code}A`)).toThrow(malformed);
  for (let at = 0; at < code.length; at += 1) {
    const swapped = code[at] === 'x' ? 'y' : 'x';
    const changed = code.slice(0, at) + swapped + code.slice(at + 1);
    expect(() => parseInvite(changed)).toThrow(malformed);
  }
});

test('invite: no other text is taken for a code', () => {
  for (const text of ['odl1_', 'odl2_AAAA', 'odl1_====', `odl1_${'A'.repeat(20_000)}`, 'hello']) {
    expect(() => parseInvite(text)).toThrow(malformed);
  }
  void fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => parseInvite(`odl1_${text}`)).toThrow(malformed);
    }),
    { numRuns: 100 },
  );
});

test('invite: fields of the wrong kind are malformed though the checksum is right', () => {
  const wrongPlans: readonly Partial<InvitePlan>[] = [
    { addresses: [{ host: '', port: 1 }] },
    { addresses: [{ host: 'a'.repeat(254), port: 1 }] },
    { addresses: [{ host: 'a', port: 0 }] },
    { rendezvous: [{ host: 'a', port: 65_536 }] },
    { rendezvous: [{ host: 'a', port: 1.5 }] },
    { random: { ...random, bytes: () => new Uint8Array(15) } },
    { clock: { ...clock, wallMs: () => Number.MAX_VALUE } },
  ];
  for (const wrong of wrongPlans) {
    const { code } = createInvite({ ...plan, ...wrong });
    expect(() => parseInvite(code)).toThrow(malformed);
  }
});

test('invite: more addresses than a code may hold are left out, the first ones stay', () => {
  const addresses = Array.from({ length: 20 }, (_, index) => ({ host: 'h', port: index + 1 }));
  const read = parseInvite(createInvite({ ...plan, addresses }).code);
  expect(read.addresses).toEqual(addresses.slice(0, inviteAddressesMax));
});

test('invite: it is over at its end and not a moment before', () => {
  const { expiresAt } = createInvite(plan);
  expect(isExpired({ expiresAt }, expiresAt - 1)).toBe(false);
  expect(isExpired({ expiresAt }, expiresAt)).toBe(true);
});

test('invite: a life of nothing or beyond a day is refused', () => {
  for (const ttlMs of [0, -1, Number.NaN, inviteMsMax + 1]) {
    expect(() => createInvite({ ...plan, ttlMs })).toThrow(
      expect.objectContaining({ code: 'USAGE_ARGUMENT' }),
    );
  }
  expect(createInvite({ ...plan, ttlMs: inviteMsMax }).expiresAt).toBe(nowMs + inviteMsMax);
});
