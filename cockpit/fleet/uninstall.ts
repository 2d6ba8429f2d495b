/*
 * Taking an agent off its box: over ssh where we know how to get there, else by asking the agent itself.
 *
 * The box decides whether anything would be lost, says what, and takes its own service and files away; the hub
 * ends the trust once it has heard that the box left. A box on which nothing of it is any more has left while nobody
 * heard; then what the hub has heard decides. Nothing here removes a file.
 * Errors: LEAVE_*, UNINSTALL_*, SSH_*, INSTALL_FAILED, INSTALL_NAME, PAIR_EXISTS, those of the agent.
 */
import type { Owed } from '../../protocol/box-frames.ts';
import { AppError, isErrorCode } from '../../protocol/errors.ts';
import { sleep } from '../../protocol/ports.ts';
import type { Hub } from '../hub/hub.ts';
import type { SshPlace } from '../manager/box.ts';
import { formatAttemptId } from '../manager/job.ts';
import type { WorkerRecord } from '../manager/worker.ts';
import { leaveSeenMsMax, upgradeLookMs } from './limits.ts';
import { askOdally } from './odally.ts';
import { assertIs } from './plan-install.ts';
import { planProbe, readProbe } from './probe.ts';
import { readScript } from './shell.ts';

/** What is wanted. */
export interface UninstallWish {
  /** Attempts, jobs or `all`, that may be lost. */
  readonly discard: readonly string[];
  readonly isPlan: boolean;
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface UninstallAnswer {
  readonly name: string;
  readonly as: 'left' | 'would';
  /** How the box was asked. */
  readonly by: 'ssh' | 'link';
  readonly discarded: readonly Owed[];
  /** What stays on the box, because it is not ours. */
  readonly left: readonly string[];
}

/** Does it, or says what it would do. */
export async function uninstall(
  hub: Hub,
  worker: WorkerRecord,
  wish: UninstallWish,
): Promise<UninstallAnswer> {
  const place = hub.boxes.find(worker.key)?.ssh;
  const answer =
    place === undefined
      ? await overLink(hub, worker, wish)
      : await overSsh(hub, worker, { ...wish, place });
  if (answer.as === 'would') return answer;
  await settle(hub, worker);
  return answer;
}

async function overSsh(
  hub: Hub,
  worker: WorkerRecord,
  { place, discard, isPlan, signal }: UninstallWish & { readonly place: SshPlace },
): Promise<UninstallAnswer> {
  const way = { ssh: hub.ssh, place, signal };
  const stdin = planProbe(place.home);
  const facts = readProbe(await hub.ssh.run(place, readScript, { stdin, signal }));
  assertIs({ facts, hub: hub.key, workers: hub.workers.list() }, worker);
  const { home, current, pairing } = facts;
  const { name } = worker;
  if (current === undefined && pairing === '') {
    return fromNothing(hub, worker, { discard, isPlan, where: `${home} on ${place.target}` });
  }
  const given = discard.length === 0 ? '' : ` --discard ${discard.join(',')}`;
  const words = `leave --json${given}${isPlan ? ' --dry-run' : ''}`;
  const answer = await askOdally({ way, home }, words);
  return {
    name,
    as: isPlan ? 'would' : 'left',
    by: 'ssh',
    discarded: Array.isArray(answer.discarded) ? (answer.discarded as readonly Owed[]) : [],
    left: Array.isArray(answer.left) ? answer.left.map(String) : [],
  };
}

/** Nothing is there to ask: what the hub has not heard the end of would be lost. Errors: LEAVE_HOME, LEAVE_OWED. */
function fromNothing(
  hub: Hub,
  { key, name }: WorkerRecord,
  { discard, isPlan, where }: Omit<UninstallWish, 'signal'> & { readonly where: string },
): UninstallAnswer {
  if (hub.session(key)?.isLinked === true) {
    const detail = `There is no agent in ${where}, and ${name} is linked: it runs elsewhere.`;
    throw new AppError('LEAVE_HOME', `${detail} Say with \`wally reach\` how ssh gets there.`);
  }
  const given = new Set(discard);
  const owed: readonly Owed[] = hub.desk.listHeldBy(key).map(({ id, attempts }) => {
    return { attempt: formatAttemptId(id, attempts.length), what: 'report' };
  });
  const kept = owed.filter(({ attempt }) => {
    return !['all', attempt, attempt.slice(0, attempt.indexOf('.'))].some((one) => given.has(one));
  });
  if (kept.length > 0) {
    const ids = kept.map(({ attempt }) => attempt).join(', ');
    const detail = `There is no agent in ${where} any more, and how ${ids} ended was never heard.`;
    throw new AppError('LEAVE_OWED', detail);
  }
  return { name, as: isPlan ? 'would' : 'left', by: 'ssh', discarded: owed, left: [] };
}

async function overLink(
  hub: Hub,
  worker: WorkerRecord,
  { discard, isPlan }: UninstallWish,
): Promise<UninstallAnswer> {
  const { name, key } = worker;
  const session = hub.session(key);
  if (session?.isLinked !== true) throw new AppError('WORKER_AWAY');
  const send = session.session.sendFrame.bind(session.session);
  const answer = await hub.boxLife.askToLeave(key, { discard, isPlan }, send);
  if (answer.as === 'unknown') {
    throw new AppError('UNINSTALL_OLD', `The agent of ${name} does not know how to leave.`);
  }
  if (answer.as === 'silent') throw new AppError('WORKER_AWAY', `${name} did not answer.`);
  if (answer.as === 'refused') {
    const { code = '', message } = answer;
    throw new AppError(isErrorCode(code) ? code : 'LEAVE_OWED', `On the box: ${message}`);
  }
  const row = { name, by: 'link', discarded: answer.owed, left: [] } as const;
  if (isPlan) return { ...row, as: 'would' };
  await untilLeft(hub, worker);
  return { ...row, as: 'left' };
}

/** Its last word ends the trust; without it nothing is known. */
async function untilLeft(hub: Hub, { key, name }: WorkerRecord): Promise<void> {
  for (let waitedMs = 0; waitedMs < leaveSeenMsMax; waitedMs += upgradeLookMs) {
    if (hub.workers.find(key)?.revokedAt !== null) return;
    await sleep(hub.ports.timers, upgradeLookMs);
  }
  throw new AppError('LEAVE_UNHEARD', `${name} was asked to leave, and has not said that it did.`);
}

/** A box that could not say goodbye over its link is trusted no more either; how it was reached is forgotten. */
async function settle(hub: Hub, { key }: WorkerRecord): Promise<void> {
  const worker = hub.workers.find(key);
  const parting = { why: 'it was uninstalled', told: () => undefined };
  if (worker?.revokedAt === null) await hub.revoke(worker, { parting });
  // What a provider made is its to release.
  if (hub.boxes.find(key)?.provider === undefined) await hub.boxes.remove(key);
}
