/*
 * The team pane: the organisation as it is, what each is doing, and how long ago that was heard. Pure.
 *
 * Silence is shown as silence: an age grows until the worker or the hub is heard again. Only rows in
 * sight are laid out, and only columns that some of them fill.
 */
import type { InboxRow, JobRow, TeamRow } from '../../verbs/shapes.ts';
import { findPlace } from '../state/list.ts';
import type { State } from '../state/model.ts';
import { listTeam, type TeamItem } from '../state/organisation.ts';
import { teamForm } from '../state/scroll.ts';
import type { Rect } from './layout.ts';
import { viewTableRows } from './list.ts';
import { frame, type PaneView } from './pane.ts';
import {
  durationText,
  linkSpan,
  loadText,
  receiptDots,
  uptimeText,
  workerAge,
  workerSpans,
} from './phrases.ts';
import { type Row, span } from './row.ts';
import type { Column } from './table.ts';
import { tallyJobs } from './tally.ts';

const columns: readonly Column[] = [
  { title: 'worker', keep: 0, cellsMax: 24 },
  { title: 'state', keep: 0, cellsMax: 16 },
  { title: 'job', keep: 1, cellsMax: 20 },
  { title: 'load', keep: 4, cellsMax: 14 },
  { title: 'link', keep: 3, cellsMax: 8 },
  { title: 'kind', keep: 6, cellsMax: 8 },
  { title: 'host', keep: 5, cellsMax: 24 },
  { title: 'from', keep: 6, cellsMax: 18 },
  { title: 'has', keep: 7, cellsMax: 40, cellsMin: 12 },
];

/** The team in its box. */
export function viewTeam(state: State, rect: Rect): PaneView {
  const isFocused = state.focus === 'team' && state.overlay === undefined;
  const shown = listTeam(state, teamForm(state));
  const view = viewTableRows({
    rect,
    list: state.lists.team,
    rows: shown,
    idOf: (item) => item.id,
    columns,
    cellsOf: (item) => itemCells(item, state),
    isFocused: state.focus === 'team',
  });
  return frame({
    id: 'team',
    rect,
    title: [span('1 ', 'dim'), span('Team', 'title'), ...view.filterNote],
    note: teamNote(state, shown),
    rows: shown.length === 0 ? emptyRows(state) : view.rows,
    isFocused,
  });
}

/** Which worker of how many, headings not counted; and how many are marked. */
function teamNote(state: State, items: readonly TeamItem[]): Row {
  const { selected, marked } = state.lists.team;
  const workers = listWorkers(items);
  if (workers.length === 0) return [];
  const place = findPlace(workers, ({ id }) => id, selected);
  const count = place < 0 ? String(workers.length) : `${place + 1} of ${workers.length}`;
  const marks = marked.length === 0 ? [] : [span(`${marked.length} marked `, 'accent')];
  return [...marks, span(count, 'dim')];
}

function itemCells(item: TeamItem, state: State): readonly Row[] {
  switch (item.type) {
    case 'm2':
      return [[span('M2', 'title')], [waitingSpan(state)]];
    case 'hub':
      return hubCells(state);
    case 'heading': {
      const sign = item.isFolded ? '▸' : '▾';
      const name = item.kind === 'staff' ? 'staff' : 'odallies';
      return [[span(`  ${sign} `, 'dim'), span(name), span(` ${item.count}`, 'dim')]];
    }
    case 'worker':
      return workerCells(item, state);
  }
}

/** Only the workers of what is listed; the same items give the same array. */
function listWorkers(items: readonly TeamItem[]): readonly TeamItem[] {
  const known = workersOf.get(items) ?? items.filter(({ type }) => type === 'worker');
  workersOf.set(items, known);
  return known;
}

const workersOf = new WeakMap<object, readonly TeamItem[]>();

function waitingSpan({ inbox, link }: State) {
  if (link.type === 'gone') return span('◌ not known', 'dim');
  if (inbox.length === 0) return span('✓ none for you', 'dim');
  return span(`! ${inbox.length} for you`, 'warn');
}

function hubCells(state: State): readonly Row[] {
  const { running, waiting } = tallyJobs(state.jobs);
  const { hub } = state;
  const up = hub === undefined ? '' : uptimeText(hub, state.wallMs);
  const isLive = state.link.type === 'live';
  return [
    [span(' Wally', 'strong')],
    [isLive ? span(`● up ${up}`, 'good') : span('✗ gone', 'bad')],
    [span(`${running} run ${waiting} wait`)],
    [],
    [],
    [span('hub', 'dim')],
    [span(hub?.version ?? '', 'dim')],
    [],
  ];
}

function workerCells(
  { worker, depth }: Extract<TeamItem, { type: 'worker' }>,
  state: State,
): readonly Row[] {
  const age = workerAge(worker, { agoMs: state.nowMs - state.teamAt, link: state.link.type });
  const needsYou = isAsking(worker, state.inbox);
  return [
    [span(`${' '.repeat(depth)}${worker.name}`, 'strong')],
    workerSpans(worker, { age, needsYou }),
    heldRow(worker, state.jobs),
    [span(loadText(worker), 'dim')],
    [linkSpan(worker)],
    [span(worker.kind, 'dim')],
    [span(worker.host, 'dim')],
    [span(originText(worker), 'dim')],
    [span(worker.capabilities?.has.join(' ') ?? '', 'dim')],
  ];
}

/** Whence its box was spawned, and how long it stays. */
function originText({ provider, ttlLeftMs }: TeamRow): string {
  if (provider == null) return '';
  return ttlLeftMs == null ? provider : `${provider} ${durationText(ttlLeftMs)}`;
}

/** Does something about one of its jobs wait for the M2? */
function isAsking(worker: TeamRow, inbox: readonly InboxRow[]): boolean {
  return inbox.some(
    ({ worker: name, job }) => name === worker.name || (job !== null && worker.jobs.includes(job)),
  );
}

/** The job that has come furthest with its receipts, and how many more there are. */
function heldRow({ jobs: held }: TeamRow, jobs: readonly JobRow[]): Row {
  if (held.length === 0) return [];
  const known = held.flatMap((id) => findJob(jobs, id) ?? []);
  const first = known.find(({ state }) => state === 'started') ?? known[0];
  const rest = held.length === 1 ? [] : [span(` +${held.length - 1}`, 'dim')];
  if (first === undefined) return [span(held[0] ?? ''), ...rest];
  const role = first.state === 'started' ? 'good' : 'accent';
  return [span(`${first.id} `), span(receiptDots(first), role), ...rest];
}

function findJob(jobs: readonly JobRow[], id: string): JobRow | undefined {
  return jobs[findPlace(jobs, (job) => job.id, id)];
}

function emptyRows(state: State): readonly Row[] {
  if (!state.hasTeam) return [[span(' Asking the hub…', 'dim')]];
  if (state.team.length > 0) return [[span(' Nobody matches the filter.', 'dim')]];
  return [
    [span(' No worker is paired yet.', 'dim')],
    [span(' Pair one: '), span('wally invite', 'accent')],
  ];
}
