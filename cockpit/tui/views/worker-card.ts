/*
 * Details of one worker: what it does, its box, what it says of itself, and what it did. Pure.
 *
 * The log of the job that it runs is beside this. Facts that are not known are said to be so, and a
 * worker that is silent is not waited for.
 */
import type { Finding } from '../../../protocol/doctor.ts';
import { formatFingerprint } from '../../../protocol/fingerprint.ts';
import type { TeamRow } from '../../verbs/shapes.ts';
import type { Card, WorkerDoctor } from '../state/card.ts';
import type { State } from '../state/model.ts';
import { fact, factRows, partTitle } from './facts.ts';
import { jobTable } from './jobs.ts';
import {
  ageText,
  durationText,
  linkSpan,
  sizeText,
  workerAge,
  workerStateSpan,
} from './phrases.ts';
import { type Row, span } from './row.ts';

const attemptsShown = 12;
// What a healthy box's clock may be off: less is the time that the hello was under way.
const skewMsMin = 2000;

/** Every row at this width. */
export function workerRows(
  state: State,
  card: Extract<Card, { type: 'worker' }>,
  width: number,
): readonly Row[] {
  const worker = state.team.find(({ name }) => name === card.name);
  if (worker === undefined) return [[span('This worker is not known here.', 'dim')]];
  const report = { agoMs: state.nowMs - state.teamAt, link: state.link.type };
  return [
    fact('state', [workerStateSpan(worker.state)]),
    ...troubleRows(worker, width),
    ...askingRows(worker, state, width),
    fact('kind', [span(worker.kind)]),
    fact('host', [span(worker.host)]),
    ...boxOriginRows(worker, width),
    fact('link', [linkSpan(worker)]),
    ...linkReasonRows(worker, width),
    fact('heard', [span(workerAge(worker, report))]),
    ...factRows('holds', worker.jobs.join(' ') || 'none', width),
    ...boxRows(worker, width),
    ...factRows('runs', versionText(worker, state), width),
    ...skewRows(worker, width),
    ...factRows('key', formatFingerprint(worker.key), width),
    ...policyRows(worker, width),
    ...doctorRows(card.doctor, width),
    ...attemptRows(worker, state, width),
  ];
}

function troubleRows({ trouble }: TeamRow, width: number): readonly Row[] {
  return trouble == null ? [] : factRows('trouble', `${trouble}: it is not served`, width);
}

function linkReasonRows({ linkReason }: TeamRow, width: number): readonly Row[] {
  return linkReason == null ? [] : factRows('', linkReason, width);
}

/** What waits for the M2 about this worker. */
function askingRows(worker: TeamRow, state: State, width: number): readonly Row[] {
  return state.inbox
    .filter((row) => row.worker === worker.name)
    .flatMap((row) => factRows('needs you', `${row.id} ${row.question}`, width));
}

/** What its box lets this hub do, as the box tells it. */
function policyRows({ policy }: TeamRow, width: number): readonly Row[] {
  if (policy == null) return [fact('policy', [span('not told yet', 'dim')])];
  const said = { open: 'its box forbids nothing', ruled: '', broken: 'broken' }[policy.is];
  const lines = [said, ...policy.lines].filter((line) => line !== '');
  return lines.flatMap((line, at) => factRows(at === 0 ? 'policy' : '', line, width));
}

function boxRows({ capabilities: has, load }: TeamRow, width: number): readonly Row[] {
  if (has === null) return [fact('box', [span('not known yet', 'dim')])];
  const box = `${has.os} ${has.arch} · ${has.cpus} cpus · ${sizeText(has.memoryBytes)}`;
  return [
    ...factRows('box', box, width),
    ...(load == null
      ? [fact('load', [span('not told yet', 'dim')])]
      : factRows('load', loadWords(load), width)),
    ...factRows('has', has.has.join(' ') || 'nothing named', width),
  ];
}

function loadWords(load: NonNullable<TeamRow['load']>): string {
  const disk =
    load.diskFreeBytes === undefined ? '' : ` · ${sizeText(load.diskFreeBytes)} of disk free`;
  return `${load.cpuLoad} processes want a cpu · ${sizeText(load.memoryFreeBytes)} free${disk}`;
}

function versionText({ version, capabilities }: TeamRow, state: State): string {
  const hub = state.hub?.version;
  const own = version ?? 'of a version not told yet';
  const differs = version != null && hub !== undefined && version !== hub ? ` (hub ${hub})` : '';
  const node = capabilities?.node === undefined ? '' : ` · node ${capabilities.node}`;
  return `odally ${own}${differs}${node}`;
}

/** Whence its box was spawned, and until when it stays. */
function boxOriginRows({ provider, ttlLeftMs }: TeamRow, width: number): readonly Row[] {
  if (provider == null) return [];
  if (ttlLeftMs == null) return factRows('from', `${provider}, until it is released`, width);
  const left = ttlLeftMs === 0 ? 'past its time: it goes when it is idle' : durationText(ttlLeftMs);
  const words = ttlLeftMs === 0 ? left : `it stays ${left}, and longer while it works`;
  return factRows('from', `${provider}; ${words}`, width);
}

function skewRows({ aheadMs }: TeamRow, width: number): readonly Row[] {
  if (aheadMs == null) return [];
  if (Math.abs(aheadMs) < skewMsMin) return [fact('clock', [span('as the hub’s')])];
  const skew = durationText(Math.abs(aheadMs));
  const words = `${skew} ${aheadMs > 0 ? 'ahead of' : 'behind'} the hub’s`;
  return factRows('clock', words, width);
}

function doctorRows(doctor: WorkerDoctor, width: number): readonly Row[] {
  return [[], partTitle('what it says of itself', width), ...doctorWords(doctor, width)];
}

function doctorWords(doctor: WorkerDoctor, width: number): readonly Row[] {
  if (doctor.is === 'asked') return [[span('Asked; it has not answered yet.', 'dim')]];
  if (doctor.is === 'refused') {
    const { code, message } = doctor.error;
    return [[span(`${code} `, 'bad'), span(message)]];
  }
  if (doctor.findings.length === 0) return [[span('✓ ', 'good'), span('It finds nothing wrong.')]];
  return doctor.findings.flatMap((finding) => findingRows(finding, width));
}

function findingRows(
  { id, severity, area, seen, wanted, advice, plan }: Finding,
  width: number,
): readonly Row[] {
  const mark = severity === 'error' ? span('✗ ', 'bad') : span('! ', 'warn');
  return [
    [mark, span(id, 'strong'), ...(area === undefined ? [] : [span(` · ${area}`, 'dim')])],
    ...factRows('  seen', seen, width),
    ...factRows('  wanted', wanted, width),
    // The plan is said by itself; the advice of a checker ends in it for those who read one line.
    ...factRows('  do', advice.split(' --fix: ')[0] ?? '', width),
    ...(plan === undefined ? [] : factRows('  fix', plan, width)),
  ];
}

/** Of each job that is known here and that it has or had: the attempt that counts. */
function attemptRows(worker: TeamRow, state: State, width: number): readonly Row[] {
  const own = state.jobs.filter((job) => job.worker === worker.name).slice(0, attemptsShown);
  if (own.length === 0) return [];
  const table = jobTable(own, { width, wallMs: state.wallMs, names: 'attempts' });
  const [newest] = own;
  const age = newest === undefined ? 0 : state.wallMs - Date.parse(newest.createdAt);
  const title = `its latest attempts · newest asked ${ageText(age)} ago`;
  return [[], partTitle(title, width), table.head, ...table.rows];
}
