/*
 * All that the hub's doctor looks at: its sections, in the order in which they are shown.
 *
 * Whoever has a feature that can break adds its section here in one line, from a file of its own.
 */
import type { Check } from '../../../protocol/doctor.ts';
import { defineSection, type Section } from '../../../protocol/doctor-sections.ts';
import { boxSection } from '../../../store/doctor/box-checks.ts';
import { clockSection } from '../../../store/doctor/clock-checks.ts';
import { diskSection } from '../../../store/doctor/disk-checks.ts';
import { fileSection } from '../../../store/doctor/file-checks.ts';
import { homeChecks } from '../../../store/doctor/home-checks.ts';
import type { HomeFacts } from '../../../store/doctor/home-facts.ts';
import { keepingSection } from '../../../store/doctor/keeping-checks.ts';
import { tableSection } from '../../../store/doctor/table-checks.ts';
import { expectOwnHome } from '../../../store/home.ts';
import { copySection } from './copy-checks.ts';
import { liveSection, walkedSection } from './hub-checks.ts';
import type { HubRound } from './hub-round.ts';
import { reachSection } from './reach-checks.ts';
import { rowSection } from './row-checks.ts';
import { spawnSection, straySection } from './spawn-checks.ts';
import { sshSection } from './ssh-checks.ts';
import { waitingSection } from './waiting-checks.ts';

interface Facts {
  readonly home: HomeFacts;
  /** Does the hub run, in this process or in another? */
  readonly isUp: boolean;
}

const hubDown: Check<Facts, HubRound> = {
  id: 'hub-down',
  title: 'the hub runs',
  why: 'Without it nothing is dispatched, and nothing that workers finish is heard of.',
  area: 'home',
  severity: 'warning',
  cost: 'free',
  diagnose: ({ home, isUp }) =>
    isUp
      ? []
      : [
          {
            subject: 'hub',
            seen: `No hub runs on ${home.directory}.`,
            wanted: 'A hub that answers.',
            advice: 'Start it with `wally up`.',
          },
        ],
  fix: {
    reach: 'here',
    plan: () => 'starts it in the background',
    apply: async ({ home, visit, start }) => {
      // A hub of root there would be out of its user's reach.
      await expectOwnHome(home.directory);
      // It owns the store from then on.
      await visit.close();
      await start();
    },
  },
};

const homeSection: Section<HubRound> = defineSection({
  name: 'home',
  pace: 'quick',
  gather: gatherHome,
  checks: homeChecks,
});

/** The last of all, for its fix gives the store away. */
const runningSection: Section<HubRound> = defineSection({
  name: 'running',
  pace: 'quick',
  gather: gatherHome,
  checks: [hubDown],
});

async function gatherHome({ findHome, hub }: HubRound): Promise<Facts> {
  const home = await findHome();
  return { home, isUp: hub !== undefined || home.socket === 'answered' };
}

/** Every section. */
export const hubSections: readonly Section<HubRound>[] = [
  homeSection,
  fileSection,
  boxSection,
  liveSection,
  waitingSection,
  spawnSection,
  reachSection,
  walkedSection,
  rowSection,
  copySection,
  sshSection,
  diskSection,
  clockSection,
  straySection,
  keepingSection,
  tableSection,
  // Its fix gives the store away, so it is the last.
  runningSection,
];
