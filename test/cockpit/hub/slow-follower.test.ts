/*
 * A follower that reads nothing: what it costs the hub, and what it is told when it reads again.
 */
import { afterEach, expect, test } from 'vitest';
import { waitingJobsMax, watchVerb } from '../../../cockpit/verbs/hub-state.ts';
import { bareBox } from '../../store/doctor/fake-box.ts';
import { bob, makeJob } from './hub-bench.ts';
import { type HubInHand, openHubInHand } from './hub-in-hand.ts';

let field: HubInHand | undefined;

afterEach(async () => {
  await field?.hub.stop();
});

/** A watch whose items are taken once `read` was called. */
async function openWatch() {
  const hand = await openHubInHand();
  field = hand;
  const reading = Promise.withResolvers<void>();
  const told: string[] = [];
  let leave: () => void = () => undefined;
  const context = {
    ...{ hub: hand.hub, home: '', pid: 1, box: bareBox, stopHub: () => undefined },
    item: async (value: unknown) => {
      await reading.promise;
      told.push((value as { readonly type: string }).type);
      return true;
    },
    onDrop: (run: () => void) => {
      leave = run;
    },
    onGive: () => undefined,
    settled: () => undefined,
  };
  const watching = watchVerb.run(context, { changes: false });
  const end = async () => {
    leave();
    await watching;
  };
  return { ...hand, told, read: () => reading.resolve(), end };
}

/** So many jobs change. */
async function change({ hub }: HubInHand, count: number): Promise<void> {
  const job = await hub.desk.dispatch(makeJob([bob]));
  for (let n = 1; n < count; n += 1)
    hub.feed.tell({ type: 'job', job: { ...job, id: `J${n + 1}` } });
}

test('watch: a follower who reads again is told of each job that changed, once', async () => {
  const watch = await openWatch();
  await change(watch, 3);
  await change(watch, 1);
  watch.read();
  await watch.rest();
  expect(watch.told.filter((type) => type === 'job')).toHaveLength(3);
  await watch.end();
});

test('watch: of too many jobs that changed none is kept for a follower who does not read; all is told anew', async () => {
  const watch = await openWatch();
  await change(watch, waitingJobsMax + 1);
  watch.read();
  await watch.rest();
  expect(watch.told.filter((type) => type === 'jobs')).toHaveLength(2);
  expect(watch.told.filter((type) => type === 'job')).toEqual([]);
  await watch.end();
});
