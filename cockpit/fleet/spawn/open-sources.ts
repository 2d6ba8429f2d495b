/*
 * Every provider of the config, with what carries it out.
 *
 * Nothing is run here; a provider whose program is missing is found out when it is asked.
 */
import { join } from 'node:path';
import type { PeerKey } from '../../../protocol/model.ts';
import type { Timers } from '../../../protocol/ports.ts';
import type { Ssh } from '../ssh.ts';
import { openCommandMaker } from './command-maker.ts';
import type { Entrance } from './entrance.ts';
import { openLocalMaker } from './local-maker.ts';
import type { Maker, Source } from './maker.ts';
import { isRunning, type RunProgram } from './ports.ts';
import { type Provider, type ProviderTables, readProviders } from './provider.ts';
import { openSshMaker } from './ssh-maker.ts';

/** What they are made from. */
export interface SourcesPlan {
  readonly hubKey: PeerKey;
  /** The hub's home. */
  readonly directory: string;
  /** The program that runs an agent on this box, with its first arguments. */
  readonly odally: readonly string[];
  readonly run: RunProgram;
  readonly ssh: Ssh;
  readonly entrance: Entrance;
  readonly timers: Timers;
}

/** `tables` as the config has them: name → provider, the shipped ones first. Errors: CONFIG_INVALID. */
export function openSources(
  tables: ProviderTables,
  plan: SourcesPlan,
): ReadonlyMap<string, Source> {
  const providers = [...readProviders(tables).values()];
  return new Map(
    providers.map((provider) => [provider.name, { provider, maker: openMaker(provider, plan) }]),
  );
}

function openMaker(provider: Provider, plan: SourcesPlan): Maker {
  switch (provider.kind) {
    case 'command':
      return openCommandMaker({ ...plan, provider });
    case 'local':
      return openLocalMaker({ ...plan, directory: join(plan.directory, 'spawned'), isRunning });
    case 'ssh':
      return openSshMaker({ ...plan, hosts: provider.hosts });
  }
}
