/*
 * `wally spawn`, `boxes` and `providers`: boxes that are made when they are wanted.
 *
 * What is wanted is on disk before the answer; with `--wait` each step is told until all of them are ready.
 * Errors: SPAWN_*, WORKER_NAME, WORKER_NAME_TAKEN, WAIT_TIMEOUT.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import { spawnCountMax } from '../fleet/spawn/limits.ts';
import type { SpawnRecord } from '../manager/spawn-state.ts';
import { durationArgument } from './arguments.ts';
import { followBoxes } from './await-boxes.ts';
import type { BoxPlan, BoxRow } from './box-shapes.ts';
import {
  presentBox,
  presentProvider,
  presentSpawnPlan,
  showBoxes,
  showBoxPlan,
  showBoxStep,
  showProviders,
} from './present-boxes.ts';
import { defineVerb } from './verb.ts';

/** A count on the command line is text. */
const countArgument = z.coerce.number().int().min(1).max(spawnCountMax);

/** Makes boxes. */
export const spawnVerb = defineVerb({
  name: 'spawn',
  summary: 'make boxes with odallies on them',
  operands: ['provider'],
  flags: {
    count: { value: 'N', help: 'so many (1)' },
    ttl: { value: 'DURATION', help: 'let an idle box go after so long' },
    name: { value: 'NAME', help: 'call it so; the second is NAME-2' },
    wait: { help: 'tell each step until they are ready' },
    timeout: {
      value: 'DURATION',
      help: 'with --wait: exit 5 after so long; they are made all the same',
    },
    'dry-run': { help: 'say what would be done' },
  },
  danger: 'changes',
  args: z.object({
    provider: z.string(),
    count: countArgument.default(1),
    ttl: durationArgument.optional(),
    name: z.string().optional(),
    wait: z.boolean().default(false),
    timeout: durationArgument.optional(),
    'dry-run': z.boolean().default(false),
  }),
  async run(context, { provider, count, ttl, name, wait, timeout, ...rest }) {
    const { hub } = context;
    const order = { provider, count, ttlMs: ttl, name };
    if (rest['dry-run']) return presentSpawnPlan(hub, hub.spawned.plan(order));
    const wanted = await hub.spawned.spawn(order);
    const records = wait
      ? await followBoxes(context, { records: wanted, until: isReady, timeoutMs: timeout })
      : wanted;
    return records.map((record) => presentBox(hub, record));
  },
  showItem: (item) => showBoxStep(item as BoxRow),
  show: (answer: BoxPlan | readonly BoxRow[], style) =>
    'plan' in answer ? showBoxPlan(answer, style) : showBoxes(answer, style),
});

/** Every spawned box. */
export const boxesVerb = defineVerb({
  name: 'boxes',
  summary: 'list the spawned boxes, those in the making too',
  operands: [],
  flags: {},
  danger: 'looks',
  args: z.object({}),
  run: async ({ hub }) => hub.spawned.list().map((record) => presentBox(hub, record)),
  show: showBoxes,
});

/** Where boxes come from. */
export const providersVerb = defineVerb({
  name: 'providers',
  summary: 'list where boxes can be spawned',
  operands: [],
  flags: {},
  danger: 'looks',
  args: z.object({}),
  run: async ({ hub }) =>
    [...hub.spawned.sources.values()].map((source) => presentProvider(hub, source)),
  show: showProviders,
});

/** Ready, or over: then it was not made. */
function isReady({ name, provider, state }: SpawnRecord): boolean {
  if (state.is === 'ready') return true;
  if (state.is !== 'stuck' && state.is !== 'over') return false;
  throw new AppError('SPAWN_FAILED', `${name} (${provider}): ${state.reason}`);
}
