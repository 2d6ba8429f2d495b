/*
 * Everything the screen knows, as one immutable value.
 *
 * Of logs it holds the window that is in sight and around it. What the hub said is kept as it said it; what people chose (focus, selection, scroll) is
 * kept by id, so that it survives every update of the lists.
 */
import type { JobId } from '../../../protocol/model.ts';
import type { EventRow, InboxRow, JobRow, StatusShape, TeamRow } from '../../verbs/shapes.ts';
import type { Binding, Mode } from '../keys/keymap.ts';
import { jobsHeldMax } from '../limits.ts';
import type { PaneId } from '../views/layout.ts';
import { isHeard } from '../views/phrases.ts';
import type { ThemeName } from '../views/theme.ts';
import { type Board, boardAtStart } from './board.ts';
import type { Card } from './card.ts';
import {
  type DoctorRow,
  type DoctorView,
  emptyDoctor,
  listDoctorRows,
  nameOf,
} from './doctor-rows.ts';
import type { Effect } from './effects.ts';
import { type EventsView, emptyEvents } from './events-view.ts';
import type { DispatchArgs } from './form-args.ts';
import type { DispatchForm, FormValues } from './form-fields.ts';
import type { ScreenVerb } from './grammar.ts';
import type { HubsView } from './hubs.ts';
import { compareNewest } from './job-order.ts';
import { emptyList, findPlace, type ListId, type ListState, visibleIn } from './list.ts';
import { type LogView, openLogView } from './log-view.ts';
import type { WaitingAsk } from './waiting.ts';

/** The connection to the hub. */
export type HubLink =
  | { readonly type: 'live' }
  /** Another hub was chosen, and is being reached for the first time. */
  | { readonly type: 'coming'; readonly name: string }
  | { readonly type: 'gone'; readonly reason: string; readonly tryCount: number };

/** Text being typed; `caret` counts UTF-16 units and never splits a character. */
export interface TextField {
  readonly text: string;
  readonly caret: number;
}

/** A question with the harmless answer marked; `effects` are what yes means. */
export interface Confirm {
  readonly type: 'confirm';
  readonly title: string;
  /** What it is about, and what will happen. */
  readonly text: readonly string[];
  readonly no: string;
  readonly yes: string;
  readonly answer: 'no' | 'yes';
  /** What is told when it was answered with yes. */
  readonly said?: string;
  readonly effects: readonly Effect[];
}

/** What the line at the foot is for. A list is narrowed while it is typed. */
export type PromptUse =
  | { readonly for: 'filter'; readonly list: ListId; readonly before: string }
  | { readonly for: 'decide'; readonly decision: string }
  /** Something of the log: a pattern, an instant, the name of a file. */
  | { readonly for: 'search' }
  | { readonly for: 'log-at' }
  | { readonly for: 'log-save' };

/** A line of text asked for at the foot of the screen. */
export interface Prompt {
  readonly type: 'prompt';
  readonly use: PromptUse;
  readonly field: TextField;
}

/** The `:` line. `choice` is the candidate being tried in the place of the end of `typed`. */
export interface CommandLine {
  readonly type: 'command';
  readonly field: TextField;
  readonly choice: { readonly typed: string; readonly index: number } | undefined;
  /** Which of the past lines is shown; -1 for none. */
  readonly past: number;
  /** Why the line could not be taken; empty when nothing was wrong. */
  readonly error: string;
}

/** The palette: what is searched for, and which of what was found is marked. */
export interface Palette {
  readonly type: 'palette';
  /** Are only the hubs in it? */
  readonly of?: 'hubs';
  readonly field: TextField;
  readonly at: number;
}

/** An answer of several lines, to be read and left. */
export interface Words {
  readonly type: 'words';
  readonly title: string;
  readonly lines: readonly string[];
  readonly top: number;
}

/** Where one was: enough to come back. */
export interface Place {
  readonly focus: PaneId;
  /** The details that were open there. */
  readonly card: Card | undefined;
  readonly job: JobId | undefined;
  readonly worker: string | undefined;
}

/** Something over the panes that takes all keys. */
export type Overlay =
  | {
      readonly type: 'help';
      readonly top: number;
      /** All keys there are, or those that do something where it was asked. */
      readonly isWhole: boolean;
      readonly of: PaneId;
      readonly keymap: readonly Binding[];
    }
  | CommandLine
  | Palette
  | Words
  | Confirm
  | Prompt
  | DispatchForm;

/** A short message; a `bad` one stays until a key is pressed. */
export interface Toast {
  readonly id: number;
  readonly level: 'info' | 'bad';
  readonly text: string;
  /** What a key was answered with; the next key is past it. */
  readonly isAnswer?: true;
}

