/*
 * NATS JetStream with one stream of jobs and one of outcomes, both in files, deduped by message id
 * and acknowledged twice by the worker.
 *
 * `sync_interval: always` came with 2.10. An older server gets the same from the file system: its
 * directory has the attribute that makes every write synchronous (chattr +S), if that can be set.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadClient, type Nats, type NatsConnection, type NatsMessages } from './clients.ts';
import { jobText, type OpenRival, type Rival } from './rival.ts';
import { findPort, makeDirectory, startServer } from './server.ts';
import type { Tools } from './tools.ts';
import { WaitingJobs } from './waiting.ts';
import { startWorker } from './worker.ts';

/** The two streams; the worker has them too. */
export const natsStreams = { jobs: 'JOBS', outcomes: 'OUTCOMES' } as const;

/** Messages that a consumer asks for at once. */
export const natsPullMax = 512;

/** Synced and as it comes. */
export const natsRivals: readonly Rival[] = (['always', 'default'] as const).map((sync) => ({
  id: `nats-${sync}`,
  title: `NATS JetStream, sync ${sync}`,
  promise: sync === 'always' ? 'fsync before every answer' : 'up to two minutes may be lost',
  programs: ['nats-server'],
  clients: ['nats'],
  inFlightMax: 256,
  open: (tools) => openNats(tools, sync),
}));

async function openNats(tools: Tools, sync: 'always' | 'default'): Promise<OpenRival> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.adopt(makeDirectory(), (made) => made.remove());
  const port = await findPort();
  const program = tools.program('nats-server');
  const { file, remark } = planServer(program, { directory: directory.path, port, sync });
  stack.use(await startServer(program, ['-c', file], port));
  const { connect } = loadClient<Nats>(tools.clients, 'nats');
  const servers = `127.0.0.1:${port}`;
  const connection = stack.adopt(await connect({ servers }), (made) => made.close());
  await makeStreams(connection);
  stack.use(await startWorker('nats', { clients: tools.clients, port, qos: 1 }));
  const streams = connection.jetstream();
  const waiting = new WaitingJobs();
  const consumer = await streams.consumers.get(natsStreams.outcomes, 'bench');
  const outcomes = await consumer.consume({ max_messages: natsPullMax });
  stack.defer(() => outcomes.stop());
  void followOutcomes(outcomes, waiting);
  const payload = Buffer.from(jobText);
  const end = stack.move();
  return {
    async perform() {
      const { id, outcome } = waiting.begin();
      await Promise.all([streams.publish(`job.${id}`, payload, { msgID: id }), outcome]);
    },
    ...(remark === undefined ? {} : { remark }),
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}

interface ServerPlan {
  readonly directory: string;
  readonly port: number;
  readonly sync: 'always' | 'default';
}

/** Writes the config that this version understands. Errors: throws when nothing makes it sync. */
function planServer(program: string, { directory, port, sync }: ServerPlan) {
  const file = join(directory, 'nats.conf');
  const store = join(directory, 'store');
  mkdirSync(store);
  const write = (option: string) =>
    writeFileSync(
      file,
      `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${store}"${option} }\n`,
    );
  write(sync === 'always' ? ', sync_interval: always' : '');
  if (sync === 'default') return { file };
  if (spawnSync(program, ['-t', '-c', file]).status === 0) return { file };
  write('');
  if (spawnSync('chattr', ['+S', store]).status !== 0) {
    throw new Error('this nats-server has no sync_interval, and chattr +S is not possible here');
  }
  return { file, remark: 'older than sync_interval; every write is synced by chattr +S' };
}

async function makeStreams(connection: NatsConnection): Promise<void> {
  const { streams, consumers } = await connection.jetstreamManager();
  for (const [name, subject] of [
    [natsStreams.jobs, 'job.*'],
    [natsStreams.outcomes, 'outcome.*'],
  ]) {
    await streams.add({ name, subjects: [subject], storage: 'file', retention: 'workqueue' });
    const limits = { ack_policy: 'explicit', max_ack_pending: 1000 };
    await consumers.add(name ?? '', { durable_name: 'bench', ...limits });
  }
}

async function followOutcomes(outcomes: NatsMessages, waiting: WaitingJobs): Promise<void> {
  for await (const message of outcomes) {
    message.ack();
    waiting.end(message.subject.slice('outcome.'.length));
  }
}
