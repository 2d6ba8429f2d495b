/*
 * Numbers of jobs that only their output remembers: given to nobody again, or old files would be taken for new ones.
 */
import { expect, test } from 'vitest';
import { instantArtifactDisk, openMemoryArtifacts } from '../../../store/artifact-memory.ts';
import { alice, makeJob } from './hub-bench.ts';
import { openHubInHand } from './hub-in-hand.ts';

test('job numbers: where a store lost its newest job, and only a file of it is left, its number is not given again', async () => {
  const artifacts = await openMemoryArtifacts(instantArtifactDisk());
  await artifacts.append({ attempt: 'J41.1', index: 0 }, 0, new Uint8Array([1]));
  const { hub } = await openHubInHand({ artifacts });
  const { id } = await hub.desk.dispatch(makeJob([alice]));
  expect(id).toBe('J42');
  await hub.stop();
});
