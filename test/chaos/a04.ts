/*
 * A4: as A3, where a name is durable only once its directory was synced, as POSIX has it.
 */
import type { ChaosCheck } from './check.ts';
import { runPowerCuts } from './disk/power-cut-check.ts';

/** See the header. */
export const check: ChaosCheck = {
  id: 'A4',
  title: 'cut power loses nothing acknowledged where names need a sync of their directory',
  run: (report) => runPowerCuts({ rule: 'strict', storeCuts: 20, homeCuts: 15 }, report),
};
