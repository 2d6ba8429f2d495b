/*
 * `wally doctor`: what is wrong, here and on workers, and the mending of what can be mended.
 *
 * It works without a hub too, on the home alone. The answer is good only when nothing is left. What
 * stood after its fix goes into the inbox, and leaves it once it is not found any more.
 * Errors: WORKER_UNKNOWN, USAGE_ARGUMENT, STORE_*.
 */
import { z } from 'zod';
import {
  type CheckRow,
  type DoctorAnswer,
  type DoctorReport,
  type DoctorWish,
  type Finding,
  parseArea,
  parseFindingName,
  planFixes,
} from '../../protocol/doctor.ts';
import { blindCheck, listChecks } from '../../protocol/doctor-sections.ts';
import { describeChecks, describeReport } from '../../protocol/doctor-text.ts';
import { AppError } from '../../protocol/errors.ts';
import { findHubHome } from '../home.ts';
import type { FixResult } from '../hub/decision-desk.ts';
import { agentRows } from '../hub/doctor/agent-rows.ts';
import { isUnanswered } from '../hub/doctor/ask-worker.ts';
import { askWorkers, diagnoseHub, joinReports } from '../hub/doctor/doctor.ts';
import { hubSections } from '../hub/doctor/hub-sections.ts';
import type { Hub } from '../hub/hub.ts';
import type { Answered } from '../hub/inbox.ts';
import { listArgument } from './arguments.ts';
import { defineVerb, type VerbContext } from './verb.ts';

const fields = z.object({
  fix: z.boolean().default(false),
  safe: z.boolean().default(false),
  only: z.string().transform(parseFindingName).optional(),
  area: z.string().transform(parseArea).optional(),
  'dry-run': z.boolean().default(false),
  list: z.boolean().default(false),
  on: listArgument,
  all: z.boolean().default(false),
});

const args = fields.superRefine((given, context) => {
  const complain = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  const isMending = given.fix || given['dry-run'];
  if (given.only !== undefined && !isMending) complain('only', 'it is for --fix or --dry-run');
  if (given.safe && !isMending) complain('safe', 'it is for --fix or --dry-run');
  // Whether there is such a check is known by the asker, who has checks of his own.
});

type DoctorArgs = z.infer<typeof fields>;

/** Diagnoses; with `--fix` mends, and diagnoses again. */
export const doctorVerb = defineVerb({
  name: 'doctor',
  summary: 'find what is wrong, and mend it',
  operands: [],
  flags: {
    fix: { help: 'mend what can be mended, then look again' },
    safe: { help: 'with --fix: only what is safe to mend unseen' },
    only: { value: 'ID[:SUBJECT]', help: 'with --fix: only this finding' },
    area: { value: 'AREA', help: 'look at this alone, such as store, trust or terminal' },
    'dry-run': { help: 'mend nothing, and say what --fix would do' },
    list: { help: 'what it looks at' },
    on: {
      value: 'NAME',
      isList: true,
      help: 'ask this worker instead; it mends only what is safe',
    },
    all: { help: 'here, and every worker' },
  },
  danger: 'changes',
  looks: ({ fix }) => !fix,
  args,
  async run(context, given): Promise<DoctorAnswer | readonly CheckRow[]> {
    if (given.list) return listRows(given);
    const { hub } = context;
    const names = given.all ? listTrusted(hub) : given.on;
    const reports: DoctorReport[] = [];
    if (given.on.length === 0 || given.all) reports.push(await mendHub(context, given));
    if (names.length > 0) reports.push(...(await mendWorkers(hub, names, given)));
    return answer(joinReports(reports), given);
  },
  async runWithoutHub({ home, hub, ports, box, startHub: start, say }, given) {
    if (given.list) return listRows(given);
    // Workers can only be asked over a hub's links.
    if (given.on.length > 0) throw new AppError('HUB_UNREACHABLE');
    const isSilent = hub === 'silent';
    const scene = { home, hub: undefined, isSilent, ports, box, start, noticed: say };
    return answer(await diagnoseHub(scene, readWish(given)), given);
  },
  show: (said) => ('findings' in said ? describeReport(said, 'Wally') : describeChecks(said)),
  exit: (said) => ('findings' in said && said.findings.length > 0 ? 1 : 0),
});

