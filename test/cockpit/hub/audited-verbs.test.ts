/*
 * What the hub writes down of who asked it for what: before the effect, with the name that the key has.
 */
import { describe, expect, test } from 'vitest';
import { runVerb } from '../../../cockpit/hub/control.ts';
import { ControlClient } from '../../../protocol/control-client.ts';
import type { AuditRow } from '../../../store/audit-list.ts';
import { readAuditRows } from '../../../store/audit-read.ts';
import { bareBox } from '../../store/doctor/fake-box.ts';
import { alice } from './hub-bench.ts';
import { type HubInHand, openHubInHand } from './hub-in-hand.ts';

const laptop = 'cc'.repeat(32);

function ask(hand: HubInHand, verb: string, args: Record<string, unknown> = {}) {
  const { hub } = hand;
  const done = runVerb(
    { hub, home: '', pid: 1, box: bareBox, stopHub: () => undefined },
    {
      ...{ verb, args, surface: 'cli' },
      item: async () => true,
      onGive: () => undefined,
      onDrop: () => undefined,
    },
  );
  done.catch(() => undefined);
  return done;
}

async function list(hand: HubInHand): Promise<readonly string[]> {
  const rows = await hand.hub.audit.list({ countMax: 50, isWanted: () => true });
  return rows.map(describeRow);
}

function describeRow({ who, surface, verb, about, worker, result }: AuditRow): string {
  return [who, surface, verb, about ?? '-', worker ?? '-', result ?? 'open'].join(' ');
}

describe('audited verbs', () => {
  test('audit: what changes something is written down with who, from where and what came of it', async () => {
    const hand = await openHubInHand();
    await hand.join(alice);
    await ask(hand, 'dispatch', { command: ['true'], env: ['TOKEN=hunter2'] });
    await ask(hand, 'jobs');
    await ask(hand, 'cancel', { job: 'J1' });
    await ask(hand, 'team rename', { name: 'alice', to: 'ann' });
    await expect(ask(hand, 'cancel', { job: 'J9' })).rejects.toMatchObject({ code: 'JOB_UNKNOWN' });
    await expect(ask(hand, 'dispatch', { command: [] })).rejects.toMatchObject({
      code: 'USAGE_ARGUMENT',
    });
    await ask(hand, 'doctor').catch(() => undefined);
    await hand.ports.advance(1000);
    expect(await list(hand)).toEqual([
      expect.stringMatching(/^owner cli dispatch J1 (alice|bob) done$/),
      'owner cli cancel - - done',
      'owner cli team rename - alice done',
      'owner cli cancel - - JOB_UNKNOWN',
      'owner cli dispatch - - USAGE_ARGUMENT',
    ]);
    const texts: string[] = [];
    for await (const { line } of readAuditRows(hand.hub.kv)) texts.push(line);
    expect(texts.join()).toContain('TOKEN');
    expect(texts.join()).not.toContain('hunter2');
    expect(await hand.hub.audit.verify(hand.hub.audit.tail)).toMatchObject({ isWhole: true });
  });

  test('audit: the entry of a job is in the batch of the job, of all else in one before its effect', async () => {
    const hand = await openHubInHand();
    await hand.join(alice);
    const batches: string[][] = [];
    const { kv } = hand.hub;
    const batch = kv.batch.bind(kv);
    kv.batch = (ops, durability) => {
      batches.push(ops.map(({ key }) => key.split('/')[0] ?? ''));
      return batch(ops, durability);
    };
    await ask(hand, 'dispatch', { command: ['true'] });
    expect(batches.find((keys) => keys.includes('j'))).toContain('au');
    batches.length = 0;
    await ask(hand, 'team rename', { name: 'alice', to: 'ann' });
    const [entry, effect] = ['au', 'w'].map((key) =>
      batches.findIndex((keys) => keys.includes(key)),
    );
    expect(entry).toBeGreaterThanOrEqual(0);
    expect(entry).toBeLessThan(effect ?? 0);
  });

  test('audit: a cockpit is named by its key, whatever it says it is', async () => {
    const hand = await openHubInHand();
    await hand.hub.cockpits.pair({ key: laptop, host: 'laptop' }, () => []);
    const link = hand.link(laptop);
    const client = new ControlClient(link, 'HUB_UNREACHABLE', 'owner, cli: \u001b[2J');
    await expect(client.call('stop', {})).rejects.toMatchObject({ code: 'COCKPIT_FORBIDDEN' });
    const screen = new ControlClient(hand.link(laptop), 'HUB_UNREACHABLE', 'screen');
    await screen.call('invite', {}).catch(() => undefined);
    await expect(screen.call('nonsense', {})).rejects.toMatchObject({ code: 'USAGE_VERB' });
    await hand.ports.advance(1000);
    expect(await list(hand)).toEqual([
      'cockpit laptop unknown stop - - COCKPIT_FORBIDDEN',
      'cockpit laptop screen invite - - done',
      'cockpit laptop screen nonsense - - USAGE_VERB',
    ]);
  });

  test('audit: one who follows sees what is asked, and what came of it, and filters hold', async () => {
    const hand = await openHubInHand();
    await hand.join(alice);
    await hand.hub.cockpits.pair({ key: laptop, host: 'laptop' }, () => []);
    const client = new ControlClient(hand.link(laptop), 'HUB_UNREACHABLE', 'screen');
    const seen: AuditRow[] = [];
    const stream = client.stream('audit', { follow: true, surface: 'laptop' }, (row) => {
      seen.push(row as AuditRow);
    });
    await client.call('dispatch', { command: ['true'] });
    await ask(hand, 'cancel', { job: 'J1' });
    await client.call('team rename', { name: 'alice', to: 'ann' });
    for (let turn = 0; turn < 10; turn += 1) await hand.ports.advance(500);
    const ends = seen.filter(({ result }) => result !== null).map(({ verb }) => verb);
    expect(ends).toEqual(['dispatch', 'team rename']);
    expect(await ask(hand, 'audit', { verb: 'cancel' })).toMatchObject([{ verb: 'cancel' }]);
    expect(await ask(hand, 'audit', { worker: 'alice', surface: 'screen' })).not.toHaveLength(0);
    expect(await ask(hand, 'audit', { surface: 'linear' })).toEqual([]);
    stream.cancel();
  });
});
