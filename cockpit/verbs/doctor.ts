/*
 * `wally doctor`: what is wrong, here and on workers, and the mending of what can be mended.
 *
 * It works without a hub too, on the home alone. The answer is good only when nothing is left. What
 * stood after its fix goes into the inbox, and leaves it once it is not found any more.
 * Errors: WORKER_UNKNOWN, USAGE_ARGUMENT, STORE_*.
 */
import { z } from 'zod';
import type {
  CheckRow,
  DoctorMode,
  DoctorReport,
  DoctorWish,
  FindingName,
} from '../../protocol/doctor.ts';
import { listChecks } from '../../protocol/doctor-sections.ts';
import { describeChecks, describeReport } from '../../protocol/doctor-text.ts';
import { AppError } from '../../protocol/errors.ts';
import { findHubHome } from '../home.ts';
import type { FixResult } from '../hub/decision-desk.ts';
import { isUnanswered } from '../hub/doctor/ask-worker.ts';
import { askWorkers, diagnoseHub, joinReports } from '../hub/doctor/doctor.ts';
import { hubSections } from '../hub/doctor/hub-sections.ts';
import type { Hub } from '../hub/hub.ts';
import type { Answered } from '../hub/inbox.ts';
import { listArgument } from './arguments.ts';
import { defineVerb, type VerbContext } from './verb.ts';

const onlyArgument = z.string().transform((text): FindingName => {
  const place = text.indexOf(':');
  if (place < 0) return { id: text };
  return { id: text.slice(0, place), subject: text.slice(place + 1) };
});

const args = z.object({
  fix: z.boolean().default(false),
  safe: z.boolean().default(false),
  only: onlyArgument.optional(),
  list: z.boolean().default(false),
  on: listArgument,
  all: z.boolean().default(false),
});

type DoctorArgs = z.infer<typeof args>;

/** Diagnoses; with `--fix` mends, and diagnoses again. */
export const doctorVerb = defineVerb({
  name: 'doctor',
  summary: 'find what is wrong, and mend it',
  operands: [],
  flags: {
    fix: { help: 'mend what can be mended, then look again' },
    safe: { help: 'with --fix: only what is safe to mend unseen' },
    only: { value: 'ID[:SUBJECT]', help: 'with --fix: only this finding' },
    list: { help: 'what it looks at' },
    on: {
      value: 'NAME',
      isList: true,
      help: 'ask this worker instead; it mends only what is safe',
    },
    all: { help: 'here, and every worker' },
  },
  danger: 'changes',
  args,
  async run(context, given): Promise<DoctorReport | readonly CheckRow[]> {
    if (given.list) return listChecks(hubSections);
    const { hub } = context;
    const names = given.all ? listTrusted(hub) : given.on;
    const reports: DoctorReport[] = [];
    if (given.on.length === 0 || given.all) reports.push(await mendHub(context, given));
    if (names.length > 0) reports.push(...(await mendWorkers(hub, names, given)));
    return joinReports(reports);
  },
  async runWithoutHub({ home, ports, box, say }, given) {
    if (given.list) return listChecks(hubSections);
    // Workers can only be asked over a hub's links.
    if (given.on.length > 0) throw new AppError('HUB_UNREACHABLE');
    return diagnoseHub({ home, hub: undefined, ports, box, noticed: say }, readWish(given));
  },
  show: (answer) =>
    'findings' in answer ? describeReport(answer, 'Wally') : describeChecks(answer),
  exit: (answer) => ('findings' in answer && answer.findings.length > 0 ? 1 : 0),
});

/** Applies the fix of one finding again, for the M2 who said so; the answer is on disk with what came of it. */
export function mendAgain(
  context: Pick<VerbContext, 'hub' | 'home' | 'box'>,
  answered: Answered,
): Promise<DoctorReport> {
  const { decision } = answered;
  if (decision.kind !== 'fix-failed') throw new Error('invariant broken: it is about a fix');
  const { check: id, subject, on } = decision;
  const wish = { fix: true, safe: false, only: { id, subject }, answered };
  if (on === undefined) return mendHub(context, wish);
  return mendWorkers(context.hub, [on], wish).then(joinReports);
}

/** `answered` is the decision by which this was asked for. */
type Wish = Pick<DoctorArgs, 'fix' | 'safe' | 'only'> & { readonly answered?: Answered };

async function mendHub(
  { hub, home, box }: Pick<VerbContext, 'hub' | 'home' | 'box'>,
  wish: Wish,
): Promise<DoctorReport> {
  const scene = {
    home: findHubHome({ WALLY_HOME: home }),
    hub,
    ports: hub.ports,
    box,
    noticed: (line: string) => hub.notice(line),
  };
  const report = await diagnoseHub(scene, readWish(wish));
  await note(hub, { findings: report.findings, ...pickAnswered(wish) });
  return report;
}

async function mendWorkers(
  hub: Hub,
  names: readonly string[],
  wish: Wish,
): Promise<readonly DoctorReport[]> {
  const { fix, only } = wish;
  const what = { fix, ...(only === undefined ? {} : { only }) };
  const reports = await askWorkers(hub, names, what);
  for (const [index, report] of reports.entries()) {
    const on = names[index];
    // Silence says nothing about what was wrong before.
    if (on === undefined || isUnanswered(report)) continue;
    await note(hub, { on, findings: report.findings, ...pickAnswered(wish) });
  }
  return reports;
}

/** A diagnosis does not wait for a disk that it may be about. */
async function note(hub: Hub, result: FixResult): Promise<void> {
  const isSound = hub.disk.health.store.is === 'sound';
  if (isSound || result.answered !== undefined) await hub.inbox.noteDiagnosis(result);
}

function pickAnswered({ answered }: Wish): Pick<FixResult, 'answered'> {
  return answered === undefined ? {} : { answered };
}

function listTrusted(hub: Hub): readonly string[] {
  return hub.workers
    .list()
    .filter(({ revokedAt }) => revokedAt === null)
    .map(({ name }) => name);
}

function readWish({ fix, safe, only }: Pick<DoctorArgs, 'fix' | 'safe' | 'only'>): DoctorWish {
  const mode: DoctorMode = fix ? (safe ? 'fix-safe' : 'fix') : 'look';
  return { mode, ...(only === undefined ? {} : { only }) };
}
