/*
 * `odally repair`: the same for a box: its store is salvaged, what follows from it is made again, and what nobody can need goes.
 *
 * Where something is missing, what the box held may not be reported or run: the hub was told more than is known here. So all of it
 * is put aside as for a fresh pairing, and the agent begins with a new store, by which the hub settles the rest.
 * Exit status 1 where rows are missing. Errors: USAGE_*, REPAIR_BUSY, RESTORE_FAILED, STORE_*.
 */
import { parseArgs } from 'node:util';
import { describeFlagFault } from '../protocol/argument-faults.ts';
import { AppError } from '../protocol/errors.ts';
import type { KvRow } from '../store/kv.ts';
import { openLevelKv } from '../store/open.ts';
import { type HomeRepair, repairHome, showHome } from '../store/salvage/repair-home.ts';
import type { SiftedRows } from '../store/salvage/repair-store.ts';
import { dialAgent } from './agent-client.ts';
import { canReadHeld } from './attempts.ts';
import { canReadDisowned } from './disowned.ts';
import { type AgentHome, findAgentHome } from './home.ts';
import type { Program } from './ports.ts';
import { rebuildService, rejoinTrees } from './rebuild.ts';
import { setAside } from './set-aside.ts';

/** Mends; resolves with the exit status. */
export async function runRepair(program: Program, words: readonly string[]): Promise<number> {
  const home = findAgentHome(program.env.ODALLY_HOME);
  const isDryRun = readDryRun(words);
  const repaired = await repair(program, home, isDryRun);
  const { store, removed, wasCutOff } = repaired;
  const isMissing = store?.is === 'missing-rows';
  if (isMissing && !isDryRun) await beginAnew(program, home);
  const service = await rebuildService({ program, home }, isDryRun);
  const rejoined = await rejoinTrees({ program, home }, isDryRun);
  const did = isDryRun ? 'would be' : 'was';
  const lines = [
    ...showHome(repaired, isDryRun),
    ...removed.map((path) => `${path}: ${did} removed`),
    ...(service === undefined ? [] : [`${service}: ${did} written again`]),
    ...rejoined.map((path) => `${path}: ${did} made known to its repository again`),
    ...(isMissing && !isDryRun ? ['What was held is put aside; the hub settles it as lost.'] : []),
  ];
  const answer = { isDryRun, store, removed, wasCutOff, service: service ?? null, rejoined };
  program.print(words.includes('--json') ? JSON.stringify(answer) : lines.join('\n'));
  return isMissing ? 1 : 0;
}

async function repair({ ports }: Program, home: AgentHome, isDryRun: boolean): Promise<HomeRepair> {
  const client = await dialAgent(home).catch(() => undefined);
  client?.close();
  const { directory, store, socket } = home;
  return repairHome({
    ...{ home: directory, store, socket, isDryRun, random: ports.random, adapt: null, sift },
    isAnswered: client !== undefined,
    now: ports.clock.wallMs(),
  });
}

/** The hub was told of every attempt, so without one of them it is another store. */
function sift(rows: readonly KvRow[]): SiftedRows {
  const unread = rows.filter((row) => !(canReadHeld(row) && canReadDisowned(row)));
  return { lost: unread.map(({ key }) => key), leftOut: [], ops: [] };
}

async function beginAnew({ ports, say }: Program, home: AgentHome): Promise<void> {
  const kv = await openLevelKv(home.store);
  await setAside({ home, kv, ports, noticed: say });
}

function readDryRun(words: readonly string[]): boolean {
  const flag = { type: 'boolean' } as const;
  try {
    const { values } = parseArgs({ args: [...words], options: { 'dry-run': flag, json: flag } });
    return values['dry-run'] === true;
  } catch (cause) {
    throw new AppError('USAGE_FLAG', `repair: ${describeFlagFault(cause)}.`, { cause });
  }
}
