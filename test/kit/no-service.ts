/*
 * The service of an agent that nobody keeps: nothing is installed, and nothing is done.
 */
import type { Service } from '../../agent/install/service-verb.ts';

/** For doctors of agents that a test starts by hand. */
export const noService: Service = {
  plan: async () => ({ kind: 'background', name: '', steps: [], notes: [] }),
  perform: async () => [],
  look: async () => ({
    ...{ kind: 'none', name: null, isInstalled: false, isEnabled: false, isLingering: null },
    ...{ isRunning: false, supervisorPid: null, agentPid: null, version: null, notes: [] },
  }),
  shouldBoot: async () => false,
  mend: async () => undefined,
  resumeUpgrade: async () => undefined,
};
