/*
 * `wally doctor` on the asker's side: what the hub said, and what only this process can see.
 *
 * Whoever asks for workers alone is told of them alone. The cockpit's own findings are joined to the hub's,
 * and mended under the same flags.
 */
import type { CheckRow, DoctorAnswer, DoctorReport } from '../../../protocol/doctor.ts';
import { expectKnown, planFixes } from '../../../protocol/doctor.ts';
import { runDoctor } from '../../../protocol/doctor-run.ts';
import { listChecks } from '../../../protocol/doctor-sections.ts';
import type { Program } from '../../ports.ts';
import { doctorVerb, listRows, readWish } from '../../verbs/doctor.ts';
import { parseVerbArgs } from '../../verbs/verb.ts';
import { openCockpitRound } from './cockpit-round.ts';
import { cockpitSections } from './cockpit-sections.ts';

/** Adds the cockpit's own part to what a hub answered, or what was found without one. */
export async function addCockpit(
  program: Program,
  given: Readonly<Record<string, unknown>>,
  said: unknown,
): Promise<unknown> {
  const args = parseVerbArgs(doctorVerb, given);
  if (args.on.length > 0 && !args.all) return said;
  if (args.list) return addRows(said as readonly CheckRow[], args.area);
  // A worker may be newer, so who asks one is not judged here.
  if (!args.all) expectKnown(args.only, addRows(listRows({ on: [] }), undefined));
  const own = await runDoctor(
    {
      sections: cockpitSections,
      open: () => openCockpitRound(program),
      ports: program.ports,
      noticed: program.say,
    },
    readWish(args),
  );
  return join(
    said as DoctorAnswer,
    own,
    args['dry-run']
      ? planFixes(own.findings, readWish({ ...args, fix: true, 'dry-run': false }))
      : [],
  );
}

/** The same with what was looked at, where that is not all: for people, who see only the answer. */
export function nameLooked(
  given: Readonly<Record<string, unknown>>,
  answer: unknown,
): DoctorAnswer | readonly CheckRow[] {
  const { on, all, area, list } = parseVerbArgs(doctorVerb, given);
  if (list) return answer as readonly CheckRow[];
  return {
    ...(answer as DoctorAnswer),
    ...(on.length === 0 || all ? {} : { on }),
    ...(area === undefined ? {} : { area }),
  };
}

function addRows(rows: readonly CheckRow[], area: string | undefined): readonly CheckRow[] {
  const known = new Set(rows.map(({ id }) => id));
  const own = listChecks(cockpitSections).filter((row) => area === undefined || row.area === area);
  return [...rows, ...own.filter(({ id }) => !known.has(id))];
}

/** The worst first, as each doctor says it. */
function join(
  said: DoctorAnswer,
  own: DoctorReport,
  planned: DoctorReport['findings'],
): DoctorAnswer {
  const both = [...said.findings, ...own.findings];
  const of = (severity: string) => both.filter((finding) => finding.severity === severity);
  return {
    findings: [...of('error'), ...of('warning')],
    fixed: [...said.fixed, ...own.fixed],
    ...(said.planned === undefined ? {} : { planned: [...said.planned, ...planned] }),
  };
}
