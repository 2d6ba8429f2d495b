/*
 * BullMQ on Redis, with an append-only file that is synced at every write or every second.
 *
 * The producer adds a job under an id of its own and waits for the queue's `completed` event; the
 * worker is another process with 256 jobs at once. Redis persists by nothing but that file.
 */
import { type BullMq, loadClient } from './clients.ts';
import { jobText, type OpenRival, type Rival } from './rival.ts';
import { findPort, makeDirectory, startServer } from './server.ts';
import type { Tools } from './tools.ts';
import { WaitingJobs } from './waiting.ts';
import { startWorker } from './worker.ts';

/** The queue's name; the worker has it too. */
export const bullQueueName = 'bench';

/** Both settings of Redis. */
export const bullRivals: readonly Rival[] = (['always', 'everysec'] as const).map((sync) => ({
  id: `bullmq-${sync}`,
  title: `BullMQ, Redis appendfsync ${sync}`,
  promise: sync === 'always' ? 'fsync before every answer' : 'up to a second may be lost',
  programs: ['redis-server'],
  // The second is what the first reaches Redis with.
  clients: ['bullmq', 'ioredis'],
  inFlightMax: 256,
  open: (tools) => openBull(tools, sync),
}));

async function openBull(tools: Tools, sync: 'always' | 'everysec'): Promise<OpenRival> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.adopt(makeDirectory(), (made) => made.remove());
  const port = await findPort();
  const args = [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory.path],
    ...['--appendonly', 'yes', '--appendfsync', sync, '--save', ''],
  ];
  stack.use(await startServer(tools.program('redis-server'), args, port));
  stack.use(await startWorker('bullmq', { clients: tools.clients, port, qos: 1 }));
  const { Queue, QueueEvents } = loadClient<BullMq>(tools.clients, 'bullmq');
  const options = { connection: { host: '127.0.0.1', port } };
  const queue = stack.adopt(new Queue(bullQueueName, options), (made) => made.close());
  const events = stack.adopt(new QueueEvents(bullQueueName, options), (made) => made.close());
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const waiting = new WaitingJobs();
  events.on('completed', ({ jobId }) => waiting.end(jobId));
  const end = stack.move();
  return {
    async perform() {
      const { id, outcome } = waiting.begin();
      await Promise.all([queue.add('job', { text: jobText }, { jobId: id }), outcome]);
    },
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}
