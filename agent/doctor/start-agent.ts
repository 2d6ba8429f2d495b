/*
 * Starting the agent of a home, as a fix: by its service where it has one, else in the background.
 *
 * It is another run of our own program, so that it is the same start as a person's. Errors: FIX_FAILED; HOME_FOREIGN for
 * root on the home of another user, where no service says as whom it runs.
 */
import { type Box, runFix } from '../../store/doctor/box.ts';
import { expectOwnHome } from '../../store/home.ts';
import type { AgentHome } from '../home.ts';
import { findServiceRecord } from '../install/service-record.ts';
import type { Program } from '../ports.ts';

/** Starts it; resolves once it serves. */
export async function startAgentBehind(
  { node, script }: Pick<Program, 'node' | 'script'>,
  home: AgentHome,
  box: Box,
): Promise<void> {
  const hasService = (await findServiceRecord(home.directory)) !== undefined;
  if (!hasService) await expectOwnHome(home.directory);
  const words = hasService ? ['service', 'start'] : ['run', '--background'];
  await runFix(box, [node, script, ...words]);
}
