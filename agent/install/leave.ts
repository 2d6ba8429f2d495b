/*
 * An agent leaves its box for good: what it owes is delivered, its hub told, its service and files taken away.
 *
 * It refuses while work would be lost that nobody gave up by name, and then nothing was changed but that checkouts
 * which held nothing are gone; that is looked at once more when nothing runs any more. From the hub's word on there is no way back: the hub trusts it no more. It runs in a
 * process apart from the agent. Errors: LEAVE_*, SERVICE_*, STORE_*.
 */
import { readdir, realpath, rm, rmdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Owed } from '../../protocol/box-frames.ts';
import { AppError, hasSystemCode } from '../../protocol/errors.ts';
import type { AttemptId } from '../../protocol/model.ts';
import { sleep } from '../../protocol/ports.ts';
import { askPatiently, dialAgent, findAnswering, findRunning, isLinked } from '../agent-client.ts';
import type { AgentHome } from '../home.ts';
import type { Program } from '../ports.ts';
import { isOwnFolder, nameSharedFolder } from '../work/shared-folder.ts';
import { assertHome, describeOwed, homeMark, planHomeRemoval, splitOwed } from './leave-plan.ts';
import { leaveAloneMsMax, leaveDeliverMsMax, leaveEndMsMax, serviceLookMs } from './limits.ts';
import { askOwed, KeptTrees, readOwed } from './owed-work.ts';
import { openService } from './service-verb.ts';

/** What leaving needs. */
export interface LeaveParts {
  readonly program: Program;
  readonly home: AgentHome;
  readonly noticed: (line: string) => void;
}

/** What came of it, or would. */
export interface LeaveResult {
  /** `would`: it was only asked. */
  readonly as: 'left' | 'would';
  /** Given up by name. */
  readonly discarded: readonly Owed[];
  /** Does the hub know? */
  readonly isTold: boolean;
  /** What stays in the home, because it is not ours. */
  readonly left: readonly string[];
  readonly notes: readonly string[];
}

/** What would be lost now, with all that could be delivered still among it. */
export async function listAllOwed({ home, program }: LeaveParts): Promise<readonly Owed[]> {
  const owed = (await askOwed(home, program.ports.timers)) ?? (await readOwed(home));
  const held = new Set(owed.map(({ attempt }) => attempt));
  return [...owed, ...(await new KeptTrees(home, program.env).list(held))];
}

/** What leaving would do now; it changes nothing. Errors: LEAVE_OWED, LEAVE_HOME. */
export async function planLeave(
  parts: LeaveParts,
  discard: readonly string[],
): Promise<LeaveResult> {
  await assertOwnHome(parts);
  const { givenUp, kept } = splitOwed(await listAllOwed(parts), discard);
  refuse(kept.filter(isLasting));
  const { left } = planHomeRemoval(await readdir(parts.home.directory));
  return { as: 'would', discarded: givenUp, isTold: false, left, notes: [] };
}

/** Leaves. */
export async function leave(parts: LeaveParts, discard: readonly string[]): Promise<LeaveResult> {
  await assertOwnHome(parts);
  const { givenUp, kept } = splitOwed(await listAllOwed(parts), discard);
  refuse(kept.filter(({ what }) => isLasting({ what }) && what !== 'checkout'));
  const trees = new KeptTrees(parts.home, parts.program.env);
  const pick = (rows: readonly Owed[]) => new Set<string>(rows.map(({ attempt }) => attempt));
  refuse(await trees.clear(pick(kept.filter(({ what }) => what === 'checkout')), 'careful'));
  const running = await findRunning(parts.home, parts.program.ports.timers);
  const isTold = running === undefined ? false : await part(parts, givenUp, discard);
  if (running === undefined) await refuseUntaken(parts, discard);
  await openService(parts).perform({ verb: 'remove' });
  // Of what was given up and ran a moment ago, too.
  const given = splitOwed(await trees.list(new Set()), discard).givenUp;
  await trees.clear(new Set([...pick(given), ...pick(givenUp)]), 'discard');
  const shared = nameSharedFolder(parts.home.work);
  // One that somebody else made is theirs, and must not keep us from going.
  if (await isOwnFolder(shared).catch(() => false)) await rm(shared, { recursive: true });
  const left = await removeHome(parts.home.directory);
  return { as: 'left', discarded: givenUp, isTold, left, notes: describeEnd(isTold, left) };
}

/** What does not go away by waiting for a moment. */
function isLasting({ what }: Pick<Owed, 'what'>): boolean {
  return what === 'running' || what === 'waiting' || what === 'checkout';
}

function refuse(owed: readonly Owed[]): void {
  if (owed.length === 0) return;
  throw new AppError('LEAVE_OWED', `This would be lost: ${describeOwed(owed)}.`);
}

