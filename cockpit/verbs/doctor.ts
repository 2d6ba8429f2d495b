/*
 * `wally doctor`: what is wrong, here and on workers, and the mending of what can be mended.
 *
 * It works without a hub too, on the home alone. The answer is good only when nothing is left.
 * Errors: WORKER_UNKNOWN, STORE_*.
 */
import { z } from 'zod';
import {
  type CheckRow,
  type DoctorReport,
  describeChecks,
  describeReport,
  listChecks,
} from '../../protocol/doctor.ts';
import { AppError } from '../../protocol/errors.ts';
import { findHubHome } from '../home.ts';
import { diagnoseHub, diagnoseWorkers, joinReports } from '../hub/doctor/doctor.ts';
import { hubChecks } from '../hub/doctor/hub-checks.ts';
import type { Hub } from '../hub/hub.ts';
import { listArgument } from './arguments.ts';
import { defineVerb, type VerbContext } from './verb.ts';

const args = z.object({
  fix: z.boolean().default(false),
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
    if (given.list) return listChecks(hubChecks);
    const { hub } = context;
    const names = given.all ? listTrusted(hub) : given.on;
    const reports: DoctorReport[] = [];
    if (given.on.length === 0 || given.all) reports.push(await diagnoseHere(context, given));
    if (names.length > 0) reports.push(await diagnoseWorkers(hub, names, given.fix));
    return joinReports(reports);
  },
  async runWithoutHub({ home, ports, say }, given) {
    if (given.list) return listChecks(hubChecks);
    // Workers can only be asked over a hub's links.
    if (given.on.length > 0) throw new AppError('HUB_UNREACHABLE');
    const wallMs = () => ports.clock.wallMs();
    return diagnoseHub({ home, hub: undefined, wallMs, noticed: say }, readMode(given));
  },
  show: (answer) =>
    'findings' in answer ? describeReport(answer, 'Wally') : describeChecks(answer),
  exit: (answer) => ('findings' in answer && answer.findings.length > 0 ? 1 : 0),
});

function diagnoseHere({ hub, home }: VerbContext, given: DoctorArgs): Promise<DoctorReport> {
  const scene = {
    home: findHubHome({ WALLY_HOME: home }),
    hub,
    wallMs: () => hub.ports.clock.wallMs(),
    noticed: (line: string) => hub.notice(line),
  };
  return diagnoseHub(scene, readMode(given));
}

function listTrusted(hub: Hub): readonly string[] {
  return hub.workers
    .list()
    .filter(({ revokedAt }) => revokedAt === null)
    .map(({ name }) => name);
}

function readMode({ fix }: DoctorArgs): 'fix' | 'look' {
  return fix ? 'fix' : 'look';
}
