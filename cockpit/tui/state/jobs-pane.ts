/*
 * The jobs pane's keys: details, and the verbs that act on what is marked or selected. Pure.
 *
 * Cancelling asks first. A verb on many goes out as one request for each; each says how it went.
 */
import type { JobId } from '../../../protocol/model.ts';
import type { JobRow } from '../../verbs/shapes.ts';
import type { Command } from '../keys/keymap.ts';
import { ask, type Effect, requestOf, still, type Update } from './effects.ts';
import { targetsOf } from './list.ts';
import { findSelectedJob, type State, visibleJobs } from './model.ts';

/** The jobs that a verb would act on. */
export function jobTargets(state: State): readonly JobRow[] {
  const rows = visibleJobs(state);
  const ids = new Set(
    targetsOf(
      state.lists.jobs,
      rows.map((job) => job.id),
    ),
  );
  return rows.filter((job) => ids.has(job.id));
}

/** A command of the jobs' own keys. */
export function applyJobsCommand(state: State, command: Command): Update | undefined {
  if (command === 'open') return openJob(state);
  if (command === 'cancel') return askToCancel(state);
  if (command === 'retry') return retry(state);
  if (command === 'open-pager') return openLog(state, 'pager');
  if (command === 'open-editor') return openLog(state, 'editor');
  if (command === 'terminal') return openTerminal(state, findSelectedJob(state)?.id);
  return undefined;
}

/** Details of the selected job, in the place of the log; in the log's own pane it climbs back. */
function openJob(state: State): Update {
  const { focus, drill } = state;
  const job = findSelectedJob(state)?.id;
  if (focus === 'log' && drill.type !== 'log') {
    return still({ ...state, focus: drill.from, drill: { type: 'log' } });
  }
  if (job === undefined) return still(state);
  const next = { type: 'job', job, detail: undefined, from: focus, top: 0 } as const;
  return ask({ ...state, focus: 'log', drill: next }, askForDetail(job));
}

function openLog(state: State, how: 'pager' | 'editor'): Update {
  const job = findSelectedJob(state)?.id;
  return job === undefined
    ? still(state)
    : ask(state, { type: 'hand-over', what: { for: how, job } });
}

/** A shell on this worker's box, or where this job runs. */
export function openTerminal(state: State, target: string | undefined): Update {
  return target === undefined
    ? still(state)
    : ask(state, { type: 'hand-over', what: { for: 'terminal', target } });
}

/** Asks the hub for everything about a job. */
export function askForDetail(job: JobId): Effect {
  return requestOf('job', { job }, { for: 'detail', job });
}

function askToCancel(state: State): Update {
  const jobs = jobTargets(state).filter((job) => job.outcome === null);
  const [first] = jobs;
  if (first === undefined) return still(state);
  const isOne = jobs.length === 1;
  const what = isOne ? first.id : `${jobs.length} jobs`;
  const effects = jobs.map((job) => act('cancel', job.id, 'asked to stop'));
  return still({
    ...state,
    overlay: {
      type: 'confirm',
      title: `Cancel ${what}?`,
      text: [isOne ? first.title : jobs.map((job) => job.id).join(' '), whereText(jobs)],
      no: isOne ? 'No, let it run' : 'No, let them run',
      yes: `Yes, cancel ${what}`,
      answer: 'no',
      effects,
    },
  });
}

function whereText(jobs: readonly JobRow[]): string {
  const workers = new Set(jobs.flatMap((job) => job.worker ?? []));
  if (workers.size === 0) {
    return jobs.length === 1 ? 'It has no worker yet.' : 'They have no workers yet.';
  }
  const whose = jobs.length === 1 ? 'Its' : 'Their';
  return `${whose} processes on ${[...workers].join(', ')} will be ended.`;
}

function retry(state: State): Update {
  const jobs = jobTargets(state).filter((job) => job.outcome !== null);
  return ask(state, ...jobs.map((job) => act('retry', job.id, 'tried again')));
}

function act(verb: 'cancel' | 'retry', job: JobId, done: string): Effect {
  const shows = verb === 'retry';
  return requestOf(verb, { job }, { for: 'act', subject: job, done, shows });
}

/** Why a command of the jobs can't be done. */
export function explainJobs(state: State, command: Command): string | undefined {
  if (command === 'open') {
    if (state.focus === 'log' && state.drill.type !== 'log') return undefined;
    return findSelectedJob(state) === undefined ? 'no job is selected' : undefined;
  }
  if (command === 'open-pager' || command === 'open-editor' || command === 'terminal') {
    return explainOne(state, command);
  }
  if (command !== 'cancel' && command !== 'retry') return undefined;
  if (state.focus === 'log' && state.drill.type === 'worker') return chooseFirst;
  const jobs = jobTargets(state);
  const [first] = jobs;
  if (first === undefined) return 'no job is selected';
  if (command === 'cancel' && jobs.every((job) => job.outcome !== null)) {
    return jobs.length === 1 ? `${first.id} has already ended` : 'all of them have ended';
  }
  if (command === 'retry' && jobs.every((job) => job.outcome === null)) {
    return jobs.length === 1 ? `${first.id} has not ended yet` : 'none of them has ended yet';
  }
  return undefined;
}

/** What is about one job with a worker, or at least with a log. */
function explainOne(state: State, command: Command): string | undefined {
  const job = findSelectedJob(state);
  if (job === undefined) return 'no job is selected';
  if (job.kind === 'group') return `${job.id} is a group; choose one of its parts`;
  return command === 'terminal' && job.worker === null ? `${job.id} has no worker yet` : undefined;
}

/** What is said where a job would have to be chosen. */
export const chooseFirst = 'choose a job first; 2 goes to the jobs';
