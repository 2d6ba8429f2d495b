/*
 * What the hub's answers mean: each goes to whoever asked. Pure.
 *
 * A reply to a form or to details that were closed meanwhile changes nothing.
 */
import type { DoctorReport } from '../../../protocol/doctor.ts';
import { type ErrorShape, unreachable } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import type { EventRow, JobDetail, JobRow } from '../../verbs/shapes.ts';
import { plain } from '../../verbs/text.ts';
import { selectJob } from './board-choice.ts';
import { showDetail, showDoctor } from './card.ts';
import { refuseForm } from './dispatch-form.ts';
import { applyDiagnosis, applyNoDiagnosis } from './doctor-pane.ts';
import { ask, type CockpitEvent, type Purpose, still, subjectOf, type Update } from './effects.ts';
import { applyEvents, applyNoEvents } from './events-pane.ts';
import type { DispatchForm } from './form-fields.ts';
import { rememberDispatch } from './form-history.ts';
import type { ScreenVerb } from './grammar.ts';
import { followRenewed } from './log-pane.ts';
import { mergeJobs, type State, withList } from './model.ts';
import { applyTold, endSteps } from './steps.ts';
import { errorText, tell, warn } from './toast.ts';
import { noteAnswered } from './waiting.ts';

/** What the hub says to a request. */
export function applyHeard(
  state: State,
  event: Extract<CockpitEvent, { type: 'told' | 'reply' | 'refused' }>,
): Update {
  const { request } = event;
  const { purpose } = request;
  if (event.type === 'told') return applyTold(state, purpose, event.item);
  const answered = noteAnswered(state, request);
  if (event.type === 'refused') return applyRefused(answered, purpose, event.error);
  return applyReply(answered, purpose, event.value);
}

/** The hub did what was asked. */
function applyReply(state: State, purpose: Purpose, value: unknown): Update {
  switch (purpose.for) {
    case 'form':
      return applyDispatched(state, purpose, value);
    case 'detail':
      return isDetail(value)
        ? still(showDetail(state, value))
        : applyRefused(state, purpose, strange);
    case 'worker-doctor':
      return isReport(value)
        ? still(showDoctor(state, purpose.worker, { is: 'told', findings: value.findings }))
        : applyRefused(state, purpose, strange);
    case 'fetch':
      return tell(state, `${purpose.file.path}: saved as ${String(value)}`);
    case 'line':
      return applyAnswer(state, purpose, value);
    case 'doctor':
      return isReport(value)
        ? applyDiagnosis(state, purpose, value)
        : applyRefused(state, purpose, strange);
    case 'events':
      return Array.isArray(value)
        ? applyEvents(state, purpose, value as readonly EventRow[])
        : applyRefused(state, purpose, strange);
    case 'act': {
      const shown = purpose.shows ? showJob(state, value) : state;
      const renewed = followRenewed(state, shown);
      const told = tell(renewed.state, `${purpose.subject}: ${purpose.done}`);
      return ask(told.state, ...renewed.effects, ...told.effects);
    }
    default:
      return unreachable(purpose);
  }
}

function applyDispatched(
  state: State,
  { token, args }: Extract<Purpose, { for: 'form' }>,
  value: unknown,
): Update {
  const isOpen = findForm(state, token) !== undefined;
  const known = { ...state, pastDispatches: rememberDispatch(state.pastDispatches, args) };
  const closed: State = isOpen
    ? { ...known, overlay: undefined, keptForm: undefined, focus: 'jobs' }
    : known;
  const job = readJobId(value);
  const told = job === undefined ? still(closed) : tell(showJob(closed, value), `${job}: queued`);
  return ask(told.state, ...told.effects, { type: 'remember', entry: args });
}

/** The hub refused what was asked. */
function applyRefused(state: State, purpose: Purpose, error: ErrorShape): Update {
  const form = purpose.for === 'form' ? findForm(state, purpose.token) : undefined;
  if (form !== undefined) return still(refuseForm(state, form, error));
  if (purpose.for === 'doctor') return applyNoDiagnosis(state, purpose.place, error);
  if (purpose.for === 'events') return applyNoEvents(state, purpose.token, error);
  if (purpose.for === 'worker-doctor') {
    return still(showDoctor(state, purpose.worker, { is: 'refused', error }));
  }
  const told =
    purpose.for === 'line' ? endSteps(state, purpose.line, [errorText(error)]) : undefined;
  if (told !== undefined) return still(told);
  return warn(state, `${subjectOf(purpose)}: ${errorText(error)}`);
}

/** Selects a job, which shows its log too. */
function showJob(state: State, answer: unknown): State {
  const id = readJobId(answer);
  if (id === undefined) return state;
  const known = isJobRow(answer) ? { ...state, jobs: mergeJobs(state.jobs, [answer]) } : state;
  const { jobs } = known.lists;
  return selectJob(withList(known, 'jobs', { ...jobs, marked: [] }), id);
}

/** A hub of another version may say what this one can't show; that must not end the screen. */
const strange: ErrorShape = {
  code: 'PEER_VERSION',
  message: 'The hub answered in a way that this version can’t show.',
  hint: 'Upgrade the older of the two.',
};

function isReport(answer: unknown): answer is DoctorReport {
  const report = answer as Partial<DoctorReport> | null;
  return Array.isArray(report?.findings) && Array.isArray(report.fixed);
}

function isDetail(answer: unknown): answer is JobDetail {
  return isJobRow(answer) && 'attempts' in answer && Array.isArray(answer.attempts);
}

/** Is it the whole row, as `dispatch` and `retry` answer? The feed tells of it a moment later. */
function isJobRow(answer: unknown): answer is JobRow {
  return typeof answer === 'object' && answer !== null && 'receipts' in answer;
}

/** A hub of another version may answer in a shape that this one can't show. */
function readAnswer(
  verb: ScreenVerb | undefined,
  value: unknown,
): { readonly lines: readonly string[]; readonly isGood: boolean } {
  try {
    const aside = verb?.aside?.(value);
    const shown = verb?.show(value as never, plain).split('\n') ?? [];
    const lines = aside === undefined ? shown : [aside, ...shown];
    return { lines, isGood: (verb?.exit?.(value as never) ?? 0) === 0 };
  } catch {
    return { lines: ['the hub answered in a way that this version can’t show'], isGood: false };
  }
}

/** A short answer is a toast, a longer one is laid over the panes, unless something is there. */
function applyAnswer(
  state: State,
  { line, verb: name }: Extract<Purpose, { for: 'line' }>,
  value: unknown,
): Update {
  const verb = state.verbs.find((known) => known.name === name);
  const { lines, isGood } = readAnswer(verb, value);
  const shown = showJob(state, value);
  const told = endSteps(shown, line, lines);
  if (told !== undefined) return still(told);
  const [first = ''] = lines;
  if (lines.length > 1 && state.overlay === undefined) {
    return still({ ...shown, overlay: { type: 'words', title: line, lines, top: 0 } });
  }
  const text = `${line}: ${first === '' ? 'done' : first}`;
  return isGood ? tell(shown, text) : warn(shown, text);
}

function findForm(state: State, token: number): DispatchForm | undefined {
  return state.overlay?.type === 'form' && state.overlay.token === token
    ? state.overlay
    : undefined;
}

function readJobId(value: unknown): JobId | undefined {
  const id = (value as Partial<Pick<JobDetail, 'id'>> | null)?.id;
  return typeof id === 'string' ? id : undefined;
}
