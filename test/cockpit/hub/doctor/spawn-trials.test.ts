/*
 * The checks of spawned boxes, each broken in a hub that runs, at a provider in the test's hand.
 *
 * No fix lets a box go: what was forgotten is asked about.
 */
import { describe, expect, test } from 'vitest';
import type { Source } from '../../../../cockpit/fleet/spawn/maker.ts';
import { readProviders } from '../../../../cockpit/fleet/spawn/provider.ts';
import { AppError } from '../../../../protocol/errors.ts';
import { type Trial, tryChecks } from '../../../kit/doctor-trial.ts';
import { Cloud, cloudTable } from '../spawn-scene.ts';
import { type HubPatient, openHubPatient } from './hub-patient.ts';

interface SpawnPatient extends HubPatient {
  readonly cloud: Cloud;
}

function makeSource(cloud: Cloud, over: Record<string, unknown>): ReadonlyMap<string, Source> {
  const provider = readProviders({ cloud: { ...cloudTable, ...over } }).get('cloud');
  if (provider === undefined) throw new Error('there is no such provider');
  return new Map([['cloud', { provider, maker: cloud }]]);
}

async function open(over: Record<string, unknown> = {}): Promise<SpawnPatient> {
  const cloud = new Cloud();
  const patient = await openHubPatient({ sources: makeSource(cloud, over) });
  cloud.hand = patient as never;
  return Object.assign(patient, { cloud });
}

async function pass({ ports, rest }: HubPatient, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1000) {
    await ports.advance(1000);
    await rest();
  }
}

const absent = new AppError('SPAWN_ABSENT', 'There is no program x here.');

const trials: Record<string, Trial<SpawnPatient>> = {
  'box-stuck': {
    breaks: async (patient) => {
      patient.cloud.fault.up = absent;
      await patient.hub.spawned.spawn({ provider: 'cloud', count: 1 });
      await pass(patient, 2000);
      patient.cloud.fault = {};
    },
    seen: /The box charlie of cloud stands still: There is no program x here/,
    fix: 'here',
    after: async (patient) => {
      await pass(patient, 5000);
      expect(patient.hub.spawned.find('charlie')?.state.is).toBe('ready');
      expect(patient.hub.inbox.list()).toEqual([]);
    },
  },
  'box-stray': {
    breaks: async (patient) => {
      await patient.hub.spawned.spawn({ provider: 'cloud', count: 1 });
      await pass(patient, 5000);
      patient.cloud.make('wally-999999-lost');
    },
    seen: /cloud has i-2 \(wally-999999-lost\), and this hub knows nothing of it/,
    fix: 'here',
    after: ({ hub, cloud }) => {
      expect(cloud.boxes.size).toBe(2);
      expect(hub.inbox.list()).toMatchObject([{ kind: 'spawn', box: 'lost', boxId: 'i-2' }]);
    },
  },
};

describe('doctor: spawned boxes', () => {
  tryChecks(open, trials);

  test('pool-stopped: a pool that was given up is found, filled again, and found no more', async () => {
    const patient = await open({ warm: 1 });
    patient.cloud.fault.up = absent;
    await pass(patient, 600_000);
    const { findings } = await patient.diagnose({ mode: 'look' });
    const found = findings.find(({ id }) => id === 'pool-stopped');
    expect(found).toMatchObject({ fixable: 'here', subject: 'cloud' });
    expect(found?.seen).toBe(
      'The pool of cloud is not filled any more: 3 boxes came to nothing. There is no program x here.',
    );
    patient.cloud.fault = {};
    const { fixed } = await patient.diagnose({ mode: 'fix', only: { id: 'pool-stopped' } });
    expect(fixed.map(({ id }) => id)).toEqual(['pool-stopped']);
    await pass(patient, 5000);
    expect(patient.hub.spawned.list()).toMatchObject([{ state: { is: 'ready' } }]);
    await patient.close();
  });

  test('pool-unready: a pool whose provider has to be told more says what; without a pool it is no finding', async () => {
    const find = async (over: Record<string, unknown>) => {
      const cloud = new Cloud();
      cloud.describe = () => {
        throw new AppError('SPAWN_CONFIG', 'The command needs {image}.');
      };
      cloud.fault.up = absent;
      const patient = await openHubPatient({ sources: makeSource(cloud, over) });
      const { findings } = await patient.diagnose({ mode: 'look' });
      await patient.close();
      return findings.filter(({ id }) => id === 'pool-unready').map(({ seen }) => seen);
    };
    expect(await find({ warm: 1 })).toEqual([
      'cloud is to be kept warm. The command needs {image}.',
    ]);
    expect(await find({})).toEqual([]);
  });
});
