/*
 * The parts of a hub that gets onto no box: whoever asks them is told that there is nothing.
 */
import type { Ssh } from '../../cockpit/fleet/ssh.ts';
import type { Supplies } from '../../cockpit/fleet/supplies.ts';
import { AppError } from '../../protocol/errors.ts';

const ssh: Ssh = {
  run: async () => {
    throw new AppError('SSH_MISSING');
  },
  open: () => {
    throw new AppError('SSH_MISSING');
  },
};

const refuse = async () => {
  throw new AppError('INSTALL_BUNDLE');
};

const supplies: Supplies = { bundle: refuse, describeRuntime: refuse, runtime: refuse };

/** No ssh, nothing to put onto a box, and nowhere to have one from. */
export const noFleet = { ssh, supplies, openSources: () => new Map() };

/** A door to which no bytes lead. */
export const noAnswer = (): Promise<never> => Promise.reject(new AppError('LINK_LOST'));
