/*
 * How fast a job's output comes to the hub's disk: one job that prints as fast as it can.
 *
 * From the dispatch to the moment when the hub has all of it, synced. The baseline is as many bytes
 * over a bare encrypted hyperdht stream between two processes, which stores nothing.
 */
import { fileURLToPath } from 'node:url';
import type { JobDetail, LogItem } from '../../cockpit/verbs/shapes.ts';
import { startScript } from '../kit/processes.ts';
import { type Figure, makeFigure } from './figure.ts';
import { logBytes } from './limits.ts';
import { type BenchPlan, shrink } from './plan.ts';
import { openTeam, type Team } from './team.ts';

const peerFile = fileURLToPath(new URL('peers/stream-peer.ts', import.meta.url));

/** Megabytes a second to the hub's disk. */
export async function benchLogs(plan: BenchPlan): Promise<readonly Figure[]> {
  const bytes = shrink(plan, logBytes);
  await using team = await openTeam();
  const rounds: number[] = [];
  const bareRounds: number[] = [];
  for (let count = 0; count < plan.rounds; count += 1) {
    bareRounds.push(toSpeed(bytes, await timeStream(bytes)));
    rounds.push(toSpeed(bytes, await timeLog(team, bytes)));
  }
  const baseline = { name: 'bare hyperdht stream', rounds: bareRounds };
  const note = `one job that prints ${bytes / 1e6} MB`;
  return [makeFigure({ name: 'log to the hub’s disk', unit: 'MB/s', rounds, baseline, note })];
}

async function timeLog({ client }: Team, bytes: number): Promise<number> {
  // Lines of a hundred letters, as logs have.
  const command = `yes ${'log '.repeat(24)}end | head -c ${bytes}`;
  const start = performance.now();
  const { id } = (await client.call('dispatch', { command: [command] })) as JobDetail;
  let tail = '';
  const args = { job: id, follow: true, since: bytes - 1 };
  await client.stream('logs', args, (item) => {
    tail += (item as LogItem & { text?: string }).text ?? '';
  }).done;
  const ms = performance.now() - start;
  const job = (await client.call('wait', { jobs: [id] })) as JobDetail;
  const [attempt] = job.attempts;
  if (tail.length !== 1 || attempt?.logBytes !== bytes) {
    throw new Error(`${id} has ${attempt?.logBytes} bytes of output, and its tail is "${tail}"`);
  }
  return ms;
}

async function timeStream(bytes: number): Promise<number> {
  const args = ['take', String(bytes)];
  await using far = startScript({ file: peerFile, args, env: {}, timeoutMs: 2 ** 30 });
  await far.until(/key/);
  const { port, key } = JSON.parse(far.stdout) as { port: number; key: string };
  await using near = startScript({
    file: peerFile,
    args: ['send', String(bytes), String(port), key],
    env: {},
    timeoutMs: 120_000,
  });
  return (await near.result).json<{ ms: number }>().ms;
}

function toSpeed(bytes: number, ms: number): number {
  return bytes / 1e6 / (ms / 1000);
}
