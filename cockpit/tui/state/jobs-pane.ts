/*
 * The jobs pane's keys: details, and the verbs that act on what is marked or selected. Pure.
 *
 * Cancelling asks first. A verb on many goes out as one request for each; each says how it went.
 */
import type { JobId } from '../../../protocol/model.ts';
import type { JobRow } from '../../verbs/shapes.ts';
import type { Command } from '../keys/keymap.ts';
import { visibleJobs } from './board.ts';
import { applyBoardCommand, explainBoard } from './board-choice.ts';
import { findChosenFile, findOpenCard, openCard, stepFile } from './card.ts';
import { ask, type Effect, requestOf, still, type Update } from './effects.ts';
import { describeLeft } from './groups.ts';
import { findPlace } from './list.ts';
import { findSelectedJob, type State } from './model.ts';
import { warn } from './toast.ts';

/** The jobs that a verb would act on. */
export function jobTargets(state: State): readonly JobRow[] {
  const card = findOpenCard(state);
  // What is marked in a list that is not in sight is not what a key is about.
  if (card?.type === 'job') return state.jobs.filter((job) => job.id === card.job);
  const rows = visibleJobs(state);
  const { marked, selected } = state.lists.jobs;
  const chosen = new Set<string>(marked);
  const some = chosen.size === 0 ? [] : rows.filter((job) => chosen.has(job.id));
  return some.length > 0 ? some : rows.slice(...spanOf(rows, selected));
}

/** The one row of this id, as the ends of a slice. */
function spanOf(rows: readonly JobRow[], id: string | undefined): readonly [number, number] {
  const place = findPlace(rows, (job) => job.id, id);
  return place < 0 ? [0, 0] : [place, place + 1];
}

/** A command of the jobs' own keys. */
export function applyJobsCommand(state: State, command: Command): Update | undefined {
  if (command === 'open') return openJob(state);
  if (command === 'cancel') return askToCancel(state, jobTargets(state));
  if (command === 'retry') return retry(state);
  if (command === 'open-pager') return openLog(state, 'pager');
  if (command === 'open-editor') return openLog(state, 'editor');
  if (command === 'terminal') return openTerminal(state, findSelectedJob(state)?.id);
  if (state.focus !== 'jobs') return undefined;
  return findOpenCard(state) === undefined
    ? applyToBoard(state, command)
    : applyToCard(state, command);
}

function applyToBoard(state: State, command: Command): Update | undefined {
  const next = applyBoardCommand(state, command);
  return next === undefined ? undefined : still(next);
}

/** In a job's details the keys that fold choose among its files, and no key narrows what is not seen. */
function applyToCard(state: State, command: Command): Update | undefined {
  if (command === 'fold' || command === 'unfold') {
    return still(stepFile(state, command === 'fold' ? -1 : 1));
  }
  const file = findChosenFile(state);
  if (command !== 'fetch' || file === undefined) return undefined;
  return ask(state, requestOf('get', {}, { for: 'fetch', file }));
}

/** Details of the selected job, beside its log. */
function openJob(state: State): Update {
  const job = findSelectedJob(state)?.id;
  if (job === undefined || findOpenCard(state) !== undefined) return still(state);
  return openCard(state, 'jobs', { type: 'job', job, detail: undefined, file: 0 });
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

/** Asks before it cancels those of these jobs that have not ended. */
export function askToCancel(state: State, among: readonly JobRow[]): Update {
  const jobs = among.filter((job) => job.outcome === null);
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
  const targets = jobTargets(state);
  const left = describeLeft(
    state,
    targets.map(({ id }) => id),
  );
  const known = left === undefined ? state : warn(state, `retry: ${left}`).state;
  return ask(known, ...targets.filter(canRetry).map((job) => act('retry', job.id, 'tried again')));
}

/** A group has no attempts of its own. */
function canRetry(job: JobRow): boolean {
  return job.outcome !== null && job.kind !== 'group';
}

function act(verb: 'cancel' | 'retry', job: JobId, done: string): Effect {
  const shows = verb === 'retry';
  return requestOf(verb, { job }, { for: 'act', subject: job, done, shows });
}

/** Why a command of the jobs can't be done. */
export function explainJobs(state: State, command: Command): string | undefined {
  if (command === 'open') {
    return findSelectedJob(state) === undefined ? 'no job is selected' : undefined;
  }
  if (command === 'open-pager' || command === 'open-editor' || command === 'terminal') {
    return explainOne(state, command);
  }
  if (command === 'fetch') return explainFetch(state);
  if (command !== 'cancel' && command !== 'retry') return explainView(state, command);
  const jobs = jobTargets(state);
  const [first] = jobs;
  if (first === undefined) return 'no job is selected';
  if (command === 'cancel' && jobs.every((job) => job.outcome !== null)) {
    return jobs.length === 1 ? `${first.id} has already ended` : 'all of them have ended';
  }
  if (command === 'retry' && !jobs.some(canRetry)) {
    if (first.kind === 'group') return `${first.id} is a group; choose its parts`;
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

/** Keys of the board where its details are open: only those that choose a file are of use. */
function explainView(state: State, command: Command): string | undefined {
  if (state.focus !== 'jobs') return undefined;
  if (findOpenCard(state) === undefined) return explainBoard(state, command);
  const isChoice = command === 'fold' || command === 'unfold';
  if (isChoice && findChosenFile(state) === undefined) return 'it brought no files';
  return boardOnly.test(command) ? 'esc goes back to the list first' : undefined;
}

const boardOnly = /^(?:sort-|filter|mark)/;

function explainFetch(state: State): string | undefined {
  if (findOpenCard(state) === undefined) return 'enter opens a job, then f fetches a file of it';
  const file = findChosenFile(state);
  if (file === undefined) return 'it brought no files';
  if (file.state === 'here') return undefined;
  return file.state === 'coming'
    ? 'it has not come yet'
    : `it can’t be had: ${file.code ?? file.state}`;
}
