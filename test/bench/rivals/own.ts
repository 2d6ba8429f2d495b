/*
 * The product beside its rivals: the real hub and the product's own agent over the real swarm, and
 * a workshop in which every command has succeeded at once, as the rivals' workers do nothing.
 *
 * Once with the hub in the process that asks, as the rivals' producers are, and once as people use
 * it: the hub as a process of its own behind its control socket.
 */
import { fileURLToPath } from 'node:url';
import type { JobDetail } from '../../../cockpit/verbs/shapes.ts';
import { startScript } from '../../kit/processes.ts';
import { openCore } from '../jobs-core.ts';
import { emptySlots } from '../limits.ts';
import { openTeam } from '../team.ts';
import type { OpenRival, Rival } from './rival.ts';

const emptyAgent = fileURLToPath(new URL('../peers/empty-agent.ts', import.meta.url));

const common = {
  promise: 'fsync before every answer, on both sides',
  programs: [],
  clients: [],
  inFlightMax: 256,
} as const;

/** Both ways in. */
export const ownRivals: readonly Rival[] = [
  { ...common, id: 'wally', title: 'Wally, at the desk of the hub', open: openDesk },
  { ...common, id: 'wally-socket', title: 'Wally, over the control socket', open: openSocket },
];

async function openDesk(): Promise<OpenRival> {
  const core = await openCore();
  return {
    perform: () => core.run(),
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

async function openSocket(): Promise<OpenRival> {
  await using stack = new AsyncDisposableStack();
  const team = stack.use(await openTeam());
  const { code } = (await team.client.call('invite', {})) as { code: string };
  const env = team.prepareAgent('empty', `slots = ${emptySlots}\n`);
  stack.use(startScript({ file: emptyAgent, args: [code], env, timeoutMs: 2 ** 30 }));
  const args = { command: ['true'], on: [await team.awaitLinked(2)], wait: true };
  const end = stack.move();
  return {
    async perform() {
      const job = (await team.client.call('dispatch', args)) as JobDetail;
      if (job.outcome !== 'succeeded') throw new Error(`${job.id}: ${job.outcome} ${job.reason}`);
    },
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}
