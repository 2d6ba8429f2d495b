/*
 * The one function that changes the screen's state: an event in, a state and effects out. Pure.
 *
 * Every event of the union is decided here. After each the scroll positions are made legal, and an
 * event that changes nothing gives back the very same state, so that nothing is drawn again.
 */
import { unreachable } from '../../../protocol/errors.ts';
import type { JobId } from '../../../protocol/model.ts';
import type { JobRow } from '../../verbs/shapes.ts';
import type { Report } from '../keys/reports.ts';
import { type KeyPress, resolveKey } from '../keys/resolve.ts';
import { isBadOutcome } from '../views/phrases.ts';
import { listAges } from './ages.ts';
import { askForDetail, findOpenCard } from './card.ts';
import { typeIntoLine } from './command-line.ts';
import { applyCommand } from './commands.ts';
import { pasteIntoForm, takeEdited, typeIntoForm } from './dispatch-form.ts';
import { applyInspection, openDoctor, stampAsked } from './doctor-pane.ts';
import { ask, type CockpitEvent, still, type Update } from './effects.ts';
import { applyStreamed, syncEvents } from './events-pane.ts';
import { withPast } from './form-history.ts';
import { arrive, restoreLists } from './hubs.ts';
import { takeInbox } from './inbox-pane.ts';
import { applyLogEvent } from './log-news.ts';
import { followJob, followRenewed, showSelected } from './log-pane.ts';
import { loadAhead } from './log-places.ts';
import {
  findJob,
  findSelectedJob,
  mergeJobs,
  mergeTeam,
  modeOf,
  orderJobs,
  type State,
} from './model.ts';
import { applyMouse } from './mouse.ts';
import { typeIntoPalette } from './palette.ts';
import { settleLists } from './panes.ts';
import { rememberPlace } from './places.ts';
import { typeIntoPrompt } from './prompt.ts';
import { applyHeard } from './replies.ts';
import { settleScroll } from './scroll.ts';
import { tellTerminal } from './terminal.ts';
import { markAnswer, passToast, tell, warn } from './toast.ts';
import { noteAsked, stampWaiting } from './waiting.ts';

/** What `event` makes of `state`. */
export function update(state: State, event: CockpitEvent): Update {
  const decided = restoreLists(state, decide(state, event));
  const next = { ...decided, state: noteAsked(decided.state, decided.effects) };
  if (next.state === state) return next;
  const placed = rememberPlace(state, next.state);
  const shown = showSelected(settleLists(placed));
  const asked = syncEvents(openDoctor(ask(shown.state, ...next.effects, ...shown.effects)));
  const loaded = loadAhead(settleScroll(settleLists(asked.state)));
  return tellTerminal(state, ask(loaded.state, ...asked.effects, ...loaded.effects));
}

/** Does anything on screen show an age that grows by itself? */
export function isAgeing(state: State): boolean {
  return listAges(state, state).length > 0;
}

function applySize(
  state: State,
  { columns, rows }: Extract<CockpitEvent, { type: 'resize' }>,
): State {
  return { ...state, columns, rows, sizeCount: state.sizeCount + 1 };
}

function decide(state: State, event: CockpitEvent): Update {
  switch (event.type) {
    case 'key':
      return applyKey(state, event.press);
    case 'paste':
      return applyPaste(state, event);
    case 'report':
      return applyReport(state, event.report);
    case 'resize':
      return still(applySize(state, event));
    case 'tick':
      return applyTick(state, event.nowMs, event.wallMs);
    case 'hub':
      return still({ ...state, hub: event.hub });
    case 'hubs':
      return still({ ...state, hubs: { ...state.hubs, news: event.hubs } });
    case 'team':
    case 'team-changed':
      return applyTeam(state, event);
    case 'jobs':
      return applyJobs(state, orderJobs(event.jobs), event.jobs);
    case 'jobs-changed':
      return applyJobs(state, mergeJobs(state.jobs, event.jobs), event.jobs);
    case 'log-window':
    case 'log-grown':
    case 'log-count':
    case 'log-hit':
    case 'log-ended':
    case 'log-refused':
      return applyLogEvent(state, event);
    case 'said':
      return event.level === 'bad' ? warn(state, event.text) : tell(state, event.text);
    case 'inbox':
      return still(takeInbox(state, event.rows));
    case 'events':
      return applyStreamed(state, event.rows);
    case 'inspected':
      return applyInspection(state, event.inspection);
    case 'told':
    case 'reply':
    case 'refused':
      return applyHeard(state, event);
    case 'edited':
      return takeEdited(state, event);
    case 'history':
      return still(withPast(state, event.entries));
    case 'link-gone':
      return still({ ...state, link: { ...event, type: 'gone' } });
    case 'link-live':
      return applyLive(state);
    case 'problem':
      return warn(state, event.text);
    case 'toast-expired':
      return still(state.toast?.id === event.id ? { ...state, toast: undefined } : state);
    default:
      return unreachable(event);
  }
}

