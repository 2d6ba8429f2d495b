/*
 * NATS's worker: writes the outcome into its stream, then acknowledges the job and hears that the
 * acknowledgement was taken.
 *
 * Argument: where client and server are, as JSON.
 */
import { loadClient, type Nats, type NatsMessage } from '../rivals/clients.ts';
import { natsPullMax, natsStreams } from '../rivals/nats.ts';
import { readPlan } from '../rivals/worker.ts';

const { clients, port } = readPlan();
const { connect } = loadClient<Nats>(clients, 'nats');
const connection = await connect({ servers: `127.0.0.1:${port}` });
const streams = connection.jetstream();
const consumer = await streams.consumers.get(natsStreams.jobs, 'bench');
const jobs = await consumer.consume({ max_messages: natsPullMax });
console.log('ready');
for await (const job of jobs) void work(job);

async function work(job: NatsMessage): Promise<void> {
  const id = job.subject.slice('job.'.length);
  await streams.publish(`outcome.${id}`, Buffer.from('succeeded'), { msgID: id });
  await job.ackAck();
}