/** How the screen looks and behaves for its owner. */
export interface ScreenPrefs {
  readonly theme: ThemeName;
  readonly hasMouse: boolean;
  /** May it ring when something needs the M2? */
  readonly hasBell: boolean;
}

/** The whole state. */
export interface State {
  readonly version: string;
  readonly columns: number;
  readonly rows: number;
  /** How often a size was told, which may be the one that was known: the terminal had another one in between. */
  readonly sizeCount: number;
  /** Minutes that the person's clock is east of UTC. */
  readonly zoneMinutes: number;
  readonly nowMs: number;
  readonly wallMs: number;
  readonly link: HubLink;
  readonly hubs: HubsView;
  readonly hub: StatusShape['hub'] | undefined;
  readonly team: readonly TeamRow[];
  readonly hasTeam: boolean;
  /** When the team was last reported, monotonic: ages count on from there. */
  readonly teamAt: number;
  /** Newest first. */
  readonly jobs: readonly JobRow[];
  readonly hasJobs: boolean;
  /** Jobs that ended badly while the screen was up and were not looked at since. */
  readonly unseen: readonly JobId[];
  /** What waits for the M2, the longest first. */
  readonly inbox: readonly InboxRow[];
  readonly hasInbox: boolean;
  readonly doctor: DoctorView;
  readonly events: EventsView;
  readonly focus: PaneId;
  /** Does the pane that has the keys have the whole body? */
  readonly isZoomed: boolean;
  /** What is chosen, marked and narrowed in each list, by id. */
  readonly lists: Readonly<Record<ListId, ListState>>;
  /** The details of a pane that has them beside its list: do they have the keys, and their first row. */
  readonly detail: { readonly isOpen: boolean; readonly top: number };
  /** What the details of the team or of the jobs are about, or were about last. */
  readonly card: Card | undefined;
  /** How the jobs are sorted. */
  readonly board: Board;
  /** Groups of jobs and headings of the team whose rows are not shown. */
  readonly folded: readonly string[];
  readonly log: LogView;
  readonly overlay: Overlay | undefined;
  /** The grammar: every verb that the hub answers. */
  readonly verbs: readonly ScreenVerb[];
  /** The keys in force. */
  readonly keymap: readonly Binding[];
  readonly screen: ScreenPrefs;
  /** Does the terminal's window have the focus? Undefined where it has never said. */
  readonly hasWindow: boolean | undefined;
  /** What was typed after `:`, the newest first. */
  readonly pastLines: readonly string[];
  /** What was dispatched from the form, the newest first. */
  readonly pastDispatches: readonly DispatchArgs[];
  /** The form that was closed last without being sent. */
  readonly keptForm: FormValues | undefined;
  /** The way one came, the nearest first. */
  readonly trail: { readonly back: readonly Place[]; readonly forth: readonly Place[] };
  readonly toast: Toast | undefined;
  /** What a person asked of the hub and has no answer yet. */
  readonly waiting: readonly WaitingAsk[];
  /** Errors that wait behind the one that is shown, the oldest first. */
  readonly toasts: readonly Toast[];
  /** Source of ids for toasts and forms. */
  readonly nextId: number;
}

/** What the program knows before the hub has spoken. */
export interface StateSeed {
  readonly version: string;
  readonly columns: number;
  readonly rows: number;
  readonly zoneMinutes: number;
  readonly nowMs: number;
  readonly wallMs: number;
  readonly verbs: readonly ScreenVerb[];
  readonly keymap: readonly Binding[];
  readonly screen: ScreenPrefs;
  /** What can be looked into. */
  readonly hubs: HubsView;
}

/** Details that the keys are not in. */
export const closedDetail = { isOpen: false, top: 0 } as const;

/** The state at start. */
export function openState(seed: StateSeed): State {
  return {
    ...seed,
    sizeCount: 0,
    link: { type: 'live' },
    hub: undefined,
    team: [],
    hasTeam: false,
    teamAt: seed.nowMs,
    jobs: [],
    hasJobs: false,
    unseen: [],
    inbox: [],
    hasInbox: false,
    doctor: emptyDoctor,
    events: emptyEvents,
    focus: 'jobs',
    isZoomed: false,
    lists: {
      team: emptyList,
      jobs: emptyList,
      inbox: emptyList,
      doctor: emptyList,
      events: emptyList,
    },
    detail: closedDetail,
    card: undefined,
    board: boardAtStart,
    folded: [],
    log: openLogView({ job: undefined, jobs: [], token: 0 }),
    overlay: undefined,
    hasWindow: undefined,
    pastLines: [],
    pastDispatches: [],
    keptForm: undefined,
    trail: { back: [], forth: [] },
    toast: undefined,
    toasts: [],
    waiting: [],
    nextId: 1,
  };
}

