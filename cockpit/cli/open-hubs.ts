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
import { ensureHub } from './connect.ts';

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

/** What a screen looks into: a connection, and how the next one is made when that is lost. */
export interface View {
  readonly client: HubClient;
  readonly connect: () => Promise<HubClient>;
}

/** Opens what a screen looks into. The hub of this home is started if none runs; one that was named is not. */
export async function openView(program: Program, ways: readonly HubWay[]): Promise<View> {
  const connect = () => openHubs(program, ways, () => undefined);
  const [only] = ways;
  if (only?.isOwn !== true) return { client: await connect(), connect };
  return { client: (await ensureHub(program)).client, connect };
}
