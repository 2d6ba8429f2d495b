/*
 * All that the agent's doctor looks at: its sections, in the order in which they are shown.
 *
 * Whoever has a feature that can break adds its section here in one line, from a file of its own.
 */
import { defineSection, type Section } from '../../protocol/doctor-sections.ts';
import { boxSection } from '../../store/doctor/box-checks.ts';
import { clockSection } from '../../store/doctor/clock-checks.ts';
import { diskSection } from '../../store/doctor/disk-checks.ts';
import { fileSection } from '../../store/doctor/file-checks.ts';
import { homeChecks } from '../../store/doctor/home-checks.ts';
import { keepingSection } from '../../store/doctor/keeping-checks.ts';
import { tableSection } from '../../store/doctor/table-checks.ts';
import { agentSection, leavingsSection, runningSection } from './agent-checks.ts';
import type { AgentRound } from './agent-round.ts';
import { installSection } from './install-checks.ts';
import { networkSection } from './network-checks.ts';
import { serviceSection } from './service-checks.ts';
import { spoolSection } from './spool-checks.ts';
import { toolSection } from './tool-checks.ts';
import { trustSection } from './trust-checks.ts';

const homeSection: Section<AgentRound> = defineSection({
  name: 'home',
  pace: 'quick',
  gather: async ({ findHome }: AgentRound) => ({ home: await findHome() }),
  checks: homeChecks,
});

/** Every section. */
export const agentSections: readonly Section<AgentRound>[] = [
  homeSection,
  fileSection,
  boxSection,
  agentSection,
  installSection,
  serviceSection,
  networkSection,
  leavingsSection,
  spoolSection,
  toolSection,
  diskSection,
  clockSection,
  trustSection,
  keepingSection,
  tableSection,
  // Its fix gives the store away, so it is the last.
  runningSection,
];
