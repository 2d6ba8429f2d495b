/*
 * MQTT 5 through mosquitto, with persistent sessions and quality of service 1 or 2.
 *
 * Mosquitto keeps them in memory and writes its database every half hour, so nothing here is synced.
 * mqtt.js never turns Nagle's algorithm off, which costs 40 ms a message; this bench does it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadClient, type Mqtt, type MqttClient } from './clients.ts';
import { jobText, type OpenRival, type Rival } from './rival.ts';
import { findPort, makeDirectory, startServer } from './server.ts';
import type { Tools } from './tools.ts';
import { WaitingJobs } from './waiting.ts';
import { startWorker } from './worker.ts';

/** The two topics; the worker has them too. */
export const mqttTopics = { jobs: 'job', outcomes: 'outcome' } as const;

/** Both qualities that promise something. */
export const mqttRivals: readonly Rival[] = ([1, 2] as const).map((qos) => ({
  id: `mqtt-${qos}`,
  title: `MQTT QoS ${qos}, mosquitto with persistence`,
  promise: 'in memory, written every 30 minutes',
  programs: ['mosquitto'],
  clients: ['mqtt'],
  inFlightMax: 256,
  open: (tools) => openMqtt(tools, qos),
}));

/** A persistent session, without Nagle's delay. */
export async function openSession(
  clients: string,
  port: number,
  clientId: string,
): Promise<MqttClient> {
  const { connectAsync } = loadClient<Mqtt>(clients, 'mqtt');
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    clientId,
    clean: false,
    protocolVersion: 5,
    properties: { sessionExpiryInterval: 3600 },
  });
  client.stream.setNoDelay(true);
  return client;
}

async function openMqtt(tools: Tools, qos: 1 | 2): Promise<OpenRival> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.adopt(makeDirectory(), (made) => made.remove());
  const port = await findPort();
  const file = join(directory.path, 'mosquitto.conf');
  writeFileSync(file, describeServer(directory.path, port));
  stack.use(await startServer(tools.program('mosquitto'), ['-c', file], port));
  stack.use(await startWorker('mqtt', { clients: tools.clients, port, qos }));
  const client = await openSession(tools.clients, port, 'producer');
  stack.defer(() => client.endAsync(true));
  const waiting = new WaitingJobs();
  client.on('message', (_topic, payload) => waiting.end(payload.toString()));
  await client.subscribeAsync(mqttTopics.outcomes, { qos });
  const end = stack.move();
  return {
    async perform() {
      const { id, outcome } = waiting.begin();
      const payload = JSON.stringify({ id, text: jobText });
      await Promise.all([client.publishAsync(mqttTopics.jobs, payload, { qos }), outcome]);
    },
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}

function describeServer(directory: string, port: number): string {
  return [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence true',
    `persistence_location ${directory}/`,
    // By default 20 are in flight, and what exceeds 1000 waiting is dropped.
    'max_inflight_messages 1000',
    'max_queued_messages 0',
    'set_tcp_nodelay true',
    // Started by root it would become a user who cannot read our directory.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    '',
  ].join('\n');
}
