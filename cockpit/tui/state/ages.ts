/*
 * The words on the screen that change by themselves as time passes. Pure.
 *
 * Only of rows in sight, so that looking once a second costs the same with five or five thousand.
 */
import type { JobRow } from '../../verbs/shapes.ts';
import { hasAges } from '../views/jobs.ts';
import { innerWidth } from '../views/layout.ts';
import { dueText, isHeard, minutesText, uptimeText, workerAge } from '../views/phrases.ts';
import { listBoard } from './board.ts';
import { findOpenCard } from './card.ts';
import { doctorAges } from './doctor-pane.ts';
import { inboxAges } from './inbox-pane.ts';
import { readsClock } from './job-filter.ts';
import type { State } from './model.ts';
import { listTeam } from './organisation.ts';
import { layoutOf, listRoom, teamForm } from './scroll.ts';
import { waitingAges } from './waiting.ts';

/** Two clocks, as the state has them. */
type Now = Pick<State, 'nowMs' | 'wallMs'>;

/** Every such word at this instant; two equal lists look the same. */
export function listAges(state: State, now: Now): readonly string[] {
  return [
    ...waitingAges(state, now.nowMs),
    ...doctorAges(state, now.nowMs),
    ...inboxAges(state, now.wallMs),
    ...teamAges(state, now),
    ...jobAges(state, now),
    ...cardAges(state, now),
  ];
}

function teamAges(state: State, { nowMs, wallMs }: Now): readonly string[] {
  const items = inSight(state, 'team', () => listTeam(state, teamForm(state)));
  const isLive = state.link.type === 'live';
  const report = { agoMs: nowMs - state.teamAt, link: state.link.type };
  return items.flatMap((item) => {
    if (item.type === 'hub' && state.hub !== undefined) return [uptimeText(state.hub, wallMs)];
    if (item.type !== 'worker') return [];
    const { worker } = item;
    const isAgeing = worker.lastSeenMs !== null && !(isLive && isHeard(worker));
    return isAgeing ? [workerAge(worker, report)] : [];
  });
}

function jobAges(state: State, now: Now): readonly string[] {
  const rows = inSight(state, 'jobs', () => listBoard(state)).map(({ job }) => job);
  const width = innerWidth(layoutOf(state).panes.jobs ?? { x: 0, y: 0, width: 0, height: 0 });
  const ages = hasAges(width) ? rows.map((job) => ageOf(job, now)) : [];
  const texts = [...ages, ...rows.flatMap((job) => ageingTexts(job, now))];
  if (!readsClock(state.lists.jobs.filter)) return texts;
  // What an age lets in and out is part of what is seen.
  return [...texts, ...listBoard({ ...state, ...now }).map(({ job }) => job.id)];
}

function cardAges(state: State, { wallMs, ...now }: Now): readonly string[] {
  const card = findOpenCard(state);
  if (card === undefined) return [];
  if (card?.type === 'hub') {
    return state.hub === undefined ? [] : [uptimeText(state.hub, wallMs)];
  }
  if (card?.type === 'job') {
    const job = state.jobs.find(({ id }) => id === card.job);
    return job === undefined ? [] : ageingTexts(job, { ...now, wallMs });
  }
  const worker = state.team.find(({ name }) => name === card.name);
  if (worker === undefined) return [];
  return [workerAge(worker, { agoMs: now.nowMs - state.teamAt, link: state.link.type })];
}

function ageOf(job: JobRow, { wallMs }: Now): string {
  return minutesText(wallMs - Date.parse(job.createdAt));
}

/** For how long it runs, and how long until its deadline; of what has ended nothing changes. */
function ageingTexts(job: JobRow, { wallMs }: Now): readonly string[] {
  if (job.outcome !== null) return [];
  const { startedAt } = job.receipts;
  const running = startedAt === null ? '' : minutesText(wallMs - Date.parse(startedAt));
  return [running, dueText(job, wallMs)].filter((text) => text !== '');
}

function inSight<T>(state: State, list: 'team' | 'jobs', read: () => readonly T[]): readonly T[] {
  const room = listRoom(state, list);
  if (room === undefined) return [];
  const { top } = state.lists[list];
  return read().slice(top, top + room);
}
