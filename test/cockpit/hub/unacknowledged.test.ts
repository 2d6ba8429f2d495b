/*
 * What a worker may forget: only what is on the hub's disk, also where the hub itself takes it no more.
 */
import { afterEach, expect, test } from 'vitest';
import type { DiskTiming } from '../../../store/disk-timing.ts';
import { instantTiming } from '../../../store/disk-timing.ts';
import { makeHello } from '../../protocol/raw-peer.ts';
import { alice, finished, makeJob } from './hub-bench.ts';
import { factFrame, type HubInHand, makeDisk, openHubInHand } from './hub-in-hand.ts';

let field: HubInHand | undefined;
let release: () => void = () => undefined;

afterEach(async () => {
  release();
  await field?.hub.stop();
});

/** A disk that brings nothing to itself from `hold` to `release`. */
function openHeldTiming() {
  const instant = instantTiming();
  let held: (() => void)[] | undefined;
  const timing: DiskTiming = {
    ...instant,
    timers: {
      after(delayMs, run) {
        if (held === undefined) return instant.timers.after(delayMs, run);
        held.push(run);
        return () => undefined;
      },
    },
  };
  release = () => {
    const waiting = held ?? [];
    held = undefined;
    for (const run of waiting) run();
  };
  return {
    timing,
    hold: () => {
      held = [];
    },
  };
}

/** A hub with a job that alice runs, on a disk that then takes nothing more. */
async function openScene() {
  const gate = openHeldTiming();
  const disk = await makeDisk(gate.timing);
  // After an end in order messages are taken without a note of each.
  await (await openHubInHand({ disk })).hub.stop();
  const hand = await openHubInHand({ disk });
  field = hand;
  const { id } = await hand.hub.desk.dispatch(makeJob([alice]));
  const peer = await hand.join(alice);
  gate.hold();
  return { ...hand, peer, report: factFrame(1, finished(`${id}.1`, 'succeeded')) };
}

test('trust that ends: what comes before that is on the disk is not acknowledged', async () => {
  const { hub, peer, report, rest } = await openScene();
  const worker = hub.workers.find(alice);
  const revoking = worker === undefined ? undefined : hub.revoke(worker);
  peer.say(report);
  await rest();
  // A hub that is killed here trusts its worker again, and must be told how the work ended.
  expect(peer.pick('ack')).toEqual([]);
  expect(peer.closedBecause).toBeDefined();
  release();
  await revoking;
});

test('a new store: what an older link brings before that is on the disk is not acknowledged', async () => {
  const { dial, peer, report, rest } = await openScene();
  const newer = dial(alice);
  await rest();
  const [{ store: forStore } = { store: '' }] = newer.pick('hello');
  newer.say(makeHello({ store: 'ee'.repeat(16), forStore }));
  await rest();
  peer.say(report);
  await rest();
  expect(peer.pick('ack')).toEqual([]);
  expect(newer.closedBecause).toBeUndefined();
});
