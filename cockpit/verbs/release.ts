/*
 * `wally release`: boxes are let go, and nothing that is owed is lost by it unnamed.
 *
 * All are looked at before anything is done: what would be lost is refused with its list, unless `--discard` names
 * it. What is discarded is cancelled, so that nobody is asked about it afterwards.
 * Errors: BOX_UNKNOWN, BOX_UNLANDED, SPAWN_PROVIDER, JOB_UNKNOWN, WAIT_TIMEOUT.
 */
import { z } from 'zod';
import { AppError } from '../../protocol/errors.ts';
import type { JobId } from '../../protocol/model.ts';
import { listHeldWork } from '../hub/box-work.ts';
import type { Hub } from '../hub/hub.ts';
import { isEnded, splitAttemptId } from '../manager/job.ts';
import type { SpawnRecord } from '../manager/spawn-state.ts';
import { describeUnlanded, listUnlanded, type Unlanded } from '../manager/unlanded.ts';
import { durationArgument, jobArgument } from './arguments.ts';
import { followBoxes } from './await-boxes.ts';
import { awaitJob } from './await-job.ts';
import type { BoxPlan, BoxRow } from './box-shapes.ts';
import { presentBox, showBoxes, showBoxPlan, showBoxStep } from './present-boxes.ts';
import { defineVerb, type VerbContext } from './verb.ts';

/** A worker that does not end discarded work within its grace, and some, is not waited for. */
const cancelMsMax = 15_000;

/** Lets boxes go. */
export const releaseVerb = defineVerb({
  name: 'release',
  summary: 'let spawned boxes go; refused while work on them would be lost',
  operands: ['names…'],
  flags: {
    provider: { value: 'PROVIDER', help: 'all of this provider' },
    discard: { value: 'J', isList: true, help: 'this job may be lost' },
    wait: { help: 'tell each step until they are gone' },
    timeout: { value: 'DURATION', help: 'with --wait: exit 5 after so long; they go all the same' },
    'dry-run': { help: 'say what would be done' },
  },
  danger: 'destroys',
  args: z
    .object({
      names: z.array(z.string()).default([]),
      provider: z.string().optional(),
      discard: z.array(jobArgument).default([]),
      wait: z.boolean().default(false),
      timeout: durationArgument.optional(),
      'dry-run': z.boolean().default(false),
    })
    .refine(({ names, provider }) => names.length > 0 !== (provider !== undefined), {
      message: 'name boxes, or a --provider',
    }),
  async run(context, { names, provider, discard, wait, timeout, ...rest }) {
    const { hub } = context;
    const records = chooseBoxes(hub, { names, provider });
    const readAll = () => Promise.all(records.map((record) => readLost(hub, record)));
    const lost = await readAll();
    if (rest['dry-run']) return planRelease(records, { lost, discard });
    refuseLosses(records, { lost, discard });
    await cancelAll(context, lost.flat());
    // Others gave it work meanwhile, maybe.
    if (lost.flat().length > 0) refuseLosses(records, { lost: await readAll(), discard });
    const begin = async () => {
      // Work may have come while they were asked; from here until none of them is given any, nothing else runs.
      refuseLosses(records, { lost: records.map((record) => listHeld(hub, record)), discard });
      const why = 'you released it';
      await Promise.all(records.map(({ name }) => hub.spawned.release(name, why)));
    };
    if (wait) {
      const ended = { records, until: isOver, timeoutMs: timeout, begin };
      return (await followBoxes(context, ended)).map((record) => presentBox(hub, record));
    }
    await begin();
    return records.map((record) => presentBox(hub, hub.spawned.find(record.name) ?? record));
  },
  showItem: (item) => showBoxStep(item as BoxRow),
  show: (answer: BoxPlan | readonly BoxRow[], style) =>
    'plan' in answer ? showBoxPlan(answer, style) : showBoxes(answer, style),
});

function chooseBoxes(
  { spawned }: Hub,
  { names, provider }: { names: readonly string[]; provider: string | undefined },
): readonly SpawnRecord[] {
  if (provider === undefined) {
    return names.map((name) => {
      const record = spawned.find(name);
      if (record !== undefined) return record;
      throw new AppError('BOX_UNKNOWN', `There is no spawned box named "${name}".`);
    });
  }
  spawned.getSource(provider);
  return spawned.list().filter((record) => record.provider === provider);
}

async function readLost(hub: Hub, record: SpawnRecord): Promise<readonly Unlanded[]> {
  return listUnlanded(await hub.spawned.readWork(record));
}

function listHeld(hub: Hub, { name, worker }: SpawnRecord): readonly Unlanded[] {
  const key = worker ?? hub.workers.findByName(name)?.key;
  return key === undefined ? [] : listUnlanded(listHeldWork(hub, key));
}

interface Losses {
  readonly lost: readonly (readonly Unlanded[])[];
  readonly discard: readonly JobId[];
}

function refuseLosses(records: readonly SpawnRecord[], { lost, discard }: Losses): void {
  const kept = records.flatMap(({ name }, at) => {
    const some = (lost[at] ?? []).filter(({ attempt }) => !discard.includes(jobOf(attempt)));
    return some.length === 0 ? [] : [`${name}: ${describeUnlanded(some)}`];
  });
  if (kept.length === 0) return;
  throw new AppError('BOX_UNLANDED', `Work would be lost. ${kept.join('; ')}.`);
}

/**
 * Their ends are asked for, so that they come about by a word of the worker where it still says one, and so that
 * nobody is asked about them where it does not.
 */
async function cancelAll(
  context: Pick<VerbContext, 'hub' | 'onDrop'>,
  lost: readonly Unlanded[],
): Promise<void> {
  const { desk } = context.hub;
  for (const id of new Set(lost.map(({ attempt }) => jobOf(attempt)))) {
    const job = await desk.get(id);
    if (isEnded(job)) continue;
    await desk.cancel(job);
    await awaitJob(context, id, cancelMsMax).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'WAIT_TIMEOUT') throw error;
    });
  }
}

function planRelease(records: readonly SpawnRecord[], { lost, discard }: Losses): BoxPlan {
  return {
    plan: records.map(({ name, state }, at) => ({
      name,
      steps: [
        ...(lost[at] ?? []).map(({ attempt, why }) => {
          const isNamed = discard.includes(jobOf(attempt));
          return `${isNamed ? 'lose' : 'REFUSE, for'} ${attempt}: ${why}`;
        }),
        state.is === 'ready' ? 'give it no more work, and take the agent off' : `it is ${state.is}`,
        'end the trust in its worker',
        'let the box go, and look until its provider does not have it any more',
      ],
    })),
  };
}

function jobOf(attempt: Unlanded['attempt']): JobId {
  return splitAttemptId(attempt).job;
}

/** Gone; one that is stuck on its way out is somebody's to judge. */
function isOver({ name, state }: SpawnRecord): boolean {
  if (state.is === 'stuck') throw new AppError('SPAWN_COMMAND', `${name}: ${state.reason}`);
  return state.is === 'over';
}
