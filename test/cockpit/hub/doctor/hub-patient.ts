/*
 * A hub that runs, with a home of files, for the checks of hubs: what a test breaks is in its store or its home.
 */
import { chmod } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { findHubHome, type HubHome } from '../../../../cockpit/home.ts';
import { diagnoseHub } from '../../../../cockpit/hub/doctor/doctor.ts';
import { type Box, openBox } from '../../../../store/doctor/box.ts';
import type { Patient } from '../../../kit/doctor-trial.ts';
import { createDirectory } from '../../../store/place.ts';
import { type HubInHand, type InHandPlan, openHubInHand } from '../hub-in-hand.ts';

/** What a test may break. */
export interface HubPatient extends Patient, Omit<HubInHand, 'failure'> {
  readonly home: HubHome;
  box: Box;
  /** Does the hub run, as far as the doctor can see? */
  isUp: boolean;
}

/** A sound one, with alice and bob. */
export async function openHubPatient(plan: InHandPlan = {}): Promise<HubPatient> {
  const { path, remove } = await createDirectory();
  await chmod(path, 0o700);
  const hand = await openHubInHand(plan);
  const home = findHubHome({ WALLY_HOME: path });
  let server: Server | undefined;
  const patient: HubPatient = {
    ...hand,
    home,
    isUp: true,
    box: openBox({ PATH: '/usr/bin:/bin', HOME: path }),
    diagnose: (wish) => {
      const { ports } = hand;
      const { box, isUp } = patient;
      const hub = isUp ? hand.hub : undefined;
      const start = () =>
        new Promise<void>((resolve) => {
          server = createServer().listen(home.socket, resolve);
        });
      return diagnoseHub(
        { home, hub, isSilent: false, ports, box, start, noticed: () => undefined },
        wish,
      );
    },
    close: async () => {
      server?.close();
      await hand.hub.stop();
      await remove();
    },
  };
  return patient;
}
