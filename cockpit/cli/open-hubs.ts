/*
 * Connections to the hubs that were named: to the one, or to several as one.
 *
 * Errors: HUB_UNREACHABLE, CONFIG_INVALID.
 */
import type { AppError } from '../../protocol/errors.ts';
import { AllHubs } from '../hub/all-hubs.ts';
import type { HubClient } from '../hub/client.ts';
import type { HubWay } from '../hub/hub-way.ts';
import type { Program } from '../ports.ts';
import type { HubView } from '../tui/state/feed.ts';
import { ensureHub } from './connect.ts';
import { allName } from './hub-ways.ts';

/** A connection to the one hub, or one that stands for all of them. */
export async function openHubs(
  program: Program,
  ways: readonly HubWay[],
  missed: (hub: string, error: AppError) => void,
): Promise<HubClient> {
  const [only, ...others] = ways;
  if (only !== undefined && others.length === 0) return only.connect();
  const all = new AllHubs({ ways, ports: program.ports, missed });
  try {
    await all.reachOne();
  } catch (error) {
    all.close();
    throw error;
  }
  return all;
}

/** What a screen can look into, with a connection to the first of it. */
export interface Views {
  readonly client: HubClient;
  readonly views: readonly HubView[];
}

/**
 * Opens what a screen looks into: of several hubs all as one, then each. The hub of this home is started if
 * none runs; one that was named is not.
 */
export async function openViews(program: Program, ways: readonly HubWay[]): Promise<Views> {
  const connect = () => openHubs(program, ways, () => undefined);
  const [only, ...others] = ways;
  if (only?.isOwn === true) {
    return { client: (await ensureHub(program)).client, views: [{ name: '', connect }] };
  }
  const each = ways.map((way): HubView => ({ name: way.name, connect: () => way.connect() }));
  const views = others.length === 0 ? each : [{ name: allName, connect }, ...each];
  return { client: await connect(), views };
}
