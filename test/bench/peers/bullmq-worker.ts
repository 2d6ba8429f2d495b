/*
 * BullMQ's worker: 256 jobs at once, each done as soon as it has come.
 *
 * Argument: where client and server are, as JSON.
 */
import { bullQueueName } from '../rivals/bullmq.ts';
import { type BullMq, loadClient } from '../rivals/clients.ts';
import { readPlan } from '../rivals/worker.ts';

const { clients, port } = readPlan();
const { Worker } = loadClient<BullMq>(clients, 'bullmq');
const options = { connection: { host: '127.0.0.1', port }, concurrency: 256 };
const worker = new Worker(bullQueueName, async () => 'succeeded', options);
await worker.waitUntilReady();
console.log('ready');
