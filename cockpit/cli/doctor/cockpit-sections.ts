/*
 * All that the cockpit's doctor looks at: its sections, in the order in which they are shown.
 *
 * Whoever has something on the asker's side that can break adds its section here in one line.
 */
import type { Check } from '../../../protocol/doctor.ts';
import { defineSection, type Section } from '../../../protocol/doctor-sections.ts';
import { type CockpitFacts, cockpitChecks } from '../../tui/state/terminal-checks.ts';
import type { CockpitRound } from './cockpit-round.ts';
import { keysSection } from './keys-checks.ts';
import { ownFilesSection } from './own-files-checks.ts';

const terminalSection: Section<CockpitRound> = defineSection({
  name: 'terminal',
  pace: 'quick',
  gather: ({ findTerminal }: CockpitRound) => findTerminal(),
  checks: cockpitChecks.map(
    (check): Check<CockpitFacts | null, CockpitRound> => ({
      ...check,
      diagnose: (facts) => (facts === null ? [] : check.diagnose(facts)),
    }),
  ),
});

/** Every section. */
export const cockpitSections: readonly Section<CockpitRound>[] = [
  keysSection,
  ownFilesSection,
  terminalSection,
];
