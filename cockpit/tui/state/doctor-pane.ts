/*
 * The doctor pane: who was asked what is wrong, what they said, and the mending of it. Pure.
 *
 * Hub, cockpit and every worker are asked one by one, a few at a time, and each answer is kept under
 * whom it is of; whoever does not answer is shown with the age of the question and holds up nobody. A
 * fix shows its plan first, and only the diagnosis after it says what came of it.
 */
import type { DoctorReport, Finding } from '../../../protocol/doctor.ts';
import type { ErrorShape } from '../../../protocol/errors.ts';
import type { Command } from '../keys/keymap.ts';
import { doctorAskedMax, doctorFixedMax } from '../limits.ts';
import { countFindingRows } from '../views/doctor.ts';
import { ageText } from '../views/phrases.ts';
import {
  cockpitPlace,
  type DoctorPlace,
  type DoctorRow,
  type DoctorView,
  emptyDoctor,
  findSelectedRow,
  hubPlace,
  type Inspection,
  listDoctorRows,
  nameOf,
} from './doctor-rows.ts';
import { ask, type Effect, requestOf, still, type Update } from './effects.ts';
import { type Confirm, type State, visibleDoctor, withList } from './model.ts';
import { tell, warn } from './toast.ts';

/** How many rows the details of the selected row have. */
export const countDoctorRows = countFindingRows;

/** The pane asks by itself the first time it is seen. */
export function openDoctor(update: Update): Update {
  const { state, effects } = update;
  const isFirst = state.focus === 'doctor' && !state.doctor.hasRun;
  if (!isFirst || state.link.type !== 'live' || !state.hasTeam) return update;
  const begun = askAll(state);
  return ask(begun.state, ...effects, ...begun.effects);
}

/** Asks everybody anew; what was said before stays until the answer is there. */
function askAll(state: State): Update {
  const workers = state.team
    .filter(({ state: is }) => is !== 'revoked')
    .map(({ name }) => `@${name}`);
  const places = new Set([hubPlace, cockpitPlace, ...workers]);
  const { reports, terminal } = state.doctor;
  const kept = new Map([...reports].filter(([place]) => places.has(place)));
  const next = { ...emptyDoctor, hasRun: true, reports: kept, terminal, waiting: [...places] };
  return askNext({ ...state, doctor: next });
}

/** As many questions are open at once as may be. */
function askNext(state: State): Update {
  const { doctor } = state;
  const room = doctorAskedMax - doctor.asked.size;
  const places = doctor.waiting.slice(0, Math.max(0, room));
  if (places.length === 0) return still(state);
  const fresh = places.map((place) => [place, undefined] as const);
  const asked = new Map([...doctor.asked, ...fresh]);
  const waiting = doctor.waiting.slice(places.length);
  return ask({ ...state, doctor: { ...doctor, asked, waiting } }, ...places.map(askPlace));
}

/** The questions that nobody has timed yet began about now. */
export function stampAsked(state: State, nowMs: number): State {
  const { asked } = state.doctor;
  if ([...asked.values()].every((since) => since !== undefined)) return state;
  const stamped = new Map([...asked].map(([place, since]) => [place, since ?? nowMs]));
  return { ...state, doctor: { ...state.doctor, asked: stamped } };
}

/** The ages of open questions, where they are shown. */
export function doctorAges({ focus, doctor }: State, nowMs: number): readonly string[] {
  if (focus !== 'doctor') return [];
  return [...doctor.asked.values()].map((since) => ageText(nowMs - (since ?? nowMs)));
}

function askPlace(place: DoctorPlace): Effect {
  if (place === cockpitPlace) return { type: 'inspect' };
  return requestOf('doctor', argsOf(place), { for: 'doctor', place, does: 'look' });
}

function argsOf(place: DoctorPlace): Readonly<Record<string, unknown>> {
  return place === hubPlace ? {} : { on: [nameOf(place)] };
}

/** Somebody said what is wrong, or what it mended. */
export function applyDiagnosis(
  state: State,
  { place, does }: { readonly place: DoctorPlace; readonly does: 'look' | 'fix' },
  { findings, fixed }: DoctorReport,
): Update {
  const reports = new Map([...state.doctor.reports, [place, findings]]);
  const next = askNext(settlePlace(state, place, { reports }));
  if (does === 'look') return next;
  const failed = findings.filter(({ failure }) => failure !== undefined);
  const [first] = failed;
  const told =
    first === undefined
      ? tell(next.state, describeFixed(place, fixed))
      : warn(next.state, `${first.id}: ${first.failure}`);
  return ask(told.state, ...next.effects, ...told.effects);
}

function describeFixed(place: DoctorPlace, fixed: readonly Finding[]): string {
  if (fixed.length === 0) return `${nameOf(place)}: nothing was left to mend`;
  const [first] = fixed;
  return `${nameOf(place)}: fixed ${fixed.length === 1 ? first?.id : `${fixed.length} findings`}`;
}

