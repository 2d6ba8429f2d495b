/*
 * A hub and one agent for one bench, in homes of their own, as the built programs.
 *
 * Everything started here is ended by `close`, which is safe to repeat; the homes are removed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TeamRow } from '../../cockpit/verbs/shapes.ts';
import { ControlClient } from '../../protocol/control-client.ts';
import { dialUnix } from '../../protocol/transports/unix.ts';
import { openHomes } from '../kit/homes.ts';
import { runVerb } from '../kit/processes.ts';
import { logBytesKept } from './limits.ts';

/** The two, running and linked. */
export interface Team extends AsyncDisposable {
  readonly hubEnv: Readonly<Record<string, string>>;
  readonly hubPid: number;
  readonly agentPid: number;
  readonly agentName: string;
  /** A connection to the hub's control socket; closed with the team. */
  readonly client: ControlClient;
  /** The environment of another agent's home, made but not paired; `toml` goes into its config. */
  prepareAgent(name: string, toml?: string): Readonly<Record<string, string>>;
  /** Resolves with the name of the worker that joined last, once `count` of them are linked. */
  awaitLinked(count: number): Promise<string>;
  close(): Promise<void>;
}

const linkTriesMax = 200;
const linkPauseMs = 50;

/** Starts both; the caller closes the team. */
export async function openTeam(): Promise<Team> {
  const homes = openHomes();
  try {
    const hubEnv = homes.hub();
    writeConfig(hubEnv.WALLY_HOME, `[logs]\nbytes_max = ${logBytesKept}\n`);
    const up = await runVerb({ program: 'wally', args: ['up', '--json'], env: hubEnv });
    const { hub } = up.json<{ hub: { pid: number } }>();
    const prepareAgent = (name: string, toml = '') => {
      const env = homes.agent(name);
      writeConfig(env.ODALLY_HOME, `${toml}[logs]\nbytes_max = ${logBytesKept}\n`);
      return env;
    };
    const client = await openClient(hubEnv);
    const { code } = (await client.call('invite', {})) as { code: string };
    const args = ['join', code, '--background', '--json'];
    const joined = await runVerb({ program: 'odally', args, env: prepareAgent('one') });
    const { pid } = joined.json<{ pid: number }>();
    const awaitLinked = (count: number) => awaitRows(client, count);
    const close = () => {
      client.close();
      return homes.close();
    };
    return {
      hubEnv,
      hubPid: hub.pid,
      agentPid: pid,
      agentName: await awaitLinked(1),
      client,
      prepareAgent,
      awaitLinked,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await homes.close();
    throw error;
  }
}

async function openClient(env: Readonly<Record<string, string>>): Promise<ControlClient> {
  return new ControlClient(
    await dialUnix(join(env.WALLY_HOME ?? '', 'hub.sock')),
    'HUB_UNREACHABLE',
  );
}

async function awaitRows(client: ControlClient, count: number): Promise<string> {
  for (let tries = 0; tries < linkTriesMax; tries += 1) {
    const rows = (await client.call('team', {})) as readonly TeamRow[];
    const linked = rows.filter((row) => row.link === 'direct');
    const last = linked.at(-1);
    if (last !== undefined && linked.length >= count) return last.name;
    await sleep(linkPauseMs);
  }
  throw new Error(`fewer than ${count} workers are linked`);
}

/** Writes a home's config; `home` is as an environment has it. */
export function writeConfig(home: string | undefined, toml: string): void {
  writeFileSync(join(home ?? '', 'config.toml'), toml, { mode: 0o600 });
}
