/*
 * The one function that changes the screen's state: an event in, a state and effects out. Pure.
 *
 * Every event of the union is decided here. After each the scroll positions are made legal, and an
 * event that changes nothing gives back the very same state, so that nothing is drawn again.
 */
import { unreachable } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import type { JobRow, TeamRow } from '../../verbs/shapes.ts';
import { type KeyPress, resolveKey } from '../keys/resolve.ts';
import { jobsHeldMax } from '../limits.ts';
import { ageText, isBadOutcome, isHeard, workerAge } from '../views/phrases.ts';
import { applyCommand } from './commands.ts';
import { refuseForm, typeIntoForm } from './dispatch-form.ts';
import { ask, type CockpitEvent, type Request, still, type Update } from './effects.ts';
import { findSelectedJob, modeOf, type State } from './model.ts';
import { settle } from './scroll.ts';
import { followJob, selectJob } from './selection.ts';
import { errorText, tell, warn } from './toast.ts';

/** What `event` makes of `state`. */
export function update(state: State, event: CockpitEvent): Update {
  const next = decide(state, event);
  return next.state === state ? next : { ...next, state: settle(next.state) };
}

/** Does anything on screen show an age that grows by itself? */
export function isAgeing(state: State): boolean {
  return ageTexts(state, state.nowMs, state.wallMs).length > 0;
}

function decide(state: State, event: CockpitEvent): Update {
  switch (event.type) {
    case 'key':
      return applyKey(state, event.press);
    case 'paste':
      return applyPaste(state, event.text);
    case 'resize':
      return still({ ...state, columns: event.columns, rows: event.rows });
    case 'tick':
      return applyTick(state, event.nowMs, event.wallMs);
    case 'hub':
      return still({ ...state, hub: event.hub });
    case 'team':
      return applyTeam(state, event.team, event.nowMs);
    case 'jobs':
      return applyJobs(state, event.jobs);
    case 'jobs-changed':
      return applyJobs(state, mergeJobs(state.jobs, event.jobs));
    case 'log':
    case 'log-ended':
      return applyLog(state, event);
    case 'detail':
      return applyDetail(state, event);
    case 'done':
      return applyDone(state, event.request, event.job);
    case 'refused':
      return applyRefused(state, event);
    case 'link-gone':
      return still({
        ...state,
        link: { type: 'gone', reason: event.reason, tryCount: event.tryCount },
      });
    case 'link-live':
      return applyLive(state);
    case 'toast-expired':
      return still(state.toast?.id === event.id ? { ...state, toast: undefined } : state);
    default:
      return unreachable(event);
  }
}

/** The log is read again from its start: nobody knows what was missed. */
function applyLive(state: State): Update {
  const told = tell({ ...state, link: { type: 'live' } }, 'the hub is back');
  if (state.log.job === undefined) return told;
  const followed = followJob(told.state, state.log.job);
  return ask(followed.state, ...told.effects, ...followed.effects);
}

function applyKey(state: State, press: KeyPress): Update {
  const calm = state.toast?.level === 'bad' ? { ...state, toast: undefined } : state;
  const resolved = resolveKey(press, modeOf(calm));
  if (resolved.type === 'command') return applyCommand(calm, resolved.command);
  if (resolved.type === 'text' && calm.overlay?.type === 'form') {
    return typeIntoForm(calm, calm.overlay, resolved.text);
  }
  return still(calm);
}

function applyPaste(state: State, text: string): Update {
  if (state.overlay?.type === 'form') return typeIntoForm(state, state.overlay, text);
  return tell(state, 'pasted text goes into the dispatch form: d opens it');
}

function applyTick(state: State, nowMs: number, wallMs: number): Update {
  const before = ageTexts(state, state.nowMs, state.wallMs);
  const after = ageTexts(state, nowMs, wallMs);
  return before.join(' ') === after.join(' ') ? still(state) : still({ ...state, nowMs, wallMs });
}

/** The ages that grow by themselves, as they are shown: of workers not heard and of running jobs. */
function ageTexts(state: State, nowMs: number, wallMs: number): readonly string[] {
  const isLive = state.link.type === 'live';
  const ageing = state.team.filter(
    (worker) => worker.lastSeenMs !== null && !(isLive && isHeard(worker)),
  );
  const report = { agoMs: nowMs - state.teamAt, link: state.link.type };
  const running = state.jobs.filter(
    (job) => job.outcome === null && job.receipts.startedAt !== null,
  );
  return [
    ...ageing.map((worker) => workerAge(worker, report)),
    ...running.map((job) => minutesSince(job.receipts.startedAt ?? '', wallMs)),
  ];
}