/** The log is read again from its start: nobody knows what was missed. */
function applyLive(state: State): Update {
  if (state.link.type === 'coming') return arrive(state, state.link.name);
  const told = tell({ ...state, link: { type: 'live' } }, 'the hub is back');
  if (state.log.job === undefined) return told;
  const followed = followJob(told.state, state.log.job);
  return ask(followed.state, ...told.effects, ...followed.effects);
}

function applyKey(state: State, press: KeyPress): Update {
  const calm = passToast(state);
  const resolved = resolveKey(asPasted(calm, press), modeOf(calm), calm.keymap);
  if (resolved.type === 'command') {
    return markAnswer(calm, applyCommand(calm, resolved.command));
  }
  if (resolved.type === 'text') return typeText(calm, resolved.text) ?? still(calm);
  return still(calm);
}

/** In a paste without brackets a return ends a line of the command, it does not send it; a tab is a tab. */
function asPasted({ overlay }: State, press: KeyPress): KeyPress {
  if (overlay?.type !== 'form' || press.isPasted !== true) return press;
  return press.name === 'tab' ? { name: '', text: '\t' } : { name: 'ctrl-j', text: '' };
}

function applyReport(state: State, report: Report): Update {
  if (report.type === 'window') return still({ ...state, hasWindow: report.hasFocus });
  return state.screen.hasMouse ? applyMouse(state, report) : still(state);
}

function applyPaste(state: State, paste: Extract<CockpitEvent, { type: 'paste' }>): Update {
  const { text } = paste;
  if (state.overlay?.type === 'form') return pasteIntoForm(state, state.overlay, paste);
  const hint = 'pasted text goes into the dispatch form: d opens it';
  return typeText(state, text) ?? tell(state, hint);
}

/** Text goes to whatever takes text; undefined where nothing does. */
function typeText(state: State, text: string): Update | undefined {
  const { overlay } = state;
  if (overlay?.type === 'form') return typeIntoForm(state, overlay, text);
  if (overlay?.type === 'prompt') return typeIntoPrompt(state, overlay, text);
  if (overlay?.type === 'command') return typeIntoLine(state, overlay, text);
  if (overlay?.type === 'palette') return typeIntoPalette(state, overlay, text);
  return undefined;
}

function applyTick(state: State, nowMs: number, wallMs: number): Update {
  const before = listAges(state, state);
  const after = listAges(state, { nowMs, wallMs });
  const stamped = stampWaiting(stampAsked(state, nowMs), nowMs);
  const isSame = stamped === state && before.join(' ') === after.join(' ');
  return still(isSame ? state : { ...stamped, nowMs, wallMs });
}

function applyTeam(
  state: State,
  event: Extract<CockpitEvent, { type: 'team' | 'team-changed' }>,
): Update {
  const { nowMs } = event;
  const team = event.type === 'team' ? event.team : mergeTeam(state, event.team, nowMs);
  return still({ ...state, team, hasTeam: true, teamAt: nowMs, nowMs });
}

function applyJobs(state: State, jobs: readonly JobRow[], changed: readonly JobRow[]): Update {
  const kept = state.unseen.filter((id) => isBadOutcome(findJob(jobs, id)?.outcome ?? null));
  const unseen = [...kept, ...newlyBad(state, changed)];
  const next: State = { ...state, jobs, unseen, hasJobs: true };
  return renewFollowed(state, next);
}

/** A selected job that has begun another attempt has a new log, and its detail is out of date. */
function renewFollowed(before: State, next: State): Update {
  const job = findSelectedJob(next);
  if (job === undefined || job === findSelectedJob(before)) return still(next);
  const update = followRenewed(before, next);
  const card = findOpenCard(next);
  if (card?.type !== 'job' || card.job !== job.id) return update;
  return ask(update.state, ...update.effects, askForDetail(job.id));
}

/** Those that ran a moment ago and ended badly. */
function newlyBad(state: State, changed: readonly JobRow[]): readonly JobId[] {
  if (!state.hasJobs) return [];
  const bad = changed.filter(
    (job) => job.kind !== 'group' && job.id !== state.log.job && isBadOutcome(job.outcome),
  );
  const ran = bad.filter(({ id }) => findJob(state.jobs, id)?.outcome === null);
  return ran.map(({ id }) => id);
}