/** What takes the keys. */
export function modeOf(state: State): Mode {
  return state.overlay?.type ?? state.focus;
}

/** The workers that the team's filter leaves, in order. */
export function visibleTeam(state: State): readonly TeamRow[] {
  return visibleIn(state.team, state.lists.team.filter, teamText);
}

/** What waits for the M2, as far as the filter leaves it. */
export function visibleInbox(state: State): readonly InboxRow[] {
  return visibleIn(state.inbox, state.lists.inbox.filter, inboxText);
}

/** What the doctors say, as far as the filter leaves it. */
export function visibleDoctor(state: State): readonly DoctorRow[] {
  return visibleIn(listDoctorRows(state), state.lists.doctor.filter, doctorText);
}

/** The events that are held, as far as the filter leaves them; the oldest first. */
export function visibleEvents(state: State): readonly EventRow[] {
  return visibleIn(state.events.rows, state.lists.events.filter, eventText);
}

/** Jobs as the screen holds them: newest first, so many. */
export function orderJobs(rows: readonly JobRow[]): readonly JobRow[] {
  return [...rows].sort(compareNewest).slice(0, jobsHeldMax);
}

/** The jobs with those that changed in their places. */
export function mergeJobs(known: readonly JobRow[], changed: readonly JobRow[]): readonly JobRow[] {
  const fresh = changed.filter(({ id }) => findJob(known, id) === undefined);
  const merged = [...known];
  // What is known keeps its place: neither its number nor when it was asked for ever changes.
  for (const job of changed) {
    const place = findPlace(known, idOfJob, job.id);
    if (place >= 0) merged[place] = job;
  }
  return fresh.length === 0 ? merged : orderJobs([...fresh, ...merged]);
}

/**
 * The team with those that changed in their places. Who is silent is so much older by now; who is heard was
 * heard a moment ago, whatever was told of it when.
 */
export function mergeTeam(
  { team, teamAt }: State,
  changed: readonly TeamRow[],
  nowMs: number,
): readonly TeamRow[] {
  const rows = new Map(changed.map((row) => [row.key, row]));
  const ageMs = nowMs - teamAt;
  let isSame = true;
  const merged = team.map((row) => {
    const isSilent = row.lastSeenMs !== null && !isHeard(row) && ageMs > 0;
    const aged = isSilent ? { ...row, lastSeenMs: (row.lastSeenMs ?? 0) + ageMs } : row;
    const next = rows.get(row.key) ?? aged;
    isSame &&= next === row;
    return next;
  });
  return isSame ? team : merged;
}

/** The job of this id among these. */
export function findJob(jobs: readonly JobRow[], id: JobId | undefined): JobRow | undefined {
  return jobs[findPlace(jobs, idOfJob, id)];
}

function idOfJob({ id }: JobRow): string {
  return id;
}

/** The selected job, where the hub has told of it. */
export function findSelectedJob(state: State): JobRow | undefined {
  return state.jobs[findPlace(state.jobs, idOfJob, state.lists.jobs.selected)];
}

/** The job whose log or detail the right pane shows. */
export function findFollowedJob(state: State): JobRow | undefined {
  return findJob(state.jobs, state.log.job);
}

/** The selected worker. */
export function findSelectedWorker(state: State): TeamRow | undefined {
  return state.team[findPlace(state.team, ({ name }) => name, state.lists.team.selected)];
}

/** The selected entry of the inbox. */
export function findSelectedDecision(state: State): InboxRow | undefined {
  return state.inbox.find((row) => row.id === state.lists.inbox.selected);
}

/** The state with one of its lists changed. */
export function withList(state: State, id: ListId, list: ListState): State {
  return list === state.lists[id] ? state : { ...state, lists: { ...state.lists, [id]: list } };
}

// What a filter looks at: the words that the row shows.
function teamText(worker: TeamRow): string {
  const { name, kind, host, state, link, jobs, capabilities } = worker;
  return [name, kind, host, state, link, ...jobs, ...(capabilities?.has ?? [])].join(' ');
}

function inboxText(row: InboxRow): string {
  return [row.id, row.kind, row.job, row.title, row.worker ?? '', row.question].join(' ');
}

function doctorText({ level, place, finding, text }: DoctorRow): string {
  return [level, nameOf(place), finding?.id ?? '', text].join(' ');
}

function eventText({ kind, text, title, worker }: EventRow): string {
  return [kind, text, title ?? '', worker ?? ''].join(' ');
}