/** What hub and agents look at, each check once; with `--on` what agents do. */
export function listRows({ area, on }: Pick<DoctorArgs, 'area' | 'on'>): readonly CheckRow[] {
  const rows = on.length > 0 ? agentRows : [...listChecks(hubSections), ...agentRows];
  const first = new Map<string, CheckRow>();
  for (const row of rows) if (!first.has(row.id)) first.set(row.id, row);
  return [...first.values()].filter((row) => area === undefined || row.area === area);
}

/** With `--dry-run` it also says what would be done. */
function answer(report: DoctorReport, given: DoctorArgs): DoctorAnswer {
  if (!given['dry-run']) return report;
  const wish = readWish({ ...given, fix: true, 'dry-run': false });
  return { ...report, planned: planFixes(report.findings, wish) };
}

/** Applies the fix of one finding again, for the M2 who said so; the answer is on disk with what came of it. */
export function mendAgain(
  context: Pick<VerbContext, 'hub' | 'home' | 'box'>,
  answered: Answered,
): Promise<DoctorReport> {
  const { decision } = answered;
  if (decision.kind !== 'fix-failed') throw new Error('invariant broken: it is about a fix');
  const { check: id, subject, on } = decision;
  const wish = { fix: true, safe: false, 'dry-run': false, only: { id, subject }, answered };
  if (on === undefined) return mendHub(context, wish);
  return mendWorkers(context.hub, [on], wish).then(joinReports);
}

/** `answered` is the decision by which this was asked for. */
type Wish = Pick<DoctorArgs, 'fix' | 'safe' | 'only' | 'dry-run'> &
  Partial<Pick<DoctorArgs, 'area'>> & { readonly answered?: Answered };

async function mendHub(
  { hub, home, box }: Pick<VerbContext, 'hub' | 'home' | 'box'>,
  wish: Wish,
): Promise<DoctorReport> {
  const scene = {
    home: findHubHome({ WALLY_HOME: home }),
    hub,
    isSilent: false,
    ports: hub.ports,
    box,
    start: () => Promise.resolve(),
    noticed: (line: string) => hub.notice(line),
  };
  const report = await diagnoseHub(scene, readWish(wish));
  await note(hub, wish, { findings: report.findings });
  return report;
}

async function mendWorkers(
  hub: Hub,
  names: readonly string[],
  wish: Wish,
): Promise<readonly DoctorReport[]> {
  const { mode, ...what } = readWish(wish);
  const all = await askWorkers(hub, names, { fix: mode !== 'look', ...what });
  const reports = all.map((report) => pickArea(report, wish.area));
  for (const [index, report] of reports.entries()) {
    const on = names[index];
    // Silence says nothing about what was wrong before.
    if (on === undefined || isUnanswered(report)) continue;
    await note(hub, wish, { on, findings: report.findings });
  }
  return reports;
}

/** A diagnosis does not wait for a disk that it may be about. */
async function note(
  hub: Hub,
  { area, answered }: Wish,
  result: Pick<FixResult, 'on' | 'findings'>,
): Promise<void> {
  const isSound = hub.disk.health.store.is === 'sound';
  if (!isSound && answered === undefined) return;
  // What was not looked at may be as it was.
  const isWhole = area === undefined && !result.findings.some(({ id }) => id === blindCheck.id);
  const how = { isWhole, ...(answered === undefined ? {} : { answered }) };
  await hub.inbox.noteDiagnosis({ ...result, ...how });
}

/** An older agent looks at all and says all; of what has no area nobody can say whose it is. */
function pickArea({ findings, fixed }: DoctorReport, area: DoctorArgs['area']): DoctorReport {
  const isOf = (finding: Finding) =>
    area === undefined || finding.area === undefined || finding.area === area;
  return { findings: findings.filter(isOf), fixed };
}

function listTrusted(hub: Hub): readonly string[] {
  return hub.workers
    .list()
    .filter(({ revokedAt }) => revokedAt === null)
    .map(({ name }) => name);
}

/** What is asked of one doctor. */
export function readWish(wish: Wish): DoctorWish {
  const { fix, safe, only, area, 'dry-run': isDry } = wish;
  return {
    mode: !fix || isDry ? 'look' : safe ? 'fix-safe' : 'fix',
    ...(only === undefined ? {} : { only }),
    ...(area === undefined ? {} : { area }),
  };
}
