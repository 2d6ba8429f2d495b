/*
 * The second process of a rival: the worker that takes a job, does nothing and reports.
 *
 * It is told all it needs in one argument and prints one line when it waits for jobs.
 */
import { fileURLToPath } from 'node:url';
import { type RunningScript, startScript } from '../../kit/processes.ts';
import type { ClientName } from './rival.ts';

/** Where a worker finds its client and its server. */
export interface WorkerPlan {
  readonly clients: string;
  readonly port: number;
  /** MQTT's quality of service; the others ignore it. */
  readonly qos: 1 | 2;
}

/** Clients that work. */
export type WorkerName = Exclude<ClientName, 'ioredis'>;

/** Starts the worker of one client; resolves when it waits for jobs. */
export async function startWorker(client: WorkerName, plan: WorkerPlan): Promise<RunningScript> {
  const file = fileURLToPath(new URL(`../peers/${client}-worker.ts`, import.meta.url));
  const worker = startScript({ file, args: [JSON.stringify(plan)], env: {}, timeoutMs: 2 ** 30 });
  await worker.until(/ready/);
  return worker;
}

/** What the worker's own process reads of it. */
export function readPlan(): WorkerPlan {
  return JSON.parse(process.argv[2] ?? '{}') as WorkerPlan;
}