/** Where no agent runs nothing is delivered any more. */
async function refuseUntaken(parts: LeaveParts, discard: readonly string[]): Promise<void> {
  refuse(splitOwed(await readOwed(parts.home), discard).kept);
  await refuseTrees(parts, discard);
}

/**
 * A checkout of work that was owed a moment ago is looked at only now, when nobody is in it; the agent may have
 * kept it, and the hub has no more of it than that word.
 */
async function refuseTrees(
  { home, program }: LeaveParts,
  discard: readonly string[],
): Promise<void> {
  const trees = new KeptTrees(home, program.env);
  const { kept } = splitOwed(await trees.list(new Set()), discard);
  refuse(await trees.clear(new Set(kept.map(({ attempt }) => attempt)), 'careful'));
}

/** Ends what was given up, delivers the rest, says goodbye, and stops the agent. */
async function part(
  parts: LeaveParts,
  givenUp: readonly Owed[],
  discard: readonly string[],
): Promise<boolean> {
  const { home, program, noticed } = parts;
  const client = await dialAgent(home);
  const ask = (verb: string, args: Readonly<Record<string, unknown>>) =>
    askPatiently(client, program, () => client.call(verb, args));
  try {
    // For as long as this is open nothing new is taken; on a refusal the agent goes on as before.
    const hold = client.stream('hand-over', { why: 'leave' }, () => undefined);
    hold.done.catch(() => undefined);
    const attempts = givenUp.flatMap(({ attempt, what }): readonly AttemptId[] =>
      what === 'running' || what === 'waiting' ? [attempt] : [],
    );
    if (attempts.length > 0) await ask('give-up', { attempts });
    await untilDelivered(parts, discard);
    await refuseTrees(parts, discard);
    const { isTold } = (await ask('bye', { reason: 'It left its box.' })) as {
      readonly isTold: boolean;
    };
    noticed(isTold ? 'the hub trusts this box no more' : 'the hub could not be told that it left');
    return isTold;
  } finally {
    client.close();
  }
}

/** Waits for what is still running to end and for the rest to reach the hub, within bounds; else refuses. */
async function untilDelivered(parts: LeaveParts, discard: readonly string[]): Promise<void> {
  const { program, home } = parts;
  const { clock, timers } = program.ports;
  const begunMs = clock.monotonicMs();
  for (;;) {
    const running = await findAnswering(home, timers);
    const owed = (await askOwed(home, timers)) ?? [];
    const isRunning = owed.some(({ what }) => what === 'running');
    const { kept } = splitOwed(owed, discard);
    // The last word of what was given up goes to the hub as well, where there is one.
    const hasHub = running !== undefined && isLinked(running);
    const isDone = !isRunning && (hasHub ? owed.length === 0 : kept.length === 0);
    if (isDone) return;
    const patienceMs = hasHub ? leaveDeliverMsMax : leaveAloneMsMax;
    const waitedMs = clock.monotonicMs() - begunMs;
    if (isRunning && waitedMs < leaveEndMsMax) await sleep(timers, serviceLookMs);
    else if (waitedMs < patienceMs) await sleep(timers, serviceLookMs);
    else return refuse(kept);
  }
}

async function assertOwnHome({ home, program }: LeaveParts): Promise<void> {
  const names = await readdir(home.directory).catch((error: unknown) => {
    if (hasSystemCode(error, 'ENOENT')) return [];
    throw error;
  });
  // By its true name: a link to a person's home is that home.
  const real = (path: string) => realpath(path).catch(() => path);
  const userHome = await real(program.env.HOME ?? homedir());
  assertHome(await real(home.directory), { names, userHome });
}

/** Removes what is ours; resolves with the names of what is left. */
async function removeHome(directory: string): Promise<readonly string[]> {
  const { gone, left } = planHomeRemoval(await readdir(directory));
  const kept: string[] = [];
  // What makes this a home goes last, so that a removal that is cut off can be asked for again.
  for (const name of gone.toSorted((a, b) => Number(a === homeMark) - Number(b === homeMark))) {
    const isGone = await removeOwn(directory, name);
    if (!isGone) kept.push(name);
  }
  if (left.length + kept.length === 0) await rmdir(directory);
  return [...left, ...kept];
}

/** All that may be in checkouts was asked about and cleared away; what still is there nobody knows. */
async function removeOwn(directory: string, name: string): Promise<boolean> {
  const path = join(directory, name);
  if (name !== 'trees') {
    await rm(path, { recursive: true, force: true });
    return true;
  }
  return rmdir(path).then(
    () => true,
    () => false,
  );
}

function describeEnd(isTold: boolean, left: readonly string[]): readonly string[] {
  const untold = 'the hub could not be told: revoke it there (`wally team revoke NAME`)';
  return [
    ...(isTold ? [] : [untold]),
    ...(left.length === 0 ? [] : [`not ours, and left: ${left.join(', ')}`]),
  ];
}
