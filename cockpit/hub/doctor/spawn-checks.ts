/*
 * The checks of spawned boxes: what stands still and may cost, pools that were given up, boxes that nobody knows.
 *
 * Fixes try again what the desk would try, or put a box that was forgotten among the known ones, where the M2
 * is asked about it. None lets a box go: work may be on it. Providers are asked only where they are in use.
 */

import type { Check, Evidence } from '../../../protocol/doctor.ts';
import { defineSection, type Section } from '../../../protocol/doctor-sections.ts';
import { AppError } from '../../../protocol/errors.ts';
import type { FoundBox } from '../../manager/spawn-box.ts';
import { findSpawnQuestion } from '../../manager/spawn-machine.ts';
import type { PoolRecord } from '../../manager/spawn-state.ts';
import type { Hub } from '../hub.ts';
import type { HubRound } from './hub-round.ts';

interface SpawnFacts {
  readonly stuck: readonly {
    readonly name: string;
    readonly provider: string;
    readonly reason: string;
  }[];
  /** Pools that are to be kept warm and are not filled any more. */
  readonly stopped: readonly PoolRecord[];
  /** Pools whose provider has to be told more, and what. */
  readonly unready: readonly { readonly provider: string; readonly missing: string }[];
}

interface StrayFacts {
  readonly strays: readonly (FoundBox & { readonly provider: string })[];
}

type SpawnCheck<S> = Check<S | null, HubRound>;

const stuck: SpawnCheck<SpawnFacts> = {
  id: 'box-stuck',
  title: 'every spawned box is ready, or on its way',
  why: 'A box that stands still gives no worker, and one that cannot be let go may cost money.',
  area: 'workers',
  severity: 'warning',
  cost: 'free',
  diagnose: (facts) =>
    (facts?.stuck ?? []).map(
      ({ name, provider, reason }): Evidence => ({
        subject: name,
        seen: `The box ${name} of ${provider} stands still: ${reason}`,
        wanted: 'A box that is ready, or gone.',
        advice: `See \`wally boxes\`; give it up by \`wally release ${name}\`.`,
      }),
    ),
  fix: {
    reach: 'here',
    plan: ({ subject }) => `tries again what failed of ${subject}`,
    apply: async ({ hub }, { subject }) => hub?.spawned.tryAgain(subject),
  },
};

const stopped: SpawnCheck<SpawnFacts> = {
  id: 'pool-stopped',
  title: 'warm pools are filled',
  why: 'Who wants a box waits for it to be made, though boxes were to be kept ready.',
  area: 'workers',
  severity: 'warning',
  cost: 'free',
  diagnose: (facts) =>
    (facts?.stopped ?? []).map(({ provider, reason, failureCount }) => ({
      subject: provider,
      seen: `The pool of ${provider} is not filled any more: ${failureCount} boxes came to nothing. ${reason}`,
      wanted: 'A pool that is filled.',
      advice: 'Mend the reason; then let it be filled again.',
    })),
  fix: {
    reach: 'here',
    plan: ({ subject }) => `fills the pool of ${subject} again`,
    apply: async ({ hub }, { subject }) => hub?.spawned.resumePool(subject),
  },
};

const unready: SpawnCheck<SpawnFacts> = {
  id: 'pool-unready',
  title: 'the providers of warm pools are told all that they need',
  why: 'Nothing can be made without it.',
  area: 'config',
  severity: 'error',
  cost: 'free',
  diagnose: (facts) =>
    (facts?.unready ?? []).map(({ provider, missing }) => ({
      subject: provider,
      seen: `${provider} is to be kept warm. ${missing}`,
      wanted: 'A config from which its commands can be made.',
      advice: 'Correct it in config.toml, and start the hub again.',
    })),
};

const stray: SpawnCheck<StrayFacts> = {
  id: 'box-stray',
  title: 'providers have no box of this hub that it does not know',
  why: 'Nobody uses it, and it may cost money.',
  area: 'workers',
  severity: 'warning',
  cost: 'walks',
  diagnose: (facts) =>
    (facts?.strays ?? []).map(({ provider, tag, id }) => ({
      subject: `${provider}/${tag}`,
      seen: `${provider} has ${id} (${tag}), and this hub knows nothing of it.`,
      wanted: 'Only boxes that are in `wally boxes`.',
      advice: 'Put it among the boxes, and decide in the inbox whether it stays or goes.',
    })),
  fix: {
    reach: 'here',
    plan: ({ subject }) => `puts ${subject} among the boxes, and asks you about it`,
    apply: async ({ hub }, { subject }) => {
      const found = hub === undefined ? [] : await hub.spawned.listStrays();
      const one = found.find(({ provider, tag }) => `${provider}/${tag}` === subject);
      if (one !== undefined) await hub?.spawned.adopt(one);
    },
  },
};

/** What the hub knows at once. */
export const spawnSection: Section<HubRound> = defineSection({
  name: 'boxes',
  pace: 'quick',
  gather: async ({ hub, findHome }: HubRound): Promise<SpawnFacts | null> => {
    if (hub === undefined || (await findHome()).store.is === 'failed') return null;
    const warm = [...hub.spawned.sources.values()].filter(({ provider }) => provider.warm > 0);
    return {
      stuck: hub.spawned.list().flatMap(({ name, provider, state }) => {
        const reason = findSpawnQuestion(state);
        return reason === undefined ? [] : [{ name, provider, reason }];
      }),
      stopped: warm
        .map(({ provider }) => hub.spawned.pool(provider.name))
        .filter(({ is }) => is !== 'on'),
      unready: warm.flatMap(({ provider: { name } }) => {
        const missing = findMissing(hub, name);
        return missing === undefined ? [] : [{ provider: name, missing }];
      }),
    };
  },
  checks: [unready, stuck, stopped],
});

/** What providers have to be asked for. */
export const straySection: Section<HubRound> = defineSection({
  name: 'providers',
  pace: 'slow',
  gather: async ({ hub, findHome }: HubRound): Promise<StrayFacts | null> => {
    if (hub === undefined || (await findHome()).store.is === 'failed') return null;
    return { strays: await hub.spawned.listStrays() };
  },
  checks: [stray],
});

function findMissing({ spawned }: Hub, provider: string): string | undefined {
  try {
    spawned.plan({ provider, count: 1 });
    return undefined;
  } catch (error) {
    const isConfig = error instanceof AppError && error.code === 'SPAWN_CONFIG';
    return isConfig ? error.message : undefined;
  }
}
