/*
 * The cockpit's own doctor for the screen: what is wrong on the asker's side, and the mending of one of it.
 *
 * Nothing is written to the terminal, which the screen has. Its own size is judged by the screen, which
 * knows it at every moment.
 */
import type { FindingName } from '../../../protocol/doctor.ts';
import { runDoctor } from '../../../protocol/doctor-run.ts';
import type { Program } from '../../ports.ts';
import type { Inspection } from '../../tui/state/doctor-rows.ts';
import { inspectTerminal } from '../inspect-terminal.ts';
import { openCockpitRound } from './cockpit-round.ts';
import { cockpitSections } from './cockpit-sections.ts';

/** Looks; with `only` that one finding is mended first. */
export async function inspectCockpit(program: Program, only?: FindingName): Promise<Inspection> {
  const { findings, fixed } = await runDoctor(
    {
      sections: cockpitSections,
      open: () => openCockpitRound(program),
      ports: program.ports,
      noticed: () => undefined,
    },
    only === undefined ? { mode: 'look' } : { mode: 'fix', only },
  );
  const isOwn = ({ area, failure }: (typeof findings)[number]) =>
    area !== 'terminal' || failure !== undefined;
  return { terminal: await inspectTerminal(program), findings: findings.filter(isOwn), fixed };
}