function minutesSince(iso: string, wallMs: number): string {
  const since = wallMs - Date.parse(iso);
  return since < 60_000 ? '' : ageText(since);
}

function applyTeam(state: State, team: readonly TeamRow[], nowMs: number): Update {
  const isKnown = team.some((worker) => worker.name === state.worker);
  const worker = isKnown ? state.worker : team[0]?.name;
  return still({ ...state, team, hasTeam: true, worker, teamAt: nowMs, nowMs });
}

function applyJobs(state: State, rows: readonly JobRow[]): Update {
  const jobs = [...rows].sort((a, b) => numberOf(b.id) - numberOf(a.id)).slice(0, jobsHeldMax);
  const unseen = [...state.unseen.filter((id) => isStillBad(jobs, id)), ...newlyBad(state, jobs)];
  const next: State = { ...state, jobs, unseen, hasJobs: true };
  const newest = jobs[0];
  if (state.job === undefined && newest !== undefined) return selectJob(next, newest.id);
  return renewFollowed(state, next);
}

function mergeJobs(known: readonly JobRow[], changed: readonly JobRow[]): readonly JobRow[] {
  const ids = new Set(changed.map((job) => job.id));
  return [...changed, ...known.filter((job) => !ids.has(job.id))];
}

/** A selected job that has begun another attempt has a new log, and its detail is out of date. */
function renewFollowed(before: State, next: State): Update {
  const job = findSelectedJob(next);
  const known = findSelectedJob(before);
  if (job === undefined || job === known) return still(next);
  const isRenewed = known !== undefined && job.attemptCount > known.attemptCount;
  const update = isRenewed ? followJob(next, job.id) : still(next);
  if (next.drill.type !== 'job' || next.drill.job !== job.id) return update;
  const request = { type: 'request', request: { verb: 'job', job: job.id } } as const;
  return ask(update.state, ...update.effects, request);
}

function newlyBad(state: State, jobs: readonly JobRow[]): readonly JobId[] {
  if (!state.hasJobs) return [];
  const running = new Set(state.jobs.filter((job) => job.outcome === null).map((job) => job.id));
  return jobs
    .filter((job) => job.kind === 'command' && job.id !== state.job && running.has(job.id))
    .filter((job) => isBadOutcome(job.outcome))
    .map((job) => job.id);
}

function isStillBad(jobs: readonly JobRow[], id: JobId): boolean {
  return isBadOutcome(jobs.find((job) => job.id === id)?.outcome ?? null);
}

function applyLog(
  state: State,
  event: Extract<CockpitEvent, { type: 'log' | 'log-ended' }>,
): Update {
  if (event.job !== state.log.job) return still(state);
  if (event.type === 'log-ended') {
    return still({ ...state, log: { ...state.log, isEnded: true, error: event.error } });
  }
  const { first, end, revision } = event;
  return still({ ...state, log: { ...state.log, first, end, revision } });
}

function applyDetail(state: State, event: Extract<CockpitEvent, { type: 'detail' }>): Update {
  if (state.drill.type !== 'job' || state.drill.job !== event.detail.id) return still(state);
  return still({ ...state, drill: { ...state.drill, detail: event.detail } });
}

function applyDone(state: State, request: Request, job: JobId | undefined): Update {
  if (request.verb === 'job') return still(state);
  if (request.verb === 'cancel') return tell(state, `${request.job}: asked to stop`);
  const isOpen = state.overlay?.type === 'form' && isReplyToForm(state, request);
  const closed: State = isOpen ? { ...state, overlay: undefined, focus: 'jobs' } : state;
  if (job === undefined) return still(closed);
  const selected = selectJob(closed, job);
  const told = tell(
    selected.state,
    request.verb === 'retry' ? `${job}: tried again` : `${job}: queued`,
  );
  return ask(told.state, ...selected.effects, ...told.effects);
}

function applyRefused(state: State, event: Extract<CockpitEvent, { type: 'refused' }>): Update {
  const { request, error } = event;
  if (state.overlay?.type === 'form' && isReplyToForm(state, request)) {
    return still(refuseForm(state, state.overlay, error));
  }
  const subject = request.verb === 'dispatch' ? 'dispatch' : `${request.verb} ${request.job}`;
  return warn(state, `${subject}: ${errorText(error)}`);
}

function isReplyToForm(state: State, request: Request): boolean {
  const token = state.overlay?.type === 'form' ? state.overlay.token : undefined;
  return request.verb === 'dispatch' && request.token === token;
}

function numberOf(id: JobId): number {
  return Number(id.slice(1));
}
