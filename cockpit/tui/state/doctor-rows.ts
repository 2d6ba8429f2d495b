/*
 * What the doctors said, as rows: findings, and how the asking of everybody stands. Pure.
 *
 * The worst is first. A place is whom a diagnosis is of; its rows are made from its answer, and the
 * cockpit's from what is known of its terminal at this size.
 */
import type { Finding } from '../../../protocol/doctor.ts';
import type { State } from './model.ts';
import { diagnoseCockpit, type TerminalFacts } from './terminal-checks.ts';

/** Whom a diagnosis is of: `hub`, `cockpit`, or a worker as `@NAME`. */
export type DoctorPlace = string;

/** What the cockpit's own doctor saw, in the asker's process: its terminal, and what is wrong with the rest. */
export interface Inspection {
  readonly terminal: TerminalFacts;
  readonly findings: readonly Finding[];
  readonly fixed: readonly Finding[];
}

/** What is known; `asked` and `failed` are by place. */
export interface DoctorView {
  readonly hasRun: boolean;
  readonly reports: ReadonlyMap<DoctorPlace, readonly Finding[]>;
  /** Since when each is being asked, monotonic; undefined until the clock was next looked at. */
  readonly asked: ReadonlyMap<DoctorPlace, number | undefined>;
  readonly waiting: readonly DoctorPlace[];
  /** Why an answer did not come. */
  readonly failed: ReadonlyMap<DoctorPlace, string>;
  readonly terminal: TerminalFacts | undefined;
}

/** Nobody was asked yet. */
export const emptyDoctor: DoctorView = {
  hasRun: false,
  reports: new Map(),
  asked: new Map(),
  waiting: [],
  failed: new Map(),
  terminal: undefined,
};

/** One row: a finding, or how the asking of somebody stands. */
export interface DoctorRow {
  readonly id: string;
  readonly place: DoctorPlace;
  readonly level: 'error' | 'warning' | 'unheard' | 'asking' | 'well';
  readonly finding?: Finding;
  readonly text: string;
}

/** The hub's own place. */
export const hubPlace = 'hub';
/** The cockpit's. */
export const cockpitPlace = 'cockpit';
const levels: readonly DoctorRow['level'][] = ['error', 'warning', 'unheard', 'asking', 'well'];

/** Every row, the worst first; of one level in the order hub, cockpit, workers by name. */
export function listDoctorRows(state: State): readonly DoctorRow[] {
  const { doctor, columns, rows } = state;
  const known = rowsOf.get(doctor);
  if (known?.columns === columns && known.rows === rows) return known.list;
  const list = placesOf(doctor).flatMap((place) => rowsOfPlace(state, place));
  const ordered = levels.flatMap((level) => list.filter((row) => row.level === level));
  rowsOf.set(doctor, { columns, rows, list: ordered });
  return ordered;
}

const rowsOf = new WeakMap<
  DoctorView,
  { readonly columns: number; readonly rows: number; readonly list: readonly DoctorRow[] }
>();

/** The selected row. */
export function findSelectedRow(state: State): DoctorRow | undefined {
  const { selected } = state.lists.doctor;
  return listDoctorRows(state).find(({ id }) => id === selected);
}

/** What a place is called. */
export function nameOf(place: DoctorPlace): string {
  return place.replace(/^@/, '');
}

function placesOf({ reports, asked, waiting, failed }: DoctorView): readonly DoctorPlace[] {
  const places = new Set([...reports.keys(), ...asked.keys(), ...waiting, ...failed.keys()]);
  const workers = [...places].filter((place) => place.startsWith('@')).sort();
  return [hubPlace, cockpitPlace].filter((place) => places.has(place)).concat(workers);
}

function rowsOfPlace({ doctor, columns, rows }: State, place: DoctorPlace): readonly DoctorRow[] {
  const { terminal } = doctor;
  const said = doctor.reports.get(place) ?? [];
  const isUnsaid = ({ id }: Finding) => said.every((finding) => finding.id !== id);
  const isTerminal = place === cockpitPlace && terminal !== undefined;
  // Its terminal is judged at the size that it has now.
  const findings = [
    ...(isTerminal ? diagnoseCockpit({ ...terminal, columns, rows }) : []).filter(isUnsaid),
    ...said,
  ];
  const found = findings.map((finding): DoctorRow => {
    const { id, subject = '', severity, seen } = finding;
    return { id: `${place} ${id} ${subject}`, place, level: severity, finding, text: seen };
  });
  const isAsked = doctor.asked.has(place) || doctor.waiting.includes(place);
  const failure = doctor.failed.get(place);
  const row = (level: DoctorRow['level'], text: string) => ({
    id: `${place} ${level}`,
    place,
    level,
    text,
  });
  if (isAsked) return [...found, row('asking', 'is being asked')];
  if (failure !== undefined) return [...found, row('unheard', failure)];
  return found.length > 0 ? found : [row('well', 'nothing is wrong')];
}
