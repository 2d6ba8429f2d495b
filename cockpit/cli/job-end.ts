/*
 * Waiting for the ends of jobs, over restarts of the hub too: `wait`, `dispatch --wait`, `dispatch -f`.
 *
 * A job is dispatched once, and known by its id from then on; only questions are asked again. Whoever leaves, or
 * loses the hub for good, is told what goes on and how to ask for it later.
 * Errors: WAIT_TIMEOUT, HUB_UNREACHABLE, the verb's.
 */
import { parseDuration } from '../../protocol/duration.ts';
import { AppError } from '../../protocol/errors.ts';
import type { Program } from '../ports.ts';
import type { Request } from '../verbs/command-line.ts';
import type { JobDetail } from '../verbs/shapes.ts';
import { followLog } from './follow-log.ts';
import { isHubLost, type SteadyHub } from './steady-hub.ts';

/** What was asked, and whom. */
export interface WaitCall {
  readonly program: Program;
  readonly hub: SteadyHub;
  readonly request: Request;
}

/** Parts of a group whose output `dispatch -f` follows; a link carries no more calls than twice that. */
const followedMax = 100;

/** A job that is waited for; `left` rejects at a signal: the job goes on. */
interface Waited {
  readonly job: JobDetail;
  readonly left: Promise<never>;
}

/** `wait`: resolves with the verb's answer. */
export async function awaitJobs(call: WaitCall): Promise<unknown> {
  const jobs = [call.request.args.jobs].flat().map(String);
  return awaitEnds(call, jobs).catch((thrown: unknown) => {
    throw nameJobs(jobs, thrown);
  });
}

/** `dispatch --wait`: resolves with the ended job. */
export async function dispatchAndWait(call: WaitCall): Promise<JobDetail> {
  const { job, left } = await dispatchOnly(call);
  return Promise.race([awaitEnd(call, job), left]).catch((thrown: unknown) => {
    throw nameJobs([job.id], thrown);
  });
}

/** `dispatch -f`: the job's output as it comes, to `take`; resolves with the ended job. */
export async function dispatchAndFollow(
  call: WaitCall,
  take: (item: unknown) => Promise<void>,
): Promise<JobDetail> {
  const { program, hub, request } = call;
  const { job, left } = await dispatchOnly(call);
  if (!request.isJson) program.say(`${job.id} ${job.title}`);
  const ids = job.kind === 'group' ? job.children.map((part) => part.id) : [job.id];
  const ended = Promise.race([awaitEnd(call, job), left]);
  const printed = ids.slice(0, followedMax).map((id) => {
    const { done } = followLog({ hub, args: { job: [id], follow: true }, take });
    return Promise.race([done, left]);
  });
  await Promise.all([ended, ...printed]).catch((thrown: unknown) => {
    throw nameJobs([job.id], thrown);
  });
  return ended;
}

/** Dispatches what is to be waited for; it is known by its id from here on, whatever becomes of the hub. */
async function dispatchOnly({ program, hub, request }: WaitCall): Promise<Waited> {
  const { wait: _wait, follow: _follow, timeout: _timeout, ...args } = request.args;
  let what = 'It was left before the hub had answered; what was asked may have happened.';
  const left = new Promise<never>((_, reject) => {
    program.onSignal(() => reject(new AppError('WAIT_TIMEOUT', what)));
  });
  const job = (await Promise.race([hub.client.call('dispatch', args), left])) as JobDetail;
  what = `${job.id} was left before it had ended; it goes on.`;
  return { job, left };
}

function awaitEnd(call: WaitCall, { id }: JobDetail): Promise<JobDetail> {
  return awaitEnds(call, [id]) as Promise<JobDetail>;
}

/** A time that was named runs on while the hub is away. */
function awaitEnds({ program, hub, request }: WaitCall, jobs: readonly string[]): Promise<unknown> {
  const { clock } = program.ports;
  const { timeout } = request.args;
  const timeoutMs = typeof timeout === 'string' ? parseDuration(timeout) : undefined;
  const since = clock.monotonicMs();
  const plan = () => {
    // A word that is no duration is for the verb to refuse.
    if (timeoutMs === undefined) return timeout === undefined ? {} : { timeout };
    return { timeout: `${Math.max(1, Math.ceil(timeoutMs - (clock.monotonicMs() - since)))}ms` };
  };
  return hub.ask((client) => client.call('wait', { jobs, ...plan() }));
}

/** Who waits for jobs and loses the hub is told what to ask for later. */
function nameJobs(jobs: readonly string[], thrown: unknown): unknown {
  if (!isHubLost(thrown)) return thrown;
  const [only, ...others] = jobs;
  const goesOn = others.length === 0 ? `${only} goes on` : 'the jobs go on';
  const words = `The connection to the hub ended; ${goesOn}. Later: wally wait ${jobs.join(' ')}`;
  return new AppError('HUB_UNREACHABLE', words, { cause: thrown });
}