/** Nobody said anything. */
export function applyNoDiagnosis(state: State, place: DoctorPlace, error: ErrorShape): Update {
  const failed = new Map([...state.doctor.failed, [place, `${error.code}: ${error.message}`]]);
  return askNext(settlePlace(state, place, { failed }));
}

/** The cockpit was looked at, or what could be mended of it was. */
export function applyInspection(state: State, inspection: Inspection): Update {
  const { terminal, findings, fixed } = inspection;
  const looked = { ...state, doctor: { ...state.doctor, terminal } };
  const isFix = fixed.length > 0 || findings.some(({ failure }) => failure !== undefined);
  const does = isFix ? 'fix' : 'look';
  return applyDiagnosis(looked, { place: cockpitPlace, does }, inspection);
}

function settlePlace(state: State, place: DoctorPlace, change: Partial<DoctorView>): State {
  const asked = new Map([...state.doctor.asked].filter(([other]) => other !== place));
  const failed = new Map([...state.doctor.failed].filter(([other]) => other !== place));
  const next = { ...state, doctor: { ...state.doctor, asked, failed, ...change } };
  // The worst is on top: who has not gone elsewhere is kept there while more is told.
  const list = state.lists.doctor;
  const wasAtTop = list.selected === undefined || list.selected === visibleDoctor(state)[0]?.id;
  if (!wasAtTop || state.detail.isOpen) return next;
  return withList(next, 'doctor', { ...list, selected: visibleDoctor(next)[0]?.id, top: 0 });
}

/** A command of the doctor's own keys. */
export function applyDoctorCommand(state: State, command: Command): Update | undefined {
  if (command === 'diagnose') return askAll(state);
  if (command === 'fix') return askToFix(state);
  return command === 'fix-all' ? askToFixAll(state) : undefined;
}

/** Findings that can be mended from here. */
function isMendable({ place, finding }: DoctorRow): boolean {
  if (finding?.plan === undefined) return false;
  return finding.fixable === 'anywhere' || place === hubPlace || place === cockpitPlace;
}

/** The cockpit's own are mended one by one: they are the M2's files. */
function isSafe(row: DoctorRow): boolean {
  return isMendable(row) && row.finding?.fixable === 'anywhere' && row.place !== cockpitPlace;
}

function askToFix(state: State): Update {
  const row = findSelectedRow(state);
  const { finding, place } = row ?? {};
  if (finding === undefined || place === undefined) return still(state);
  const { id, subject, seen, plan } = finding;
  const only = subject === undefined ? id : `${id}:${subject}`;
  return confirm(state, {
    title: `Fix ${id}?`,
    // Some plans end in a full stop and some do not.
    text: [seen, `It ${plan?.replace(/\.$/, '')}.`, `Then ${nameOf(place)} is diagnosed again.`],
    yes: 'Yes, apply it',
    said: `${nameOf(place)} is asked to fix ${id}`,
    effects: [place === cockpitPlace ? mendOwn(id, subject) : fixRequest(place, { only })],
  });
}

function askToFixAll(state: State): Update {
  const rows = listDoctorRows(state).filter(isSafe);
  const places = [...new Set(rows.map(({ place }) => place))].slice(0, doctorFixedMax);
  const plans = rows.map(({ place, finding }) => `${nameOf(place)}: ${finding?.plan}`);
  const more = plans.length - plansShown;
  return confirm(state, {
    title: `Fix all ${rows.length} that are safe?`,
    text: [...plans.slice(0, plansShown), ...(more > 0 ? [`and ${more} more`] : [])],
    yes: 'Yes, apply them',
    said: `${places.map(nameOf).join(', ')}: asked to fix what is safe`,
    effects: places.map((place) => fixRequest(place, { safe: true })),
  });
}

/** Plans that a question lists one by one. */
const plansShown = 6;

function confirm(
  state: State,
  what: Pick<Confirm, 'title' | 'text' | 'yes' | 'effects' | 'said'>,
): Update {
  const overlay = { type: 'confirm', no: 'No, leave it', answer: 'no', ...what } as const;
  return still({ ...state, overlay });
}

function mendOwn(id: string, subject: string | undefined): Effect {
  return { type: 'inspect', only: { id, ...(subject === undefined ? {} : { subject }) } };
}

function fixRequest(
  place: DoctorPlace,
  how: { readonly only: string } | { readonly safe: true },
): Effect {
  const args = { ...argsOf(place), fix: true, ...how };
  return requestOf('doctor', args, { for: 'doctor', place, does: 'fix' });
}

/** Why a command of the doctor can't be done. */
export function explainDoctor(state: State, command: Command): string | undefined {
  if (command === 'fix-all') {
    return listDoctorRows(state).some(isSafe) ? undefined : 'nothing is there that is safe to fix';
  }
  if (command !== 'fix') return undefined;
  const row = findSelectedRow(state);
  if (row?.finding === undefined) return 'no finding is selected';
  if (isMendable(row)) return undefined;
  return row.finding.plan === undefined
    ? 'this cannot be mended by itself; see the advice'
    : 'this is mended on its box: `odally doctor --fix`';
}
