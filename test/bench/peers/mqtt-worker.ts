/*
 * MQTT's worker: publishes the outcome, then lets the job be acknowledged.
 *
 * Argument: where client and server are, and the quality of service, as JSON.
 */
import { mqttTopics, openSession } from '../rivals/mqtt.ts';
import { readPlan } from '../rivals/worker.ts';

const { clients, port, qos } = readPlan();
const client = await openSession(clients, port, 'worker');
client.handleMessage = ({ payload }, done) => {
  const { id } = JSON.parse(payload.toString()) as { id: string };
  void client.publishAsync(mqttTopics.outcomes, id, { qos });
  done();
};
await client.subscribeAsync(mqttTopics.jobs, { qos });
console.log('ready');
