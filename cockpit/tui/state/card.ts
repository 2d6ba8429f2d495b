/*
 * The details that take the place of the team and the jobs: of a job, a worker, or the hub. Pure.
 *
 * What a card is about is kept by id; what the hub answers about it is kept with it and goes with
 * it. Opening one never waits: what is known is there at once, the rest comes when it comes.
 */
import type { Finding } from '../../../protocol/doctor.ts';
import type { ErrorShape } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import type { ArtifactRow, JobDetail } from '../../verbs/shapes.ts';
import type { PaneId } from '../views/layout.ts';
import { selectJob } from './board-choice.ts';
import { ask, type Effect, requestOf, still, type Update } from './effects.ts';
import type { State } from './model.ts';

/** What a worker says of itself when it is asked; a dead one says nothing, and nobody waits. */
export type WorkerDoctor =
  | { readonly is: 'asked' }
  | { readonly is: 'told'; readonly findings: readonly Finding[] }
  | { readonly is: 'refused'; readonly error: ErrorShape };

/**
 * What the details are about; `from` is the pane to climb back to, where that is another. `file` is
 * the artifact that is chosen, by its place in the list.
 */
export type Card = { readonly from?: PaneId } & (
  | {
      readonly type: 'job';
      readonly job: JobId;
      readonly detail: JobDetail | undefined;
      readonly file: number;
    }
  | { readonly type: 'worker'; readonly name: string; readonly doctor: WorkerDoctor }
  | { readonly type: 'hub' }
);

/** The card that has the keys. */
export function findOpenCard(state: State): Card | undefined {
  const isOnDesk = state.focus === 'team' || state.focus === 'jobs';
  return state.detail.isOpen && isOnDesk ? state.card : undefined;
}

/** Opens a card in the place of this pane. */
export function openCard(state: State, focus: PaneId, card: Card): Update {
  const opened: State = { ...state, focus, card, detail: { isOpen: true, top: 0 } };
  if (card.type === 'job') return ask(opened, askForDetail(card.job));
  if (card.type === 'worker') return ask(opened, askDoctor(card.name));
  return still(opened);
}

/** A worker's details, and beside them the log of the job that it runs. */
export function openWorker(state: State, name: string): Update {
  const opened = openCard(state, 'team', { type: 'worker', name, doctor: { is: 'asked' } });
  const held = state.team.find((worker) => worker.name === name)?.jobs ?? [];
  const running = state.jobs.find((job) => held.includes(job.id) && job.state === 'started');
  const shown = running === undefined ? opened.state : selectJob(opened.state, running.id);
  return ask(shown, ...opened.effects);
}

/** Asks the hub for everything about a job. */
export function askForDetail(job: JobId): Effect {
  return requestOf('job', { job }, { for: 'detail', job });
}

function askDoctor(worker: string): Effect {
  return requestOf('doctor', { on: [worker] }, { for: 'worker-doctor', worker });
}

/** A job's details came; where its card was closed meanwhile they change nothing. */
export function showDetail(state: State, detail: JobDetail): State {
  const { card } = state;
  if (card?.type !== 'job' || card.job !== detail.id || !state.detail.isOpen) return state;
  const last = Math.max(0, detail.artifacts.length - 1);
  return { ...state, card: { ...card, detail, file: Math.min(card.file, last) } };
}

/** A worker said how it is, or could not be asked. */
export function showDoctor(state: State, worker: string, doctor: WorkerDoctor): State {
  const { card } = state;
  if (card?.type !== 'worker' || card.name !== worker) return state;
  return { ...state, card: { ...card, doctor } };
}

/** The artifact that is chosen in the open job. */
export function findChosenFile(state: State): ArtifactRow | undefined {
  const card = findOpenCard(state);
  return card?.type === 'job' ? card.detail?.artifacts[card.file] : undefined;
}

/** Chooses the artifact so many places on. */
export function stepFile(state: State, step: number): State {
  const card = findOpenCard(state);
  if (card?.type !== 'job') return state;
  const last = Math.max(0, (card.detail?.artifacts.length ?? 0) - 1);
  const file = Math.min(last, Math.max(0, card.file + step));
  return file === card.file ? state : { ...state, card: { ...card, file } };
}
