/*
 * An agent that lies nowhere as a version of its own: it was never changed, and leaves no box.
 */
import type { InstalledAgent } from '../../agent/agent-parts.ts';

/** For agents in tests and in the simulator. */
export const notInstalled: InstalledAgent = {
  build: undefined,
  upgrade: undefined,
  askedToLeave: async () => undefined,
};
